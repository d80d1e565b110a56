package roster_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// reading is a group whose members' servers are asked what they keep there:
// alice grants her presence, bob watches.
func reading(t *testing.T) (*roster.Group, *outbox, func() string) {
	t.Helper()
	out := &outbox{wake: make(chan struct{}, 1)}
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: out, Renderer: dialect{}, Reads: true})
	rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{
		{JID: "alice@example.org", Affiliation: roster.Plain, Ask: roster.Granted}, {JID: "bob@example.org", Affiliation: roster.Plain}}}
	if err := r.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	g := r.Loaded([]byte("team"))
	if _, err := g.Subscribe(t.Context(), "bob@example.org", "bob@example.org", roster.NodePresence, nil); err != nil {
		t.Fatal(err)
	}
	told := func() string {
		b, _ := g.Turn(nil, 1<<20)
		return string(b)
	}
	told()
	return g, out, told
}

func alice(g *roster.Group, resource string, p roster.Presence) {
	g.Hear([]byte("alice@example.org"), []byte(resource), &p)
}

// Nothing is shown of who comes before his server was asked, and then what he
// said last.
func TestNobodyIsShownUnread(t *testing.T) {
	g, _, told := reading(t)
	alice(g, "phone", roster.Presence{Show: roster.DND, Status: []byte("first")})
	alice(g, "desk", roster.Presence{Show: roster.Online})
	alice(g, "phone", roster.Presence{Show: roster.Away, Status: []byte("second")})
	alice(g, "desk", roster.Presence{})
	if got := told(); got != "" {
		t.Fatalf("told before: %s", got)
	}
	if got := g.Unread(); !slices.Equal(got, []string{"alice@example.org"}) {
		t.Fatalf("unread: %v", got)
	}
	status := policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: policy.Availability | policy.Status}}}
	if err := g.OnElsewhere(t.Context(), "alice@example.org", &status); err != nil {
		t.Fatal(err)
	}
	g.Read("alice@example.org")
	if got := told(); !strings.Contains(got, "second") || strings.Contains(got, "away") || strings.Contains(got, "desk") {
		t.Fatalf("told %q", got)
	}
	// Who is there already is shown at once, but a new device is a reason to ask.
	alice(g, "phone", roster.Presence{Show: roster.Away, Status: []byte("third")})
	if got := told(); !strings.Contains(got, "third") || len(g.Unread()) != 0 {
		t.Fatalf("told %q", got)
	}
	alice(g, "desk", roster.Presence{Show: roster.Chat, Status: []byte("fourth")})
	if got := told(); !strings.Contains(got, "fourth") || len(g.Unread()) != 1 {
		t.Fatalf("told %q", got)
	}
	if g.Read("alice@example.org"); told() != "" {
		t.Error("reading alone changes nothing")
	}
}

// Who goes, or takes his approval back, before his server answered was never
// there; nor is he after a policy that denies all.
func TestParkedIsForgotten(t *testing.T) {
	ctx := context.Background()
	for name, f := range map[string]func(g *roster.Group){
		"goes":     func(g *roster.Group) { alice(g, "phone", roster.Presence{}) },
		"all go":   func(g *roster.Group) { alice(g, "", roster.Presence{}) },
		"withdrew": func(g *roster.Group) { g.Approves("alice@example.org", false) },
		"denies":   func(g *roster.Group) { _ = g.OnUnsubscribed(ctx, "alice@example.org") },
		"policy":   func(g *roster.Group) { _ = g.OnElsewhere(ctx, "alice@example.org", &policy.Authorization{}) },
		"own":      func(g *roster.Group) { _ = g.Authorize(ctx, "alice@example.org", &policy.Authorization{}) },
		"lost":     func(g *roster.Group) { g.Lost(); g.Swept(false) },
	} {
		t.Run(name, func(t *testing.T) {
			g, _, told := reading(t)
			alice(g, "phone", roster.Presence{Show: roster.Online, Status: []byte("secret")})
			f(g)
			g.Read("alice@example.org")
			if got := told(); strings.Contains(got, "secret") || strings.Contains(got, "phone") {
				t.Errorf("told %q", got)
			}
		})
	}
}

// Of whom nothing was held it is not known whether he is there: when more is
// granted his server is asked.
func TestLoosenedFromNothingProbes(t *testing.T) {
	g, _, told := reading(t)
	if err := g.OnElsewhere(t.Context(), "alice@example.org", &policy.Authorization{}); err != nil {
		t.Fatal(err)
	}
	alice(g, "phone", roster.Presence{Show: roster.Online, Status: []byte("held")})
	g.Unread()
	g.Read("alice@example.org")
	if err := g.OnElsewhere(t.Context(), "alice@example.org", nil); err != nil {
		t.Fatal(err)
	}
	if _, probe := g.Wants(); !slices.Equal(probe, []string{"alice@example.org"}) {
		t.Fatalf("probes %v", probe)
	}
	alice(g, "phone", roster.Presence{Show: roster.Online, Status: []byte("shown")})
	g.Read("alice@example.org")
	if got := told(); !strings.Contains(got, "shown") {
		t.Errorf("told %q", got)
	}
}

// After a lost link every member's server is asked, and the group is silent
// meanwhile by itself.
func TestLostIsUnread(t *testing.T) {
	g, _, told := reading(t)
	g.Lost()
	if got := g.Unread(); !slices.Equal(got, []string{"alice@example.org"}) {
		t.Fatalf("unread: %v", got)
	}
	alice(g, "phone", roster.Presence{Show: roster.Online, Status: []byte("there")})
	if got := told(); got != "" {
		t.Fatalf("told before: %s", got)
	}
	if len(g.Unread()) != 0 || !g.Swept(true) {
		t.Error("asked twice")
	}
	if got := told(); !strings.Contains(got, "there") {
		t.Errorf("told %q", got)
	}
	if !g.Grants("alice@example.org") || g.Grants("bob@example.org") || !slices.Equal(g.Granted(), []string{"alice@example.org"}) {
		t.Error("who grants?")
	}
}
