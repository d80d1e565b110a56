package admintest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Backend is an admin.Backend.
type Backend struct {
	mu    sync.Mutex // one change at a time
	store roster.Store
}

// New makes a backend over s.
func New(s roster.Store) *Backend { return &Backend{store: s} }

// ListGroups implements [admin.Backend].
func (b *Backend) ListGroups(ctx context.Context) ([]string, error) { return b.store.ListGroups(ctx) }

// ShowGroup implements [admin.Backend].
func (b *Backend) ShowGroup(ctx context.Context, name string) (*roster.GroupRecord, error) {
	return b.store.GetGroup(ctx, name)
}

// ExportGroup implements [admin.Backend].
func (b *Backend) ExportGroup(ctx context.Context, name string) (*roster.GroupRecord, error) {
	return b.store.GetGroup(ctx, name)
}

// CreateGroup implements [admin.Backend]. A name with a space or @ is invalid.
func (b *Backend) CreateGroup(ctx context.Context, rec *roster.GroupRecord) error {
	if rec.Name == "" || strings.ContainsAny(rec.Name, " @/") {
		return &roster.InvalidError{Field: "name", Reason: fmt.Sprintf("%q cannot be part of an address", rec.Name)}
	}
	return b.store.CreateGroup(ctx, rec)
}

// UpdateGroup implements [admin.Backend].
func (b *Backend) UpdateGroup(ctx context.Context, name string, edit func(*roster.Settings) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	rec, err := b.store.GetGroup(ctx, name)
	if err != nil {
		return err
	}
	if err := edit(&rec.Settings); err != nil {
		return err
	}
	return b.store.StoreSettings(ctx, name, rec.Settings)
}

// DeleteGroup implements [admin.Backend].
func (b *Backend) DeleteGroup(ctx context.Context, name string) error {
	return b.store.DeleteGroup(ctx, name)
}

// AddMembers implements [admin.Backend]. An address without @ is invalid.
func (b *Backend) AddMembers(ctx context.Context, group string, members ...roster.MemberRecord) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	rec, err := b.store.GetGroup(ctx, group)
	if err != nil {
		return err
	}
	for i, m := range members {
		if !strings.Contains(m.JID, "@") {
			return &roster.InvalidError{Field: fmt.Sprintf("member[%d].jid", i), Reason: fmt.Sprintf("%q is no user's address", m.JID)}
		}
		if rec.Member(m.JID) != nil {
			return fmt.Errorf("add %s to %s: %w", m.JID, group, roster.ErrMemberExists)
		}
	}
	return b.store.StoreMembers(ctx, group, members...)
}

// UpdateMember implements [admin.Backend].
func (b *Backend) UpdateMember(ctx context.Context, group, jid string, edit func(*roster.MemberRecord) error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	rec, err := b.store.GetGroup(ctx, group)
	if err != nil {
		return err
	}
	m := rec.Member(jid)
	if m == nil {
		return fmt.Errorf("change %s in %s: %w", jid, group, roster.ErrNoMember)
	}
	if err := edit(m); err != nil {
		return err
	}
	if m.JID != jid {
		return errors.New("edit changed the address")
	}
	return b.store.StoreMembers(ctx, group, *m)
}

// RemoveMember implements [admin.Backend].
func (b *Backend) RemoveMember(ctx context.Context, group, jid string) error {
	return b.store.DeleteMember(ctx, group, jid)
}

// ShowPolicy implements [admin.Backend].
func (b *Backend) ShowPolicy(ctx context.Context, group, jid string) (text string, own bool, err error) {
	rec, err := b.store.GetGroup(ctx, group)
	if err != nil {
		return "", false, err
	}
	for _, a := range rec.Authorizations {
		if a.JID == jid {
			return a.Rules, true, nil
		}
	}
	return "", false, nil
}

// SetPolicy implements [admin.Backend].
func (b *Backend) SetPolicy(ctx context.Context, group, jid, text string) error {
	if text == "" {
		return b.store.DeleteAuthorization(ctx, group, jid)
	}
	return b.store.StoreAuthorization(ctx, group, jid, text)
}

// ViewGroup implements [admin.Backend]. A bare store has nothing to show; only
// a group that there is not is like a service's.
func (b *Backend) ViewGroup(ctx context.Context, group, as string) ([]byte, error) {
	rec, err := b.store.GetGroup(ctx, group)
	if err != nil {
		return nil, err
	}
	if rec.Member(as) == nil {
		return nil, fmt.Errorf("view %s: %w", group, roster.ErrForbidden)
	}
	return []byte("<pubsub xmlns='http://jabber.org/protocol/pubsub'/>"), nil
}
