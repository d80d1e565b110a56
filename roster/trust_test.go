package roster_test

import (
	"errors"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

const calendar = "calendar@bots.example.org"

func trusting(t *testing.T, g *roster.Group, jid string, all ...roster.Trust) {
	t.Helper()
	if err := g.Trust(t.Context(), jid, func([]roster.Trust) ([]roster.Trust, error) { return all, nil }); err != nil {
		t.Fatal(err)
	}
}

// Only who is named by the member himself may speak for him, about what he was
// named for, and for no longer than that; a restart changes nothing.
func TestTrusts(t *testing.T) {
	kept := store.Memory()
	r, _, g := playOn(t, kept, team("ann", "bob"))
	if g.Trusts(at("ann"), calendar) != 0 {
		t.Error("trusted by nobody's word")
	}
	trusting(t, g, at("ann"), roster.Trust{Bot: calendar, May: policy.Willingness | policy.Connection})
	for _, c := range []struct {
		member, bot string
		may         policy.Mask
	}{{at("ann"), calendar, policy.Willingness | policy.Connection}, {at("bob"), calendar, 0}, {at("eve"), calendar, 0}, {at("ann"), at("bob"), 0}} {
		if got := g.Trusts(c.member, c.bot); got != c.may {
			t.Errorf("%s for %s: %s", c.bot, c.member, got)
		}
	}
	for _, bad := range [][]roster.Trust{
		{{Bot: at("ann"), May: policy.Status}}, {{Bot: calendar}}, {{Bot: calendar, May: policy.Mood}}, {{Bot: calendar + "/x", May: policy.Status}},
		{{Bot: "Calendar@x", May: policy.Status}}, {{Bot: calendar, May: policy.Status}, {Bot: calendar, May: policy.Status}}, {{Bot: "a b@x", May: policy.Status}},
		{{Bot: "a@x", May: 8}, {Bot: "b@x", May: 8}, {Bot: "c@x", May: 8}, {Bot: "d@x", May: 8}, {Bot: "e@x", May: 8}},
	} {
		var invalid *roster.InvalidError
		if err := g.Trust(t.Context(), at("ann"), func([]roster.Trust) ([]roster.Trust, error) { return bad, nil }); !errors.As(err, &invalid) {
			t.Errorf("%v: %v", bad, err)
		}
	}
	if err := g.Trust(t.Context(), at("eve"), func([]roster.Trust) ([]roster.Trust, error) { return nil, nil }); !errors.Is(err, roster.ErrNoGroup) {
		t.Errorf("a stranger trusts: %v", err)
	}
	again := roster.New(roster.Options{Store: kept, Outbox: &outbox{}, Renderer: dialect{}, Now: time.Now})
	h, err := again.Group(t.Context(), "team")
	if err != nil || h.Trusts(at("ann"), calendar) != policy.Willingness|policy.Connection {
		t.Errorf("after a restart: %v, %v", h.Trusts(at("ann"), calendar), err)
	}
	// Who changes a member's record leaves that alone, and who leaves trusts nobody.
	if err := r.UpdateMember(t.Context(), "team", at("ann"), func(m *roster.MemberRecord) error { m.Nick, m.Trusts, m.Said = "A", "", "x"; return nil }); err != nil {
		t.Fatal(err)
	}
	if g.Trusts(at("ann"), calendar) == 0 {
		t.Error("another changed whom she trusts")
	}
	if err := r.RemoveMember(t.Context(), "team", at("ann")); err != nil {
		t.Fatal(err)
	}
	if err := r.AddMembers(t.Context(), "team", roster.MemberRecord{JID: at("ann"), Affiliation: roster.Plain, Trusts: calendar + " status\n"}); err != nil {
		t.Fatal(err)
	}
	if g.Trusts(at("ann"), calendar) != 0 {
		t.Error("trusted by somebody else's word")
	}
}

// Of who has left nothing that he said is held, nor whom he trusted, although his
// name is for a while.
func TestLeftNothing(t *testing.T) {
	_, _, g := playOn(t, store.Memory(), team("ann", "bob"))
	trusting(t, g, at("bob"), roster.Trust{Bot: calendar, May: policy.Status})
	if err := g.Say(t.Context(), at("bob"), func([]roster.Willing) ([]roster.Willing, error) {
		return []roster.Willing{{App: "voice", No: true}}, nil
	}); err != nil {
		t.Fatal(err)
	}
	if g.Words(at("bob")) == "" {
		t.Fatal("nothing is held")
	}
	if err := g.Leave(t.Context(), at("bob")); err != nil {
		t.Fatal(err)
	}
	if held := g.Words(at("bob")); held != "" {
		t.Errorf("held is %s", held)
	}
}
