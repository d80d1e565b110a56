package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// memory is a roster.Store in a map.
type memory struct {
	mu     sync.Mutex // guards what follows
	groups map[string]*memoryGroup
	ties   map[roster.TieRecord]bool
	closed bool
}

type memoryGroup struct {
	source         string
	settings       roster.Settings
	members        map[string]roster.MemberRecord
	subscriptions  map[string]roster.SubscriptionRecord
	contacts       map[string]bool
	authorizations map[string]string // rules by JID
	visitors       map[string]roster.VisitorRecord
	hooks          map[string]roster.HookRecord
}

// Memory makes an empty store that lives as long as the process: for tests
// and fuzzing, where the disk would only be slow.
func Memory() roster.Store {
	return &memory{groups: make(map[string]*memoryGroup), ties: make(map[roster.TieRecord]bool)}
}

// do runs f under the lock; an ended context comes before all else, as in the
// store on disk.
func (m *memory) do(ctx context.Context, doing, group string, f func() error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := ctx.Err()
	if err == nil && m.closed {
		err = ErrClosed
	}
	if err == nil {
		err = f()
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", doing, group, err)
	}
	return nil
}

func (m *memory) inGroup(ctx context.Context, doing, group string, f func(*memoryGroup) error) error {
	return m.do(ctx, doing, group, func() error {
		g := m.groups[group]
		if g == nil {
			return roster.ErrNoGroup
		}
		return f(g)
	})
}

// ListGroups implements [roster.Store].
func (m *memory) ListGroups(ctx context.Context) (names []string, err error) {
	err = m.do(ctx, "list", "groups", func() error {
		names = slices.Sorted(maps.Keys(m.groups))
		return nil
	})
	return names, err
}

// EachGroup implements [roster.Store].
func (m *memory) EachGroup(ctx context.Context, f func(*roster.GroupRecord) error) error {
	return eachOf(ctx, m, f)
}

// GetGroup implements [roster.Store].
func (m *memory) GetGroup(ctx context.Context, name string) (rec *roster.GroupRecord, err error) {
	err = m.inGroup(ctx, "get group", name, func(g *memoryGroup) error {
		rec = &roster.GroupRecord{Name: name, Source: g.source, Settings: copySettings(g.settings)}
		for _, jid := range slices.Sorted(maps.Keys(g.members)) {
			rec.Members = append(rec.Members, copyMember(g.members[jid]))
		}
		for _, id := range slices.Sorted(maps.Keys(g.subscriptions)) {
			rec.Subscriptions = append(rec.Subscriptions, g.subscriptions[id])
		}
		rec.Contacts = slices.Sorted(maps.Keys(g.contacts))
		for _, jid := range slices.Sorted(maps.Keys(g.visitors)) {
			rec.Visitors = append(rec.Visitors, g.visitors[jid])
		}
		for _, name := range slices.Sorted(maps.Keys(g.hooks)) {
			rec.Hooks = append(rec.Hooks, g.hooks[name])
		}
		for _, jid := range slices.Sorted(maps.Keys(g.authorizations)) {
			rec.Authorizations = append(rec.Authorizations, roster.AuthorizationRecord{JID: jid, Rules: g.authorizations[jid]})
		}
		return nil
	})
	return rec, err
}

// CreateGroup implements [roster.Store].
func (m *memory) CreateGroup(ctx context.Context, rec *roster.GroupRecord) error {
	return m.do(ctx, "create group", rec.Name, func() error {
		if m.groups[rec.Name] != nil {
			return roster.ErrGroupExists
		}
		g := &memoryGroup{
			source:         rec.Source,
			settings:       copySettings(rec.Settings),
			members:        make(map[string]roster.MemberRecord),
			subscriptions:  make(map[string]roster.SubscriptionRecord),
			contacts:       make(map[string]bool),
			authorizations: make(map[string]string),
			visitors:       make(map[string]roster.VisitorRecord),
			hooks:          make(map[string]roster.HookRecord),
		}
		for _, one := range rec.Members {
			g.members[one.JID] = copyMember(one)
		}
		for _, sub := range rec.Subscriptions {
			g.subscriptions[sub.ID] = sub
		}
		for _, jid := range rec.Contacts {
			g.contacts[jid] = true
		}
		for _, v := range rec.Visitors {
			g.visitors[v.JID] = v
		}
		for _, h := range rec.Hooks {
			g.hooks[h.Name] = h
		}
		for _, a := range rec.Authorizations {
			g.authorizations[a.JID] = a.Rules
		}
		m.groups[rec.Name] = g
		return nil
	})
}

// DeleteGroup implements [roster.Store].
func (m *memory) DeleteGroup(ctx context.Context, name string) error {
	return m.inGroup(ctx, "delete group", name, func(*memoryGroup) error {
		delete(m.groups, name)
		return nil
	})
}

// StoreSettings implements [roster.Store].
func (m *memory) StoreSettings(ctx context.Context, group string, s roster.Settings, agreed ...roster.Agreement) error {
	return m.inGroup(ctx, "store settings of", group, func(g *memoryGroup) error {
		g.settings = copySettings(s)
		for jid, one := range g.members {
			if i := slices.IndexFunc(agreed, func(a roster.Agreement) bool { return a.From == one.Agreed }); i >= 0 {
				one.Agreed = agreed[i].To
				g.members[jid] = one
			}
		}
		return nil
	})
}

// StoreMembers implements [roster.Store].
func (m *memory) StoreMembers(ctx context.Context, group string, members ...roster.MemberRecord) error {
	return m.inGroup(ctx, "store members of", group, func(g *memoryGroup) error {
		for _, one := range members {
			g.members[one.JID] = copyMember(one)
			delete(g.visitors, one.JID)
		}
		return nil
	})
}

// DeleteMember implements [roster.Store].
func (m *memory) DeleteMember(ctx context.Context, group, jid string) error {
	return m.inGroup(ctx, "delete member "+jid+" of", group, func(g *memoryGroup) error {
		if _, ok := g.members[jid]; !ok {
			return roster.ErrNoMember
		}
		g.remove(jid)
		return nil
	})
}

// remove takes a member out with all that is his.
func (g *memoryGroup) remove(jid string) {
	delete(g.members, jid)
	delete(g.contacts, jid)
	delete(g.authorizations, jid)
	maps.DeleteFunc(g.subscriptions, func(_ string, s roster.SubscriptionRecord) bool { return s.Owner == jid })
}

// StoreVisitor implements [roster.Store].
func (m *memory) StoreVisitor(ctx context.Context, group string, v roster.VisitorRecord) error {
	return m.inGroup(ctx, "store visitor of", group, func(g *memoryGroup) error {
		if v.State == roster.Banned {
			g.remove(v.JID)
		}
		g.visitors[v.JID] = v
		return nil
	})
}

// DeleteVisitor implements [roster.Store].
func (m *memory) DeleteVisitor(ctx context.Context, group, jid string) error {
	return ignoreNoGroup(m.inGroup(ctx, "delete visitor of", group, func(g *memoryGroup) error {
		delete(g.visitors, jid)
		return nil
	}))
}

// StoreSubscription implements [roster.Store].
func (m *memory) StoreSubscription(ctx context.Context, group string, s roster.SubscriptionRecord) error {
	return m.inGroup(ctx, "store subscription to", group, func(g *memoryGroup) error {
		g.subscriptions[s.ID] = s
		return nil
	})
}

// DeleteSubscriptions implements [roster.Store].
func (m *memory) DeleteSubscriptions(ctx context.Context, group string, ids ...string) error {
	return ignoreNoGroup(m.inGroup(ctx, "delete subscriptions to", group, func(g *memoryGroup) error {
		for _, id := range ids {
			delete(g.subscriptions, id)
		}
		return nil
	}))
}

// StoreContact implements [roster.Store].
func (m *memory) StoreContact(ctx context.Context, group, jid string) error {
	return m.inGroup(ctx, "store contact of", group, func(g *memoryGroup) error {
		g.contacts[jid] = true
		return nil
	})
}

// DeleteContact implements [roster.Store].
func (m *memory) DeleteContact(ctx context.Context, group, jid string) error {
	return ignoreNoGroup(m.inGroup(ctx, "delete contact of", group, func(g *memoryGroup) error {
		delete(g.contacts, jid)
		return nil
	}))
}

// StoreAuthorization implements [roster.Store].
func (m *memory) StoreAuthorization(ctx context.Context, group, jid, rules string) error {
	return m.inGroup(ctx, "store authorization in", group, func(g *memoryGroup) error {
		g.authorizations[jid] = rules
		return nil
	})
}

// DeleteAuthorization implements [roster.Store].
func (m *memory) DeleteAuthorization(ctx context.Context, group, jid string) error {
	return ignoreNoGroup(m.inGroup(ctx, "delete authorization in", group, func(g *memoryGroup) error {
		delete(g.authorizations, jid)
		return nil
	}))
}

// StoreHook implements [roster.Store].
func (m *memory) StoreHook(ctx context.Context, group string, h roster.HookRecord) error {
	return m.inGroup(ctx, "store webhook of", group, func(g *memoryGroup) error {
		g.hooks[h.Name] = h
		return nil
	})
}

// DeleteHook implements [roster.Store].
func (m *memory) DeleteHook(ctx context.Context, group, name string) error {
	return ignoreNoGroup(m.inGroup(ctx, "delete webhook of", group, func(g *memoryGroup) error {
		delete(g.hooks, name)
		return nil
	}))
}

// Close implements [roster.Store].
func (m *memory) Close() error {
	return m.do(context.Background(), "close", "store", func() error {
		m.closed = true
		return nil
	})
}

// copySettings and copyMember share nothing with what they copy, and have nil
// for an empty list, as everything read from disk has.
func copySettings(s roster.Settings) roster.Settings {
	s = s.Clone()
	s.Attributes = orNil(s.Attributes)
	return s
}

func copyMember(m roster.MemberRecord) roster.MemberRecord {
	m = m.Clone()
	m.Roles, m.Attributes = orNil(m.Roles), orNil(m.Attributes)
	return m
}

func orNil[T any](list []T) []T {
	if len(list) == 0 {
		return nil
	}
	return list
}
