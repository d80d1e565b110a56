package roster

import "context"

// Store keeps the hard state: groups, members, subscriptions, contacts,
// policies.
//
// Every method is one transaction: when it returns nil the change is on disk,
// when it returns an error nothing has changed. Methods may be called
// concurrently; calls about one group are made by one caller at a time. Times
// out with ctx. Records handed in or out are not shared.
type Store interface {
	// ListGroups returns the names of all groups, sorted.
	ListGroups(ctx context.Context) ([]string, error)
	// GetGroup returns the whole group: members, subscriptions by ID,
	// contacts, authorizations, visitors and webhooks, each sorted. ErrNoGroup.
	GetGroup(ctx context.Context, name string) (*GroupRecord, error)
	// EachGroup calls f with each group as GetGroup returns it, one at a time
	// and in any order, and ends with f's first error. It costs less than
	// asking for one after the other. Groups that come, change or go meanwhile
	// may be seen as they were or as they are; f may use the store.
	EachGroup(ctx context.Context, f func(*GroupRecord) error) error
	// CreateGroup stores a new group with all that rec holds. ErrGroupExists.
	CreateGroup(ctx context.Context, rec *GroupRecord) error
	// DeleteGroup removes the group and all that belongs to it. ErrNoGroup.
	DeleteGroup(ctx context.Context, name string) error
	// StoreSettings replaces the settings, and brings the members' Agreed up
	// to date; each member is changed once at most. ErrNoGroup.
	StoreSettings(ctx context.Context, group string, s Settings, agreed ...Agreement) error
	// ReviseGroup brings a group to another state, all of it or nothing: what r
	// does not speak of stays. ErrNoGroup, ErrNoMember.
	ReviseGroup(ctx context.Context, group string, r *Revision) error
	// StoreMembers inserts or replaces members, all or none. ErrNoGroup.
	StoreMembers(ctx context.Context, group string, m ...MemberRecord) error
	// DeleteMember removes a member together with his subscriptions, his
	// contact and his authorization: leaving always wins, and who comes back
	// begins with the default of that day. ErrNoGroup, ErrNoMember.
	DeleteMember(ctx context.Context, group, jid string) error
	// StoreSubscription inserts or replaces a subscription. ErrNoGroup.
	StoreSubscription(ctx context.Context, group string, s SubscriptionRecord) error
	// DeleteSubscriptions removes subscriptions; unknown IDs are ignored.
	DeleteSubscriptions(ctx context.Context, group string, ids ...string) error
	// StoreContact remembers that jid has the group as a contact. ErrNoGroup.
	StoreContact(ctx context.Context, group, jid string) error
	// DeleteContact forgets it; an unknown one is no error.
	DeleteContact(ctx context.Context, group, jid string) error
	// StoreAuthorization inserts or replaces what jid lets others see, a
	// member or not yet one; rules is policy's text form. ErrNoGroup.
	StoreAuthorization(ctx context.Context, group, jid, rules string) error
	// DeleteAuthorization forgets it; an unknown one is no error.
	DeleteAuthorization(ctx context.Context, group, jid string) error
	// StoreVisitor inserts or replaces what is remembered of who is no
	// member. Banned ends a membership and all that [Store.DeleteMember] ends.
	// Storing a member ends what is remembered of him as a visitor. ErrNoGroup.
	StoreVisitor(ctx context.Context, group string, v VisitorRecord) error
	// DeleteVisitor forgets it; an unknown one is no error.
	DeleteVisitor(ctx context.Context, group, jid string) error
	// StoreHook inserts or replaces a webhook. ErrNoGroup.
	StoreHook(ctx context.Context, group string, h HookRecord) error
	// DeleteHook forgets it; an unknown one is no error.
	DeleteHook(ctx context.Context, group, name string) error
	// ListTies returns all ties, sorted by kind, for, there and here.
	ListTies(ctx context.Context) ([]TieRecord, error)
	// StoreTie remembers a tie; one that is known is no error.
	StoreTie(ctx context.Context, t TieRecord) error
	// DeleteTie forgets it; an unknown one is no error.
	DeleteTie(ctx context.Context, t TieRecord) error
	// Close ends the use of the store.
	Close() error
}
