package audit

import (
	"context"
	"time"
)

// The actions.
const (
	GroupCreate   = "group-create"
	GroupSettings = "group-settings" // Detail: which
	GroupDelete   = "group-delete"
	MemberAdd     = "member-add"
	MemberChange  = "member-change" // Detail: what, and roles and affiliation as they are now
	MemberRemove  = "member-remove"
	PolicySet     = "policy-set"     // Detail: the policy's text, cut at 512 bytes
	PolicyDefault = "policy-default" // his own policy was taken back
	Visitor       = "visitor"        // Detail: invited, applied, rejected, declined or banned
	HookSet       = "webhook-set"    // Detail: its name and where it is told, or why it ended
	HookRemove    = "webhook-remove" // Detail: its name
	GroupSource   = "group-source"   // Detail: who keeps the group from now on, "" = this service
	TrustSet      = "trust-set"      // Detail: whom he lets say something for him now, and what
	Report        = "report"         // somebody said something on his behalf; Detail: which attributes
	Forget        = "forget"
)

// Entry is one thing that was done.
type Entry struct {
	ID      int64     `json:"id"` // greater is later
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"` // bare JID, "socket:NAME", or "service"
	Action  string    `json:"action"`
	Group   string    `json:"group"`             // name, "" = all
	Subject string    `json:"subject,omitempty"` // bare JID of whom it concerns
	Detail  string    `json:"detail,omitempty"`
}

// Query says which entries are wanted; the zero Query is the latest of all.
type Query struct {
	Group  string // of this group
	Member string // what concerns this bare JID
	Before int64  // of a smaller ID; 0 = from the latest
	Limit  int    // 0 = 100
}

// Reader is a store that keeps the record.
type Reader interface {
	// Audit returns entries, the latest first.
	Audit(ctx context.Context, q Query) ([]Entry, error)
}

// Forgetter is a store that can forget who a person was.
type Forgetter interface {
	// Pseudonymise replaces jid in all entries by a name that says nothing,
	// the same in all of them, and returns in how many.
	Pseudonymise(ctx context.Context, jid string) (int, error)
}

type key struct{}

// Service is the actor where nobody has said who he is.
const Service = "service"

// What the names begin with that are no addresses.
const (
	Socket    = "socket:"    // an actor: who used the admin socket
	Source    = "source:"    // an actor: who keeps the group
	Forgotten = "forgotten:" // see [Forgetter]
)

// By returns a context in which actor acts.
func By(ctx context.Context, actor string) context.Context {
	return context.WithValue(ctx, key{}, actor)
}

// Actor is who acts in ctx, or [Service].
func Actor(ctx context.Context) string {
	if actor, ok := ctx.Value(key{}).(string); ok && actor != "" {
		return actor
	}
	return Service
}
