package roster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// village is a group, and what the plainest book about who is in it says.
type village struct {
	t       *rapid.T
	disk    roster.Store
	out     *outbox
	r       *roster.Roster
	g       *roster.Group
	told    []roster.Notice
	rule    roster.JoinRule
	listed  bool
	open    bool // anyone may watch
	members map[string]roster.Affiliation
	made    map[string]bool // members that a contact made
	visits  map[string]roster.VisitorRecord
	friends map[string]bool // who has the group as a contact
}

const chief = "root@a.example" // administers every group

func newVillage(t *rapid.T) *village {
	v := &village{t: t, disk: store.Memory(), members: map[string]roster.Affiliation{"ann@a.example": roster.Owner, "bob@a.example": roster.Admin},
		made: map[string]bool{}, visits: map[string]roster.VisitorRecord{}, friends: map[string]bool{}}
	rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: "ann@a.example", Affiliation: roster.Owner}, {JID: "bob@a.example", Affiliation: roster.Admin}}}
	v.rule = rapid.SampledFrom([]roster.JoinRule{roster.Invite, roster.Approve, roster.Open}).Draw(t, "rule")
	v.listed, v.open = rapid.Bool().Draw(t, "listed"), rapid.Bool().Draw(t, "open")
	rec.Settings = roster.Settings{Join: v.rule, Listed: v.listed}
	if v.open {
		rec.Settings.Policy = "watch anyone"
	}
	v.start()
	if err := v.r.CreateGroup(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	v.g = v.r.Loaded([]byte("team"))
	return v
}

// start is a service on the same disk.
func (v *village) start() {
	v.out = &outbox{wake: make(chan struct{}, 1)}
	v.r = roster.New(roster.Options{Store: v.disk, Outbox: v.out, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler),
		Admin: func(j string) bool { return j == chief }, Notify: func(n roster.Notice) { v.told = append(v.told, n) }})
}

func (v *village) restart() {
	v.start()
	g, err := v.r.Group(context.Background(), "team")
	if err != nil {
		v.t.Fatal(err)
	}
	v.g = g
}

func (v *village) watches(jid string) bool {
	return v.visits[jid].State != roster.Banned && (v.open || v.members[jid] > 0)
}

func (v *village) knows(jid string) bool {
	s, known := v.visits[jid]
	expected := known && (s.State == roster.Invited || s.State == roster.Applied)
	return v.listed || v.watches(jid) || expected || jid == chief
}

func (v *village) power(jid string) roster.Affiliation {
	if jid == chief {
		return roster.Owner
	}
	return v.members[jid]
}

// join is the book's own account of wanting to join.
func (v *village) join(jid string, contact bool) error {
	s, known := v.visits[jid]
	switch {
	case !v.knows(jid):
		return roster.ErrNoGroup
	case v.members[jid] > 0:
		return roster.ErrMemberExists
	case known && s.State == roster.Banned:
		return roster.ErrForbidden
	case known && s.State == roster.Invited || v.rule == roster.Open:
		v.enter(jid, contact)
	case v.rule == roster.Invite:
		return roster.ErrForbidden
	case known && s.State == roster.Rejected:
		return roster.ErrRefused
	case known && s.State == roster.Applied:
		s.Contact = s.Contact || contact
		v.visits[jid] = s
	default:
		v.visits[jid] = roster.VisitorRecord{JID: jid, State: roster.Applied, Contact: contact}
	}
	return nil
}

func (v *village) enter(jid string, contact bool) {
	if v.visits[jid].Contact || contact {
		v.friends[jid] = true
	}
	delete(v.visits, jid)
	v.members[jid], v.made[jid] = roster.Plain, contact
}

func (v *village) leave(jid string) {
	delete(v.members, jid)
	delete(v.made, jid)
	delete(v.friends, jid)
}

func (v *village) denied(jid string) error {
	if v.knows(jid) {
		return roster.ErrForbidden
	}
	return roster.ErrNoGroup
}

// deeds are what people do, to the group and to the book.
var deeds = map[string]func(v *village, who, whom string) (got, want error){
	"join": func(v *village, who, _ string) (error, error) {
		joined, got := v.g.Join(context.Background(), who, "")
		want := v.join(who, false)
		if want == nil && joined != (v.members[who] > 0) {
			v.t.Fatalf("%s joined: %t", who, joined)
		}
		return got, want
	},
	"leave": func(v *village, who, _ string) (error, error) {
		got := v.g.Leave(context.Background(), who)
		switch s, known := v.visits[who]; {
		case !v.knows(who):
			return got, roster.ErrNoGroup
		case known && s.State == roster.Applied:
			delete(v.visits, who)
		case v.members[who] == 0:
			return got, roster.ErrNoMember
		default:
			v.leave(who)
		}
		return got, nil
	},
	"decline": func(v *village, who, _ string) (error, error) {
		got := v.g.Decline(context.Background(), who)
		s, known := v.visits[who]
		switch {
		case !v.knows(who):
			return got, roster.ErrNoGroup
		case !known || s.State != roster.Invited:
			return got, roster.ErrNoMember
		}
		s.State = roster.Declined
		v.visits[who] = s
		return got, nil
	},
	"invite": func(v *village, who, whom string) (error, error) {
		got := v.g.Invite(context.Background(), who, whom)
		s, known := v.visits[whom]
		switch {
		case v.power(who) < roster.Admin:
			return got, v.denied(who)
		case known && s.State == roster.Applied:
			v.enter(whom, s.Contact)
		case known && s.State == roster.Invited:
		case known && s.State != roster.Rejected:
			return got, roster.ErrRefused
		case v.members[whom] > 0:
			return got, roster.ErrMemberExists
		default:
			v.visits[whom] = roster.VisitorRecord{JID: whom, State: roster.Invited, By: who}
		}
		return got, nil
	},
	"approve": func(v *village, who, whom string) (error, error) {
		got, want := v.g.Approve(context.Background(), who, whom), v.answers(who, whom, roster.Applied)
		if want == nil {
			v.enter(whom, v.visits[whom].Contact)
		}
		return got, want
	},
	"reject": func(v *village, who, whom string) (error, error) {
		got, want := v.g.Reject(context.Background(), who, whom), v.answers(who, whom, roster.Applied)
		if want == nil {
			v.visits[whom] = roster.VisitorRecord{JID: whom, State: roster.Rejected, By: who}
		}
		return got, want
	},
	"remove": func(v *village, who, whom string) (error, error) {
		got := v.g.Remove(context.Background(), who, whom)
		if err := v.rules(who, whom); err != nil {
			return got, err
		}
		if v.members[whom] == 0 {
			return got, roster.ErrNoMember
		}
		v.leave(whom)
		return got, nil
	},
	"ban": func(v *village, who, whom string) (error, error) {
		got := v.g.Ban(context.Background(), who, whom)
		if err := v.rules(who, whom); err != nil {
			return got, err
		}
		v.leave(whom)
		v.visits[whom] = roster.VisitorRecord{JID: whom, State: roster.Banned, By: who}
		return got, nil
	},
	"unban": func(v *village, who, whom string) (error, error) {
		got, want := v.g.Unban(context.Background(), who, whom), v.answers(who, whom, roster.Banned)
		if want == nil {
			delete(v.visits, whom)
		}
		return got, want
	},
	"promote": func(v *village, who, whom string) (error, error) {
		got := v.g.EditMember(context.Background(), who, whom, func(m *roster.MemberRecord) error { m.Affiliation = roster.Admin; return nil })
		switch {
		case who == whom && v.power(who) >= roster.Admin && v.members[whom] == 0:
			return got, roster.ErrNoMember
		case who == whom && v.power(who) == roster.Admin:
			return got, nil
		case v.rules(who, whom) != nil:
			return got, v.rules(who, whom)
		case v.members[whom] == 0:
			return got, roster.ErrNoMember
		case v.power(who) < roster.Owner:
			return got, roster.ErrForbidden
		}
		v.members[whom] = roster.Admin
		return got, nil
	},
	"add the contact": func(v *village, who, _ string) (error, error) {
		v.out.sent()
		got := v.g.OnSubscribe(context.Background(), who)
		waits := false
		if v.members[who] == 0 {
			err := v.join(who, true)
			waits = err == nil && v.members[who] == 0 && !v.watches(who)
		}
		switch answer, _ := v.out.sent(); {
		case waits:
			if len(answer) > 0 {
				v.t.Fatalf("%s is told %q while he waits", who, answer)
			}
		case v.watches(who):
			v.friends[who] = true
			if !slices.Contains(answer, "subscribed "+who) {
				v.t.Fatalf("%s is told %q", who, answer)
			}
		case !slices.Contains(answer, "unsubscribed "+who):
			v.t.Fatalf("%s is told %q", who, answer)
		}
		return got, nil
	},
	"remove the contact": func(v *village, who, _ string) (error, error) {
		got := v.g.OnUnsubscribe(context.Background(), who)
		switch s, known := v.visits[who]; {
		case v.made[who]:
			v.leave(who)
		case known && s.State == roster.Applied && s.Contact:
			delete(v.visits, who)
		default:
			delete(v.friends, who)
		}
		return got, nil
	},
}

// answers is why who may not decide about whom as somebody in that state.
func (v *village) answers(who, whom string, state roster.VisitorState) error {
	switch s, known := v.visits[whom]; {
	case v.power(who) < roster.Admin:
		return v.denied(who)
	case !known || s.State != state:
		return roster.ErrNoMember
	}
	return nil
}

func (v *village) rules(who, whom string) error {
	if v.power(who) < roster.Admin || v.power(who) < roster.Owner && v.power(whom) >= v.power(who) {
		return v.denied(who)
	}
	return nil
}

// TestLife lets people come and go, invite, refuse and ban in any order, with
// restarts in between: the group does what the book says, tells nobody the
// same twice, and its memory is what is on disk.
func TestLife(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := newVillage(t)
		people := append([]string{chief}, everybody...)
		names := make([]string, 0, len(deeds))
		for name := range deeds {
			names = append(names, name)
		}
		slices.Sort(names)
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "deed")
			who, whom := rapid.SampledFrom(people).Draw(t, "who"), rapid.SampledFrom(everybody).Draw(t, "whom")
			t.Log(who, name, whom)
			v.told = nil
			got, want := deeds[name](v, who, whom)
			if !errors.Is(got, want) || (got == nil) != (want == nil) {
				t.Fatalf("%s, %s, %s: %v, want %v", who, name, whom, got, want)
			}
			v.check()
			if rapid.IntRange(0, 9).Draw(t, "restart") == 0 {
				v.restart()
				v.check()
			}
		}
	})
}

func (v *village) check() {
	v.t.Helper()
	rec, err := v.r.ShowGroup(context.Background(), "team")
	if err != nil {
		v.t.Fatal(err)
	}
	disk, err := v.disk.GetGroup(context.Background(), "team")
	if err != nil || fmt.Sprint(disk.Members, disk.Visitors, disk.Contacts) != fmt.Sprint(rec.Members, rec.Visitors, rec.Contacts) {
		v.t.Fatalf("on disk\n%v\nin memory\n%v", disk, rec)
	}
	if len(rec.Members) != len(v.members) || len(rec.Visitors) != len(v.visits) || len(rec.Contacts) != len(v.friends) {
		v.t.Fatalf("members %v, visitors %v, contacts %v\nwant %v, %v, %v", rec.Members, rec.Visitors, rec.Contacts, v.members, v.visits, v.friends)
	}
	for _, m := range rec.Members {
		if v.members[m.JID] != m.Affiliation || v.made[m.JID] != m.ByContact {
			v.t.Fatalf("%s is %s, made by contact %t", m.JID, m.Affiliation, m.ByContact)
		}
	}
	for _, x := range rec.Visitors {
		if v.visits[x.JID] != x {
			v.t.Fatalf("%v, want %v", x, v.visits[x.JID])
		}
	}
	seen := map[string]bool{}
	for _, n := range v.told {
		key := fmt.Sprint(n.Kind, n.To, n.About)
		if seen[key] {
			v.t.Fatalf("%s is told the same twice: %v", n.To, v.told)
		}
		seen[key] = true
	}
}
