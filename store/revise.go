package store

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// ReviseGroup implements [roster.Store].
func (s *sqlite) ReviseGroup(ctx context.Context, group string, r *roster.Revision) error {
	return s.inGroup(ctx, "revise", group, func(id int64) error {
		if err := s.storeSource(ctx, group, r.Source); err != nil {
			return err
		}
		if err := s.storeSettings(ctx, group, r.Settings); err != nil {
			return err
		}
		for _, jid := range r.Left {
			if err := s.deleteMember(ctx, id, group, jid); err != nil {
				return err
			}
		}
		if err := s.changeMembers(ctx, id, group, r.Members); err != nil {
			return err
		}
		for _, v := range r.Visitors {
			if err := s.storeVisitor(id, v); err != nil {
				return err
			}
		}
		for _, a := range r.Authorizations {
			if _, err := s.writes.storeAuthorization.Exec(id, a.JID, a.Rules); err != nil {
				return err
			}
			if err := s.notePolicy(ctx, id, audit.PolicySet, group, a.JID, a.Rules); err != nil {
				return err
			}
		}
		return nil
	})
}

// storeSource stores who keeps the group, if somebody else does now.
func (s *sqlite) storeSource(ctx context.Context, group, source string) error {
	var was string
	if err := s.writes.source.QueryRow(group).Scan(&was); err != nil || was == source {
		return err
	}
	if _, err := s.writes.storeSource.Exec(source, group); err != nil {
		return err
	}
	return s.note(ctx, audit.GroupSource, group, "", source)
}

// ReviseGroup implements [roster.Store].
func (m *memory) ReviseGroup(ctx context.Context, group string, r *roster.Revision) error {
	return m.inGroup(ctx, "revise", group, func(g *memoryGroup) error {
		for _, jid := range r.Left {
			if _, ok := g.members[jid]; !ok {
				return roster.ErrNoMember
			}
		}
		g.source, g.settings = r.Source, copySettings(r.Settings)
		for _, jid := range r.Left {
			g.remove(jid)
		}
		for _, one := range r.Members {
			g.members[one.JID] = copyMember(one)
			delete(g.visitors, one.JID)
		}
		for _, v := range r.Visitors {
			g.visitors[v.JID] = v
		}
		for _, a := range r.Authorizations {
			g.authorizations[a.JID] = a.Rules
		}
		return nil
	})
}
