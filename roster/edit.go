package roster

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Every change of hard state goes the same way: check it, write it, and only
// then let memory and the world know.

// editing is the group of that name, with edit held. One that was deleted while
// we waited for it is another's by now, or nobody's.
func (r *Roster) editing(ctx context.Context, name string) (*Group, error) {
	for {
		g, err := r.Group(ctx, name)
		if err != nil {
			return nil, err
		}
		g.edit.Lock()
		g.mu.Lock()
		closed := g.closed
		g.mu.Unlock()
		if !closed {
			return g, nil
		}
		g.edit.Unlock()
	}
}

// UpdateGroup changes the settings by edit. InvalidError, ErrNoGroup; when it
// fails nothing has changed.
func (r *Roster) UpdateGroup(ctx context.Context, name string, edit func(*Settings) error) error {
	g, err := r.editing(ctx, name)
	if err != nil {
		return err
	}
	defer g.edit.Unlock()
	return g.change(ctx, edit)
}

// change is UpdateGroup with edit held.
func (g *Group) change(ctx context.Context, edit func(*Settings) error) error {
	g.mu.Lock()
	s, source, hidden := g.settings.Clone(), g.source, g.hidden
	old := s.Clone()
	g.mu.Unlock()
	if err := edit(&s); err != nil {
		return err
	}
	if err := s.validate(); err != nil {
		return err
	}
	switch {
	case source != "" && s.keeps(&old):
		return &ForeignError{source}
	case source != "" && hidden && s.Listed && !old.Listed:
		return errHidden()
	}
	p := g.readPolicy(s.Policy)
	var agreed []Agreement
	g.mu.Lock()
	if s.Policy != g.settings.Policy && !ForPeers(g.name) { // of which nobody is asked: see grant
		agreed = g.reconsider(&p)
	}
	g.mu.Unlock()
	if err := g.roster.store.StoreSettings(ctx, g.name, s, agreed...); err != nil {
		return err
	}
	g.mu.Lock()
	terms := g.terms()
	ended := g.setSettings(s, p, agreed)
	var proposed []Notice
	if g.terms() != terms && !ForPeers(g.name) {
		proposed = g.proposals()
	}
	g.mu.Unlock()
	g.roster.tell(proposed...)
	g.forget(ctx, ended)
	g.reshare(ctx)
	g.gather(ctx)
	return nil
}

// setSettings puts s with the policy p in force and returns the records of the
// watches that it ended. mu is held.
func (g *Group) setSettings(s Settings, p policy.Group, agreed []Agreement) (ended []SubscriptionRecord) {
	g.version++
	if old := &g.settings; old.Title != s.Title || old.Description != s.Description || old.Language != s.Language {
		g.info = g.version
	}
	if !slices.Equal(g.settings.Attributes, s.Attributes) {
		g.infoBasic = g.version
	}
	if g.settings.Title != s.Title || g.settings.Avatar != s.Avatar {
		g.badges = [2][]byte{}
		g.roster.outbox.Wanted(g) // somebody may have asked to be told
	}
	same := g.settings.Policy == s.Policy
	g.settings = s
	g.setAggregate()
	if !same {
		g.setPolicy(p, agreed)
	}
	g.widen()
	ended = g.end(func(w *Watch) bool {
		who := g.watcher(w.rec.Owner)
		return !s.Payload.Has(w.node) || g.mayWatch(&who) != nil
	})
	g.rehook()
	g.signal()
	return ended
}

// end ends the watches that over is true of, and returns their records.
func (g *Group) end(over func(*Watch) bool) (ended []SubscriptionRecord) {
	var all []*Watch
	for _, ws := range g.byOwner {
		for _, w := range ws {
			if over(w) {
				all = append(all, w)
			}
		}
	}
	return g.endAll(all)
}

// endOf is end for the watches of one owner, whose requests are not to cost
// what all the others' watches do.
func (g *Group) endOf(owner string, over func(*Watch) bool) []SubscriptionRecord {
	all := slices.Clone(g.byOwner[owner])
	return g.endAll(slices.DeleteFunc(all, func(w *Watch) bool { return !over(w) }))
}

func (g *Group) endAll(all []*Watch) (ended []SubscriptionRecord) {
	slices.SortFunc(all, func(a, b *Watch) int {
		return cmp.Or(strings.Compare(a.rec.Owner, b.rec.Owner), cmp.Compare(a.node, b.node),
			strings.Compare(a.rec.JID, b.rec.JID), strings.Compare(a.rec.ID, b.rec.ID))
	})
	for _, w := range all {
		ended = append(ended, w.rec)
		g.ended(w)
		g.dropWatch(w)
	}
	return ended
}

// forget deletes the records of watches that have ended. If the store fails
// they are not loaded again: they may not watch, or their node is no more.
func (g *Group) forget(ctx context.Context, ended []SubscriptionRecord) {
	var ids []string
	for _, rec := range ended {
		if rec.Node != NodeContact.String() || rec.Receiving != "" {
			ids = append(ids, rec.ID)
		}
		if rec.Node != NodeContact.String() {
			continue
		}
		if err := g.roster.store.DeleteContact(ctx, g.name, rec.JID); err != nil {
			g.roster.log.Warn("ended contact not deleted", "group", g.name, "error", err)
		}
	}
	if len(ids) == 0 {
		return
	}
	if err := g.roster.store.DeleteSubscriptions(ctx, g.name, ids...); err != nil {
		g.roster.log.Warn("ended subscriptions not deleted", "group", g.name, "error", err)
	}
}
