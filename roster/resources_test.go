package roster_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// list is bob's contact list: what he has of the group's members, and whom
// the group says that it shows him.
type list struct {
	t     *rapid.T
	out   *outbox
	r     *roster.Roster
	g     *roster.Group
	shows map[string]string
	told  []string
}

// settle lets everybody say what he has to, in small turns.
func (l *list) settle() {
	for g := l.out.next(); g != nil; g = l.out.next() {
		for more := true; more; {
			var b []byte
			b, more = g.Turn(nil, rapid.IntRange(1, 200).Draw(l.t, "budget"))
			l.read(string(b))
		}
	}
	sent, _ := l.out.sent()
	for _, s := range sent {
		if f := strings.Fields(s); f[0] == "gone" && f[1] == at("bob") {
			delete(l.shows, f[2])
		}
	}
}

func (l *list) read(said string) {
	for line := range strings.Lines(said) {
		var group, jid, to string
		rest, ok := strings.CutPrefix(line, "resource ")
		if !ok {
			continue
		}
		if _, err := fmt.Sscanf(rest, "%q %q %q", &group, &jid, &to); err != nil {
			l.t.Fatal(err, line)
		}
		state := strings.TrimSpace(rest[len(fmt.Sprintf("%q %q %q", group, jid, to)):])
		l.told = append(l.told, jid+" "+state)
		switch _, had := l.shows[jid]; {
		case to != at("bob"):
			l.t.Fatalf("told %s", to)
		case state != "gone":
			l.shows[jid] = state
		case !had && !l.g.Resources(at("bob")):
			l.t.Fatalf("%s taken back from who never asked", jid)
		default:
			delete(l.shows, jid)
		}
	}
}

// truth is what bob's contact may show now.
func (l *list) truth() map[string]string {
	all := map[string]string{}
	q := &roster.Question{Node: roster.NodeContact, Watcher: at("bob"), To: at("bob") + "/q", Max: -1, Index: -1}
	q.Picture = func(b []byte, p *roster.Picture, err error) []byte {
		if err != nil {
			return b
		}
		for it := range p.Members {
			if it.Show != roster.Offline {
				all[it.JID] = resourceLine(it)
			}
		}
		return b
	}
	if err := l.g.Ask(q); err != nil {
		l.t.Fatal(err)
	}
	l.settle()
	return all
}

// TestResources: whatever happens, the contact list of who asked for it shows
// the members as he may see them, and nobody else.
func TestResources(t *testing.T) {
	ctx, bob := context.Background(), at("bob")
	rapid.Check(t, func(t *rapid.T) {
		rec := team("ann", "bob", "cid", "dan")
		for i := range rec.Members {
			rec.Members[i].Ask = roster.Granted
		}
		rec.Contacts = []string{bob}
		out := &outbox{wake: make(chan struct{}, 1)}
		r := roster.New(roster.Options{Store: store.Memory(), Outbox: out, Renderer: dialect{}})
		if err := r.CreateGroup(ctx, rec); err != nil {
			t.Fatal(err)
		}
		l := &list{t: t, out: out, r: r, g: r.Loaded([]byte("team")), shows: map[string]string{}}
		on := false
		for range rapid.IntRange(1, 30).Draw(t, "acts") {
			who := at(rapid.SampledFrom([]string{"ann", "bob", "cid", "dan"}).Draw(t, "who"))
			switch act := rapid.SampledFrom([]string{"on", "hear", "hear", "hear", "authorize", "want", "nick", "leave", "join", "lost", "doubt", "probe"}).Draw(t, "act"); act {
			case "on":
				on = rapid.Bool().Draw(t, "on")
				if err := l.g.SetResources(ctx, bob, on); err != nil && err != roster.ErrNoSubscription {
					t.Fatal(err)
				}
			case "want":
				wanted := rapid.SampledFrom([]policy.Receiving{{}, {Refuse: true}, {Members: []string{at("ann")}}, {Attributes: policy.Availability}}).Draw(t, "wants")
				if err := l.g.Configure(ctx, bob, bob, roster.NodeContact, "", &wanted); err != nil && err != roster.ErrNoSubscription {
					t.Fatal(err)
				}
			case "probe":
				l.g.OnProbe(bob, bob+"/desk")
			default:
				l.happens(ctx, act, who)
			}
			l.settle()
			truth := l.truth()
			if !l.g.Resources(bob) {
				clear(truth)
			}
			if !maps.Equal(truth, l.shows) {
				t.Fatalf("shows %q, may %q; told %q", l.shows, truth, l.told)
			}
		}
	})
}

// happens lets a member do something.
func (l *list) happens(ctx context.Context, act, who string) {
	t := l.t
	switch act {
	case "hear":
		l.g.Hear([]byte(who), []byte("r"), &roster.Presence{Show: rapid.SampledFrom([]roster.Show{roster.Offline, roster.Online, roster.Away}).Draw(t, "show"),
			Status: []byte(rapid.SampledFrom([]string{"", "hi"}).Draw(t, "status"))})
		if who == at("bob") { // that he goes is not what this is about
			l.g.OnProbe(who, who+"/r")
		}
	case "authorize":
		text := rapid.SampledFrom([]string{"", "share no\nmembers: all\n", "members: availability\n", "jid:bob@example.org: availability show\n", "hide bob@example.org\nmembers: all\n", "outsiders: availability status\n"}).Draw(t, "rules")
		var a *policy.Authorization
		if text != "" {
			var err error
			if a, err = policy.ParseAuthorization(text); err != nil {
				t.Fatal(err)
			}
		}
		_ = l.g.Authorize(ctx, who, a)
	case "nick":
		_ = l.g.SetNick(ctx, who, rapid.SampledFrom([]string{"", "X"}).Draw(t, "nick"))
	case "leave":
		_ = l.g.Leave(ctx, who)
	case "join":
		_ = l.r.AddMembers(ctx, "team", roster.MemberRecord{JID: who, Affiliation: roster.Plain, Ask: roster.Granted})
	case "lost":
		l.g.Lost()
		l.g.Swept(false)
		l.g.OnProbe(at("bob"), at("bob")+"/r") // he is there
	case "doubt":
		l.g.Doubt(rapid.IntRange(1, 5).Draw(t, "turns"))
	}
}

// Who is shown is taken back when the service goes.
func TestShown(t *testing.T) {
	ctx, bob := context.Background(), at("bob")
	rec := team("ann", "bob")
	rec.Contacts = []string{bob}
	s := play(t, rec)
	s.comes("ann", "desk", roster.Online, "")
	if err := s.g.SetResources(ctx, bob, true); err != nil {
		t.Fatal(err)
	}
	for g := s.out.next(); g != nil; g = s.out.next() {
		g.Turn(nil, 1<<20)
	}
	var all []string
	s.g.Shown(func(to string, members []string) { all = append(append(all, to), members...) })
	if !slices.Equal(all, []string{bob, at("ann")}) {
		t.Errorf("%q", all)
	}
}
