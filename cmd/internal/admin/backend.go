package admin

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Backend is what the admin socket administers: a *roster.Roster, and who can
// show it (see [Roster]). Its errors wrap roster's sentinels or are a [*roster.InvalidError].
type Backend interface {
	// ListGroups returns the names of all groups, sorted.
	ListGroups(ctx context.Context) ([]string, error)
	// ShowGroup returns a copy of a group but for what its members say of
	// themselves. ErrNoGroup.
	ShowGroup(ctx context.Context, name string) (*roster.GroupRecord, error)
	// ExportGroup is ShowGroup with what is nobody's to look at. ErrNoGroup.
	ExportGroup(ctx context.Context, name string) (*roster.GroupRecord, error)
	// CreateGroup establishes a group. ErrGroupExists, InvalidError.
	CreateGroup(ctx context.Context, rec *roster.GroupRecord) error
	// UpdateGroup lets edit change the settings and keeps them if the result
	// is valid and edit returns nil. ErrNoGroup, InvalidError, edit's error.
	UpdateGroup(ctx context.Context, name string, edit func(*roster.Settings) error) error
	// DeleteGroup ends a group. ErrNoGroup.
	DeleteGroup(ctx context.Context, name string) error
	// AddMembers adds all or none. ErrNoGroup, ErrMemberExists, InvalidError.
	AddMembers(ctx context.Context, group string, m ...roster.MemberRecord) error
	// UpdateMember is UpdateGroup for a member. ErrNoGroup, ErrNoMember,
	// InvalidError, edit's error.
	UpdateMember(ctx context.Context, group, jid string, edit func(*roster.MemberRecord) error) error
	// RemoveMember ends a membership. ErrNoGroup, ErrNoMember.
	RemoveMember(ctx context.Context, group, jid string) error
	// ShowPolicy returns the text form of what jid lets others see, and
	// whether that was set or is the default. ErrNoGroup.
	ShowPolicy(ctx context.Context, group, jid string) (text string, own bool, err error)
	// SetPolicy sets it; "" goes back to the default. ErrNoGroup, InvalidError.
	SetPolicy(ctx context.Context, group, jid, text string) error
	// ViewGroup returns what as, a bare JID, sees of a group now, as the payload
	// of an answer (XEP-0060 §6.5.2). ErrNoGroup, ErrForbidden.
	ViewGroup(ctx context.Context, group, as string) ([]byte, error)
}

// Roster is a roster as a Backend.
type Roster struct {
	*roster.Roster
	Renderer pubsub.Renderer
}

// ViewGroup implements [Backend].
func (r Roster) ViewGroup(ctx context.Context, group, as string) ([]byte, error) {
	g, err := r.Group(ctx, group)
	if err != nil {
		return nil, err
	}
	return r.Renderer.View(ctx, g, as)
}
