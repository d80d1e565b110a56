package storetest

import (
	"context"
	"slices"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// The pools are small, so that changes meet each other.
var (
	names      = rapid.SampledFrom([]string{"team", "Team", "ops"})
	jids       = rapid.SampledFrom([]string{"a@x", "b@x", "b@x.example", "ü@x", "a"})
	ids        = rapid.SampledFrom([]string{"1", "2", "10", "x"})
	agreements = rapid.SampledFrom([]string{"", "members: show\n", "'", "ü\"\n\n", "everyone: counted\n"})
	texts      = rapid.OneOf(rapid.SampledFrom([]string{"", "'", `"`, "\x00", "%s", "null"}), rapid.String())
)

// drawChange draws one call of one method.
func drawChange(t *rapid.T) modelChange {
	group := names.Draw(t, "group")
	return rapid.SampledFrom([]func(*rapid.T, string) modelChange{
		createGroup, createGroup, deleteGroup, storeSettings, storeMembers, storeMembers, deleteMember,
		storeSubscription, storeSubscription, deleteSubscriptions, storeContact, deleteContact,
		storeAuthorization, storeAuthorization, deleteAuthorization, storeVisitor, storeVisitor, deleteVisitor,
		storeHook, storeHook, deleteHook, reviseGroup, reviseGroup,
	}).Draw(t, "method")(t, group)
}

func createGroup(t *rapid.T, name string) modelChange {
	rec := &roster.GroupRecord{Name: name, Source: texts.Draw(t, "source"), Settings: drawSettings(t), Contacts: rapid.SliceOfNDistinct(jids, 0, 3, rapid.ID).Draw(t, "contacts")}
	for _, jid := range rapid.SliceOfNDistinct(jids, 0, 3, rapid.ID).Draw(t, "members") {
		rec.Members = append(rec.Members, drawMember(t, jid))
	}
	for _, id := range rapid.SliceOfNDistinct(ids, 0, 2, rapid.ID).Draw(t, "subscriptions") {
		rec.Subscriptions = append(rec.Subscriptions, drawSubscription(t, id))
	}
	for _, jid := range rapid.SliceOfNDistinct(jids, 0, 2, rapid.ID).Draw(t, "visitors") {
		rec.Visitors = append(rec.Visitors, drawVisitor(t, jid))
	}
	for _, jid := range rapid.SliceOfNDistinct(jids, 0, 3, rapid.ID).Draw(t, "authorizations") {
		rec.Authorizations = append(rec.Authorizations, roster.AuthorizationRecord{JID: jid, Rules: texts.Draw(t, "rules")})
	}
	for _, hook := range rapid.SliceOfNDistinct(ids, 0, 2, rapid.ID).Draw(t, "hooks") {
		rec.Hooks = append(rec.Hooks, drawHook(t, hook))
	}
	return modelChange{"CreateGroup",
		func(ctx context.Context, s roster.Store) error { return s.CreateGroup(ctx, rec) },
		func(m *model) error {
			if m.group(name) != nil {
				return roster.ErrGroupExists
			}
			m.groups = append(m.groups, rec)
			return nil
		}}
}

func deleteGroup(_ *rapid.T, name string) modelChange {
	return modelChange{"DeleteGroup",
		func(ctx context.Context, s roster.Store) error { return s.DeleteGroup(ctx, name) },
		func(m *model) error {
			before := len(m.groups)
			m.groups = slices.DeleteFunc(m.groups, func(g *roster.GroupRecord) bool { return g.Name == name })
			if len(m.groups) == before {
				return roster.ErrNoGroup
			}
			return nil
		}}
}

func storeSettings(t *rapid.T, name string) modelChange {
	set := drawSettings(t)
	var agreed []roster.Agreement
	for _, from := range rapid.SliceOfNDistinct(agreements, 0, 3, rapid.ID).Draw(t, "from") {
		agreed = append(agreed, roster.Agreement{From: from, To: agreements.Draw(t, "to")})
	}
	return modelChange{"StoreSettings",
		func(ctx context.Context, s roster.Store) error { return s.StoreSettings(ctx, name, set, agreed...) },
		in(name, func(g *roster.GroupRecord) error {
			g.Settings = set
			for i, m := range g.Members {
				for _, a := range agreed {
					if a.From == m.Agreed {
						g.Members[i].Agreed = a.To
					}
				}
			}
			return nil
		})}
}

func storeMembers(t *rapid.T, name string) modelChange {
	var members []roster.MemberRecord
	for _, jid := range rapid.SliceOfN(jids, 0, 3).Draw(t, "members") {
		members = append(members, drawMember(t, jid))
	}
	return modelChange{"StoreMembers",
		func(ctx context.Context, s roster.Store) error { return s.StoreMembers(ctx, name, members...) },
		in(name, func(g *roster.GroupRecord) error {
			for _, m := range members {
				g.Members = slices.DeleteFunc(g.Members, func(o roster.MemberRecord) bool { return o.JID == m.JID })
				g.Members = append(g.Members, m)
				g.Visitors = withoutVisitor(g.Visitors, m.JID)
			}
			return nil
		})}
}

func deleteMember(t *rapid.T, name string) modelChange {
	jid := jids.Draw(t, "jid")
	return modelChange{"DeleteMember",
		func(ctx context.Context, s roster.Store) error { return s.DeleteMember(ctx, name, jid) },
		in(name, func(g *roster.GroupRecord) error {
			if g.Member(jid) == nil {
				return roster.ErrNoMember
			}
			removeMember(g, jid)
			return nil
		})}
}

func drawVisitor(t *rapid.T, jid string) roster.VisitorRecord {
	return roster.VisitorRecord{JID: jid, By: texts.Draw(t, "by"), Contact: rapid.Bool().Draw(t, "contact"),
		State: rapid.SampledFrom([]roster.VisitorState{roster.Invited, roster.Applied, roster.Rejected, roster.Declined, roster.Banned}).Draw(t, "state")}
}

func storeVisitor(t *rapid.T, name string) modelChange {
	v := drawVisitor(t, jids.Draw(t, "jid"))
	return modelChange{"StoreVisitor",
		func(ctx context.Context, s roster.Store) error { return s.StoreVisitor(ctx, name, v) },
		in(name, func(g *roster.GroupRecord) error {
			if v.State == roster.Banned {
				removeMember(g, v.JID)
			}
			g.Visitors = append(withoutVisitor(g.Visitors, v.JID), v)
			return nil
		})}
}

func deleteVisitor(t *rapid.T, name string) modelChange {
	jid := jids.Draw(t, "jid")
	return modelChange{"DeleteVisitor",
		func(ctx context.Context, s roster.Store) error { return s.DeleteVisitor(ctx, name, jid) },
		func(m *model) error {
			if g := m.group(name); g != nil {
				g.Visitors = withoutVisitor(g.Visitors, jid)
			}
			return nil
		}}
}

func withoutVisitor(all []roster.VisitorRecord, jid string) []roster.VisitorRecord {
	return slices.DeleteFunc(all, func(v roster.VisitorRecord) bool { return v.JID == jid })
}

// removeMember takes a member out with all that is his.
func removeMember(g *roster.GroupRecord, jid string) {
	g.Members = slices.DeleteFunc(g.Members, func(m roster.MemberRecord) bool { return m.JID == jid })
	g.Subscriptions = slices.DeleteFunc(g.Subscriptions, func(s roster.SubscriptionRecord) bool { return s.Owner == jid })
	g.Contacts = slices.DeleteFunc(g.Contacts, func(c string) bool { return c == jid })
	g.Authorizations = withoutAuthorization(g.Authorizations, jid)
}

func storeSubscription(t *rapid.T, name string) modelChange {
	sub := drawSubscription(t, ids.Draw(t, "id"))
	return modelChange{"StoreSubscription",
		func(ctx context.Context, s roster.Store) error { return s.StoreSubscription(ctx, name, sub) },
		in(name, func(g *roster.GroupRecord) error {
			g.Subscriptions = slices.DeleteFunc(g.Subscriptions, func(o roster.SubscriptionRecord) bool { return o.ID == sub.ID })
			g.Subscriptions = append(g.Subscriptions, sub)
			return nil
		})}
}

func deleteSubscriptions(t *rapid.T, name string) modelChange {
	gone := rapid.SliceOfN(ids, 0, 3).Draw(t, "ids")
	return modelChange{"DeleteSubscriptions",
		func(ctx context.Context, s roster.Store) error { return s.DeleteSubscriptions(ctx, name, gone...) },
		func(m *model) error {
			if g := m.group(name); g != nil {
				g.Subscriptions = slices.DeleteFunc(g.Subscriptions, func(s roster.SubscriptionRecord) bool { return slices.Contains(gone, s.ID) })
			}
			return nil
		}}
}

func storeContact(t *rapid.T, name string) modelChange {
	jid := jids.Draw(t, "jid")
	return modelChange{"StoreContact",
		func(ctx context.Context, s roster.Store) error { return s.StoreContact(ctx, name, jid) },
		in(name, func(g *roster.GroupRecord) error {
			if !slices.Contains(g.Contacts, jid) {
				g.Contacts = append(g.Contacts, jid)
			}
			return nil
		})}
}

func deleteContact(t *rapid.T, name string) modelChange {
	jid := jids.Draw(t, "jid")
	return modelChange{"DeleteContact",
		func(ctx context.Context, s roster.Store) error { return s.DeleteContact(ctx, name, jid) },
		func(m *model) error {
			if g := m.group(name); g != nil {
				g.Contacts = slices.DeleteFunc(g.Contacts, func(c string) bool { return c == jid })
			}
			return nil
		}}
}

func storeAuthorization(t *rapid.T, name string) modelChange {
	jid, rules := jids.Draw(t, "jid"), texts.Draw(t, "rules")
	return modelChange{"StoreAuthorization",
		func(ctx context.Context, s roster.Store) error { return s.StoreAuthorization(ctx, name, jid, rules) },
		in(name, func(g *roster.GroupRecord) error {
			g.Authorizations = append(withoutAuthorization(g.Authorizations, jid), roster.AuthorizationRecord{JID: jid, Rules: rules})
			return nil
		})}
}

func deleteAuthorization(t *rapid.T, name string) modelChange {
	jid := jids.Draw(t, "jid")
	return modelChange{"DeleteAuthorization",
		func(ctx context.Context, s roster.Store) error { return s.DeleteAuthorization(ctx, name, jid) },
		func(m *model) error {
			if g := m.group(name); g != nil {
				g.Authorizations = withoutAuthorization(g.Authorizations, jid)
			}
			return nil
		}}
}

func withoutAuthorization(list []roster.AuthorizationRecord, jid string) []roster.AuthorizationRecord {
	return slices.DeleteFunc(list, func(a roster.AuthorizationRecord) bool { return a.JID == jid })
}

func drawSubscription(t *rapid.T, id string) roster.SubscriptionRecord {
	return roster.SubscriptionRecord{
		ID: id, Node: texts.Draw(t, "node"), JID: texts.Draw(t, "to"), Owner: jids.Draw(t, "owner"),
		Receiving: texts.Draw(t, "receiving"), Manner: texts.Draw(t, "manner"), Pending: rapid.Bool().Draw(t, "pending"),
		Outpost: texts.Draw(t, "outpost"),
	}
}

func drawSettings(t *rapid.T) roster.Settings {
	return roster.Settings{
		Title: texts.Draw(t, "title"), Description: texts.Draw(t, "description"), Language: texts.Draw(t, "language"),
		Attributes: drawAttributes(t), Listed: rapid.Bool().Draw(t, "listed"),
		Payload: rapid.SampledFrom([]roster.Payload{roster.Both, roster.PresenceOnly, roster.Separate, roster.Combined}).Draw(t, "payload"),
		Policy:  texts.Draw(t, "policy"), Delivery: rapid.IntRange(0, 1<<31-1).Draw(t, "delivery"),
		Join:      rapid.SampledFrom([]roster.JoinRule{roster.Invite, roster.Approve, roster.Open}).Draw(t, "join"),
		Aggregate: texts.Draw(t, "aggregate"), Avatar: string(rapid.SliceOf(rapid.Byte()).Draw(t, "avatar")),
	}
}

func drawMember(t *rapid.T, jid string) roster.MemberRecord {
	return roster.MemberRecord{
		JID: jid, Nick: texts.Draw(t, "nick"),
		Affiliation: rapid.SampledFrom([]roster.Affiliation{roster.None, roster.Outcast, roster.Plain, roster.Admin, roster.Owner}).Draw(t, "affiliation"),
		Roles:       slices.Concat(rapid.SliceOfN(texts, 0, 2).Draw(t, "roles")),
		Attributes:  drawAttributes(t),
		Ask:         rapid.SampledFrom([]roster.Ask{roster.Unasked, roster.Asked, roster.Granted, roster.Refused}).Draw(t, "ask"),
		Agreed:      agreements.Draw(t, "agreed"), Elsewhere: texts.Draw(t, "elsewhere"),
		ByContact: rapid.Bool().Draw(t, "by contact"), Said: texts.Draw(t, "said"), Trusts: texts.Draw(t, "trusts"),
		Combination: rapid.SampledFrom([]roster.Combination{roster.MostAvailable, roster.HighestPriority, roster.MostRecent}).Draw(t, "combination"),
		Precision:   rapid.SampledFrom(roster.Precisions()).Draw(t, "precision"),
	}
}

func drawAttributes(t *rapid.T) []roster.Attribute {
	var list []roster.Attribute
	for range rapid.IntRange(0, 2).Draw(t, "attributes") {
		list = append(list, roster.Attribute{Name: texts.Draw(t, "name"), Value: texts.Draw(t, "value")})
	}
	return list
}

func drawHook(t *rapid.T, name string) roster.HookRecord {
	return roster.HookRecord{Name: name, URL: texts.Draw(t, "url"), Secret: texts.Draw(t, "secret"), Format: texts.Draw(t, "format"),
		By: texts.Draw(t, "by"), Ended: texts.Draw(t, "ended")}
}

func storeHook(t *rapid.T, name string) modelChange {
	h := drawHook(t, ids.Draw(t, "hook"))
	return modelChange{"StoreHook",
		func(ctx context.Context, s roster.Store) error { return s.StoreHook(ctx, name, h) },
		in(name, func(g *roster.GroupRecord) error {
			g.Hooks = append(withoutHook(g.Hooks, h.Name), h)
			return nil
		})}
}

func deleteHook(t *rapid.T, name string) modelChange {
	hook := ids.Draw(t, "hook")
	return modelChange{"DeleteHook",
		func(ctx context.Context, s roster.Store) error { return s.DeleteHook(ctx, name, hook) },
		func(m *model) error {
			if g := m.group(name); g != nil {
				g.Hooks = withoutHook(g.Hooks, hook)
			}
			return nil
		}}
}

func withoutHook(all []roster.HookRecord, name string) []roster.HookRecord {
	return slices.DeleteFunc(all, func(h roster.HookRecord) bool { return h.Name == name })
}
