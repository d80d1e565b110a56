package roster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// TestMalformedGroupsAreRefused: the first wrong field is named, nothing is
// written, and nobody is asked for anything.
func TestMalformedGroupsAreRefused(t *testing.T) {
	many := func(n int, f func(i int) roster.Attribute) (all []roster.Attribute) {
		for i := range n {
			all = append(all, f(i))
		}
		return all
	}
	second := func(change func(*roster.MemberRecord)) func(*roster.GroupRecord) {
		return func(r *roster.GroupRecord) { change(&r.Members[1]) }
	}
	jid := func(s string) func(*roster.GroupRecord) { return second(func(m *roster.MemberRecord) { m.JID = s }) }
	for _, c := range []struct {
		field  string
		change func(*roster.GroupRecord)
	}{
		{"name", func(r *roster.GroupRecord) { r.Name = "" }},
		{"name", func(r *roster.GroupRecord) { r.Name = "Team" }},
		{"name", func(r *roster.GroupRecord) { r.Name = "a b" }},
		{"name", func(r *roster.GroupRecord) { r.Name = "a@b" }},
		{"name", func(r *roster.GroupRecord) { r.Name = strings.Repeat("n", 1024) }},
		{"name", func(r *roster.GroupRecord) { r.Settings.Title = "tit\x00le" }},
		{"name", func(r *roster.GroupRecord) { r.Settings.Title = strings.Repeat("n", roster.MaxText+1) }},
		{"description", func(r *roster.GroupRecord) { r.Settings.Description = strings.Repeat("n", roster.MaxDescription+1) }},
		{"language", func(r *roster.GroupRecord) { r.Settings.Language = "de_DE" }},
		{"payload", func(r *roster.GroupRecord) { r.Settings.Payload = 9 }},
		{"attribute", func(r *roster.GroupRecord) { r.Settings.Attributes = []roster.Attribute{{Name: "", Value: "x"}} }},
		{"attribute", func(r *roster.GroupRecord) { r.Settings.Attributes = []roster.Attribute{{Name: "a b", Value: "x"}} }},
		{"attribute", func(r *roster.GroupRecord) { r.Settings.Attributes = []roster.Attribute{{Name: "a"}, {Name: "a"}} }},
		{"attribute.a", func(r *roster.GroupRecord) { r.Settings.Attributes = []roster.Attribute{{Name: "a", Value: "\xff"}} }},
		{"attribute", func(r *roster.GroupRecord) {
			r.Settings.Attributes = many(roster.MaxAttributes+1, func(i int) roster.Attribute { return roster.Attribute{Name: fmt.Sprint("a", i)} })
		}},
		{"attribute", func(r *roster.GroupRecord) {
			r.Settings.Attributes = many(20, func(i int) roster.Attribute {
				return roster.Attribute{Name: fmt.Sprint("a", i), Value: strings.Repeat("v", roster.MaxText)}
			})
		}},
		{"attribute", func(r *roster.GroupRecord) {
			r.Settings.Attributes = []roster.Attribute{{Name: strings.Repeat("n", roster.MaxName+1)}}
		}},
		{"member[1].jid", jid("")},
		{"member[1].jid", jid("b.example")},
		{"member[1].jid", jid("bob@b.example/desk")},
		{"member[1].jid", jid("Bob@B.example")},
		{"member[1].jid", jid("bob@")},
		{"member[1].jid", jid("@b.example")},
		{"member[1].jid", jid(at("ann"))},
		{"member[1].affiliation", second(func(m *roster.MemberRecord) { m.Affiliation = roster.None })},
		{"member[1].affiliation", second(func(m *roster.MemberRecord) { m.Affiliation = roster.Outcast })},
		{"member[1].affiliation", second(func(m *roster.MemberRecord) { m.Affiliation = 77 })},
		{"member[1].nick", second(func(m *roster.MemberRecord) { m.Nick = "a\x1bb" })},
		{"member[1].role", second(func(m *roster.MemberRecord) { m.Roles = []string{"two words"} })},
		{"member[1].role", second(func(m *roster.MemberRecord) { m.Roles = []string{""} })},
		{"member[1].role", second(func(m *roster.MemberRecord) { m.Roles = []string{strings.Repeat("r", roster.MaxName+1)} })},
		{"member[1].role", second(func(m *roster.MemberRecord) {
			for i := range roster.MaxRoles + 1 {
				m.Roles = append(m.Roles, fmt.Sprint("r", i))
			}
		})},
		{"member[1].attribute", second(func(m *roster.MemberRecord) { m.Attributes = []roster.Attribute{{Name: "a"}, {Name: "a"}} })},
		{"member[1].ask", second(func(m *roster.MemberRecord) { m.Ask = 9 })},
	} {
		f, out := &failing{Store: store.Memory()}, &outbox{wake: make(chan struct{}, 1)}
		r := roster.New(roster.Options{Store: f, Outbox: out, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
		rec := team("ann", "bob")
		rec.Members[1].Ask = roster.Unasked
		c.change(rec)
		err := r.CreateGroup(context.Background(), rec)
		var invalid *roster.InvalidError
		if !errors.As(err, &invalid) || invalid.Field != c.field || invalid.Reason == "" {
			t.Errorf("%s: %v", c.field, err)
		}
		if f.writes > 0 || out.wanted > 0 || len(r.All()) > 0 {
			t.Errorf("%s: %d writes, %d wanted, %d groups", c.field, f.writes, out.wanted, len(r.All()))
		}
	}
}

func TestRefusedChanges(t *testing.T) {
	ctx := context.Background()
	f := &failing{Store: store.Memory()}
	r, out, _ := playOn(t, f, team("ann", "bob"))
	f.writes, out.wanted = 0, 0
	oops := errors.New("the editor changes his mind")
	for name, c := range map[string]struct {
		err  error // is this
		got  error
		name string // or names this field
	}{
		"a second group":     {err: roster.ErrGroupExists, got: r.CreateGroup(ctx, team("ann"))},
		"add one there":      {err: roster.ErrMemberExists, got: r.AddMembers(ctx, "team", roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain}, roster.MemberRecord{JID: at("ann"), Affiliation: roster.Plain})},
		"add to nothing":     {err: roster.ErrNoGroup, got: r.AddMembers(ctx, "nothing", roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain})},
		"add nobody":         {name: "member.jid", got: r.AddMembers(ctx, "team", roster.MemberRecord{Affiliation: roster.Plain})},
		"remove a stranger":  {err: roster.ErrNoMember, got: r.RemoveMember(ctx, "team", at("eve"))},
		"update a stranger":  {err: roster.ErrNoMember, got: r.UpdateMember(ctx, "team", at("eve"), func(*roster.MemberRecord) error { return nil })},
		"rename":             {name: "jid", got: r.UpdateMember(ctx, "team", at("ann"), func(m *roster.MemberRecord) error { m.JID = at("eve"); return nil })},
		"demote to nothing":  {name: "member.affiliation", got: r.UpdateMember(ctx, "team", at("ann"), func(m *roster.MemberRecord) error { m.Affiliation = roster.None; return nil })},
		"half a member edit": {err: oops, got: r.UpdateMember(ctx, "team", at("ann"), func(m *roster.MemberRecord) error { m.Nick = "x"; return oops })},
		"half a group edit":  {err: oops, got: r.UpdateGroup(ctx, "team", func(s *roster.Settings) error { s.Title = "x"; return oops })},
		"a wrong setting":    {name: "language", got: r.UpdateGroup(ctx, "team", func(s *roster.Settings) error { s.Language = "?"; return nil })},
	} {
		var invalid *roster.InvalidError
		switch {
		case c.err != nil && !errors.Is(c.got, c.err):
			t.Errorf("%s: %v", name, c.got)
		case c.err == nil && (!errors.As(c.got, &invalid) || invalid.Field != c.name):
			t.Errorf("%s: %v", name, c.got)
		}
	}
	want, all := team("ann", "bob"), policy.DefaultGroup()
	want.Settings.Policy = all.String()
	rec, err := r.ShowGroup(ctx, "team")
	if err != nil || fmt.Sprint(*rec) != fmt.Sprint(*want) {
		t.Errorf("%v %+v", err, *rec)
	}
	if out.wanted > 0 {
		t.Errorf("wanted %d times", out.wanted)
	}
}

func TestWords(t *testing.T) {
	for a := roster.None; a <= roster.Owner; a++ {
		if got, err := roster.ParseAffiliation(a.String()); got != a || err != nil {
			t.Errorf("%s: %v %v", a, got, err)
		}
	}
	for p := roster.Both; p <= roster.Combined; p++ {
		if got, err := roster.ParsePayload(p.String()); got != p || err != nil {
			t.Errorf("%s: %v %v", p, got, err)
		}
		for _, n := range allNodes {
			listed := false
			for _, x := range p.Nodes() {
				listed = listed || x == n
			}
			if listed != p.Has(n) {
				t.Errorf("%s has %s: %v", p, n, p.Has(n))
			}
		}
	}
	for a := roster.Unasked; a <= roster.Refused; a++ {
		if got, err := roster.ParseAsk(a.String()); got != a || err != nil {
			t.Errorf("%s: %v %v", a, got, err)
		}
	}
	for _, n := range allNodes {
		if got, err := roster.ParseNode(n.String()); got != n || err != nil {
			t.Errorf("%s: %v %v", n, got, err)
		}
	}
	for _, s := range []roster.Show{roster.XA, roster.Away, roster.DND, roster.Chat, roster.Online} {
		if got := roster.ParseShow([]byte(s.String())); got != s {
			t.Errorf("%q: %v", s, got)
		}
	}
	if _, err := roster.ParseNode("contact"); !errors.Is(err, roster.ErrNoNode) {
		t.Errorf("contact is no node: %v", err)
	}
	if _, err := roster.ParseAffiliation("king"); err == nil {
		t.Error("king")
	}
}
