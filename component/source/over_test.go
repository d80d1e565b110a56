package source_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Who keeps telling is told that he need not when the source, or its group, is
// not wanted any more; not when the service only stops, or the connection goes.
func TestPeerIsLeft(t *testing.T) {
	for what, c := range map[string]struct {
		end  func(h *house, p *peer, same source.Spec, down func())
		left int
	}{
		"is configured no more": {func(h *house, _ *peer, _ source.Spec, _ func()) { h.Set(nil) }, 2},
		"is somewhere else": {func(h *house, _ *peer, s source.Spec, _ func()) {
			s.Key, s.Address, s.Source = "2", "other.example.org", newScript()
			h.Set([]source.Spec{s})
		}, 2},
		"is periodic now": {func(h *house, _ *peer, s source.Spec, _ func()) {
			s.Key, s.Holds, s.Source = "2", "", newScript()
			h.Set([]source.Spec{s})
		}, 2},
		"is as it was": {func(h *house, _ *peer, s source.Spec, _ func()) { h.Set([]source.Spec{s}) }, 0},
		"is offline":   {func(h *house, _ *peer, _ source.Spec, down func()) { down(); h.Detached() }, 0},
		"has no such group any more": {func(_ *house, p *peer, _ source.Spec, _ func()) {
			p.change(func() { p.groups = nil })
		}, 2},
	} {
		t.Run(what, func(t *testing.T) {
			p := newPeer()
			same := atPeer(p, source.Pace{Check: 1, Reread: 1})
			h, stop := newHouseOver(t, store.Memory(), p.link, same)
			defer stop()
			up, down := context.WithCancel(t.Context())
			defer down()
			h.Attached(up)
			h.lost("hr", "team", "")
			c.end(h, p, same, down)
			switch {
			case c.left > 0:
				until(t, func() bool { return p.farewells() == c.left })
			case what == "is offline":
				h.lost("hr", "", "there is no connection")
			default:
				h.Set([]source.Spec{same})
				h.lost("hr", "team", "")
			}
			if n := p.farewells(); n != c.left {
				t.Errorf("%d unsubscribed", n)
			}
		})
	}
}

// Which member a refused list is wrong about is said to admins, who ask, and not
// in the log.
func TestRefusedListNamesNobody(t *testing.T) {
	s := newScript()
	h := newHouse(t, spec("hr", "", s))
	<-s.runs
	s.tells(team("ann@x.example", "ann@x.example"))
	h.lost("hr", "", "was not heard yet")
	s.tells(team("ann@x.example"))
	s.tells(team("bob@x.example", "bob@x.example"))
	h.lost("hr", "", "was not heard yet")
	if l, _ := h.r.Lost("hr", "team"); l.Why == "" {
		t.Error("admins are told nothing")
	}
	if all := h.Stats(); len(all[0].Stale) != 1 || all[0].Stale[0].Group != "team" || strings.Contains(all[0].Stale[0].Why, "bob") || !strings.Contains(all[0].Stale[0].Why, "named twice") {
		t.Errorf("figures say %+v", all[0].Stale)
	}
	if n := h.log.count("is named twice"); n != 2 || h.log.count("ann") > 0 || h.log.count("bob") > 0 || h.log.count("x.example") == 0 {
		t.Errorf("%d lines; the log says %s", n, h.log.b.String())
	}
}

// until asks until it is so.
func until(t *testing.T, so func() bool) {
	t.Helper()
	limit, tick := time.After(20*time.Second), time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal("it never is so")
		}
	}
}

// A group that is given to a source which told of it before is told again; and
// again when it comes back from another.
func TestAdoptedIsToldAgain(t *testing.T) {
	one, two := newScript(), newScript()
	h := newHouse(t, spec("one", "", one), spec("two", "", two))
	<-one.runs
	<-two.runs
	ctx := t.Context()
	if err := h.r.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}); err != nil {
		t.Fatal(err)
	}
	g := h.r.Loaded([]byte("team"))
	one.tells(team("a@x.example"))
	two.tells(team("b@x.example"))
	for range 2 {
		for name, s := range map[string]*script{"one": one, "two": two} {
			if err := h.r.Adopt(ctx, "", "team", name); err != nil {
				t.Fatal(err)
			}
			h.Adopted(g)
			<-s.runs
			s.tells(team(name + "@x.example"))
			if g.Power(name+"@x.example") != roster.Plain {
				t.Errorf("%s keeps no list", name)
			}
			h.Adopted(g) // nothing is new
			if err := h.r.Release(ctx, "", "team"); err != nil {
				t.Fatal(err)
			}
			h.Adopted(g)
		}
	}
	select {
	case <-one.runs:
		t.Error("it runs once more than needed")
	case <-two.runs:
		t.Error("the other runs once more than needed")
	default:
	}
}
