package roster_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// account is cid's account at his server: the state of his subscriptions with
// the group (RFC 6121 appendix A), and his client.
type account struct {
	from, to        bool // the group sees him, he sees the group
	asked, wanted   bool // his request waits for the group, the group's for him
	preapproved     bool
	forwards        bool // an unasked "subscribed", as ejabberd does
	writes          bool // lets the group be written into his roster, as Prosody does
	answers         bool // "unsubscribed" to the group's "unsubscribe", as ejabberd does
	agrees, mirrors bool // the client: says yes to a request, answers the end of one direction with that of the other
	requests        int
	log             []string
}

// hears takes what the group sends; the result is what comes back.
func (a *account) hears(typ string) (back []string) {
	a.log = append(a.log, "< "+typ)
	switch typ {
	case "subscribe":
		a.requests++
		switch {
		case a.from, a.preapproved:
			a.from, a.preapproved = true, false
			return []string{"subscribed"}
		case a.agrees:
			a.wanted = true
			back = a.says("subscribed")
			if !a.to && !a.asked {
				back = append(back, a.says("subscribe")...)
			}
		default:
			a.wanted = true
		}
	case "subscribed":
		if a.asked {
			a.asked, a.to = false, true
		}
	case "unsubscribe":
		was := a.from || a.wanted
		a.from, a.wanted = false, false
		if was && a.answers {
			back = append(back, "unsubscribed")
		}
		if was && a.mirrors && (a.to || a.asked) {
			back = append(back, a.says("unsubscribe")...)
		}
	case "unsubscribed":
		was := a.to || a.asked
		a.to, a.asked = false, false
		if was && a.mirrors && a.from {
			back = append(back, a.says("unsubscribed")...)
		}
	}
	return back
}

// says is what the client sends; the result is what the server lets through.
func (a *account) says(typ string) (out []string) {
	a.log = append(a.log, "> "+typ)
	switch typ {
	case "subscribe":
		if !a.to {
			a.asked = true
		}
		return []string{typ}
	case "unsubscribe":
		a.asked, a.to = false, false
		return []string{typ}
	case "subscribed":
		switch {
		case a.wanted:
			a.wanted, a.from = false, true
			return []string{typ}
		case a.forwards:
			return []string{typ}
		case !a.from:
			a.preapproved = true
		}
	case "unsubscribed":
		was := a.from || a.wanted
		a.from, a.wanted, a.preapproved = false, false, false
		if was {
			return []string{typ}
		}
	}
	return nil
}

// TestSubscriptionsComeToRest: whatever a member, his client and his server do
// with the two subscriptions between him and the group, in whatever order, it
// ends after a few stanzas, nobody is asked twice for one thing that he did,
// and both sides then believe the same.
func TestSubscriptionsComeToRest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx, jid := context.Background(), at("cid")
		rec := team("ann")
		rec.Settings.Join = rapid.SampledFrom([]roster.JoinRule{roster.Open, roster.Approve, roster.Invite}).Draw(t, "join")
		rec.Settings.Listed = rapid.Bool().Draw(t, "listed")
		out := &outbox{wake: make(chan struct{}, 1)}
		r := roster.New(roster.Options{Store: store.Memory(), Outbox: out, Renderer: dialect{}, Admin: func(j string) bool { return j == at("root") }})
		if err := r.CreateGroup(ctx, rec); err != nil {
			t.Fatal(err)
		}
		g := r.Loaded([]byte("team"))
		flag := func(name string) bool { return rapid.Bool().Draw(t, name) }
		a := &account{forwards: flag("forwards"), writes: flag("writes"), answers: flag("answers"), agrees: flag("agrees"), mirrors: flag("mirrors")}
		settle := func() {
			for n := 0; ; n++ {
				if n > 12 {
					t.Fatalf("no rest:\n%s", strings.Join(a.log, "\n"))
				}
				if !exchange(t, ctx, g, out, a, jid) {
					return
				}
			}
		}
		settle()
		for range rapid.IntRange(1, 25).Draw(t, "acts") {
			act := rapid.SampledFrom(acts).Draw(t, "act")
			a.log = append(a.log, act)
			before := a.requests
			play1(t, ctx, r, g, a, act, jid)
			settle()
			if n := a.requests - before; n > 1 || n > 0 && !slices.Contains(reasons, act) {
				t.Fatalf("asked %d times for one act:\n%s", n, strings.Join(a.log, "\n"))
			}
			agree(t, r, g, a, jid)
		}
	})
}

var acts = []string{"subscribe", "subscribed", "unsubscribe", "unsubscribed", "remove item", "join", "leave", "share nothing", "share", "add", "remove", "approve", "ban", "link"}

// reasons are the acts upon which he may be asked for his presence.
var reasons = []string{"subscribe", "join", "share", "add", "approve"}

// play1 lets somebody do something.
func play1(t *rapid.T, ctx context.Context, r *roster.Roster, g *roster.Group, a *account, act, jid string) {
	switch act {
	case "remove item": // what servers send depends on what there was
		if a.to || a.asked {
			deliver(t, ctx, g, a.says("unsubscribe"), jid)
		}
		if a.from {
			deliver(t, ctx, g, a.says("unsubscribed"), jid)
		}
	case "join":
		_, _ = g.Join(ctx, jid, "")
	case "leave":
		_ = g.Leave(ctx, jid)
	case "share nothing":
		_ = g.Authorize(ctx, jid, &policy.Authorization{})
	case "share":
		_ = g.Authorize(ctx, jid, nil)
	case "add":
		_ = r.AddMembers(ctx, "team", roster.MemberRecord{JID: jid, Affiliation: roster.Plain})
	case "remove":
		_ = r.RemoveMember(ctx, "team", jid)
	case "approve":
		_ = g.Approve(ctx, at("root"), jid)
	case "ban":
		_ = g.Ban(ctx, at("root"), jid)
		_ = g.Unban(ctx, at("root"), jid)
	case "link":
		g.Lost()
	default:
		deliver(t, ctx, g, a.says(act), jid)
	}
}

// exchange lets the group and the server say what they have to, once.
func exchange(t *rapid.T, ctx context.Context, g *roster.Group, out *outbox, a *account, jid string) (said bool) {
	ask, _ := g.Wants()
	for _, j := range ask {
		if may, watches := g.Preapproval(j); may && j == jid && a.writes {
			a.log = append(a.log, "< roster")
			a.from, a.to, a.wanted, a.asked = true, a.to || watches, false, a.asked && !watches
			if err := g.OnPreapproved(ctx, jid, watches); err != nil {
				t.Fatal(err)
			}
			continue
		}
		g.Request(j, func() { out.Presence("team", j, roster.Subscribe) })
	}
	if err := g.Asked(ctx, ask); err != nil {
		t.Fatal(err)
	}
	for _, j := range g.Doubtful() {
		if j == jid && a.from {
			a.log = append(a.log, "> proved")
			if err := g.OnProved(ctx, jid); err != nil {
				t.Fatal(err)
			}
			said = true
		}
	}
	sent, _ := out.sent()
	for _, s := range sent {
		typ, to, _ := strings.Cut(s, " ")
		if to == jid {
			deliver(t, ctx, g, a.hears(typ), jid)
			said = said || typ != "probe" && typ != "unavailable"
		}
	}
	return said
}

// deliver gives the group what the server lets through.
func deliver(t *rapid.T, ctx context.Context, g *roster.Group, types []string, jid string) {
	for _, typ := range types {
		var err error
		switch typ {
		case "subscribe":
			err = g.OnSubscribe(ctx, jid)
		case "subscribed":
			err = g.OnSubscribed(ctx, jid)
		case "unsubscribe":
			err = g.OnUnsubscribe(ctx, jid)
		case "unsubscribed":
			g.Approves(jid, false)
			err = g.OnUnsubscribed(ctx, jid)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// agree compares what the two sides believe.
func agree(t *rapid.T, r *roster.Roster, g *roster.Group, a *account, jid string) {
	rec, err := r.ShowGroup(context.Background(), "team")
	if err != nil {
		t.Fatal(err)
	}
	contact := false
	for _, j := range rec.Contacts {
		contact = contact || j == jid
	}
	granted := rec.Member(jid) != nil && rec.Member(jid).Ask == roster.Granted
	if contact != a.to || granted && !a.from {
		t.Fatalf("contact %v, granted %v; but to %v, from %v:\n%s", contact, granted, a.to, a.from, strings.Join(a.log, "\n")+fmt.Sprintf("\n%+v", rec.Visitors))
	}
}
