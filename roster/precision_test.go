package roster_test

import (
	"errors"
	"log/slog"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// How exactly a member is located is his to say: it is stored, an admin cannot
// say it for him, and who comes back has said nothing.
func TestPrecisionIsHis(t *testing.T) {
	const ann = "ann@example.org"
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"}, Log: slog.New(slog.DiscardHandler)})
	rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: ann, Affiliation: roster.Plain}}}
	if err := r.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	g := r.Loaded([]byte("team"))
	if err := g.SetPrecision(t.Context(), ann, roster.Region); err != nil {
		t.Fatal(err)
	}
	if err := r.UpdateMember(t.Context(), "team", ann, func(m *roster.MemberRecord) error {
		m.Nick, m.Precision = "Ann", roster.Exact
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	stored := func() roster.Precision {
		t.Helper()
		rec, err := r.ShowGroup(t.Context(), "team")
		if err != nil {
			t.Fatal(err)
		}
		return rec.Member(ann).Precision
	}
	if p, err := g.Precision(ann); p != roster.Region || err != nil || stored() != roster.Region {
		t.Errorf("%s, %v, stored %s", p, err, stored())
	}
	for _, jid := range []string{"stranger@example.org", ""} {
		if err := g.SetPrecision(t.Context(), jid, roster.Exact); !errors.Is(err, roster.ErrNoGroup) {
			t.Errorf("%q: %v", jid, err)
		}
	}
	if err := r.RemoveMember(t.Context(), "team", ann); err != nil {
		t.Fatal(err)
	}
	if err := r.AddMembers(t.Context(), "team", roster.MemberRecord{JID: ann, Affiliation: roster.Plain, Precision: roster.Country}); err != nil {
		t.Fatal(err)
	}
	if stored() != roster.Exact {
		t.Errorf("who comes back has said %s", stored())
	}
}

// What is finer than is allowed by now is not taken in, and what was goes at
// once, not what is as coarse.
func TestPlaceIsNotFiner(t *testing.T) {
	c := newCrowd(t, 3, 1, roster.NodePresence)
	ann := c.jids[1]
	a := policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: policy.Availability | policy.Location}}}
	if err := c.g.Authorize(t.Context(), ann, &a); err != nil {
		t.Fatal(err)
	}
	c.drain()
	told := func() bool { return c.drain() > 0 }
	c.g.HearPlace(ann, roster.Exact, []byte("<street/>"))
	if !told() {
		t.Fatal("nothing is told")
	}
	if err := c.g.SetPrecision(t.Context(), ann, roster.Locality); err != nil || !told() {
		t.Errorf("what is finer stays: %v", err)
	}
	c.g.HearPlace(ann, roster.Near, []byte("<street/>"))
	if told() {
		t.Error("what is finer is taken in")
	}
	c.g.HearPlace(ann, roster.Locality, []byte("<town/>"))
	if !told() {
		t.Error("what is allowed is not taken in")
	}
	c.g.HearPlace(ann, roster.Exact, nil)
	if !told() {
		t.Error("what is taken back stays")
	}
	c.g.HearPlace(ann, roster.Locality, []byte("<town/>"))
	told()
	if err := c.g.SetPrecision(t.Context(), ann, roster.Exact); err != nil || told() {
		t.Errorf("what may be finer is forgotten: %v", err)
	}
}

// A device is asked what time it is when its member comes, once in a period,
// and only of him who lets somebody see it.
func TestClocks(t *testing.T) {
	c := newCrowd(t, 2, 1, roster.NodePresence)
	ann := c.jids[1]
	asked := func() bool {
		c.g.Sought()
		return c.g.Pull(ann)&policy.Timezone != 0
	}
	gone := func() { c.g.Hear([]byte(ann), []byte("desk"), &roster.Presence{}) }
	c.hear(ann, "here")
	if !asked() || asked() {
		t.Error("not asked once")
	}
	gone()
	c.hear(ann, "again")
	if asked() {
		t.Error("asked again in a period")
	}
	gone()
	c.g.Retime(func(string) bool { return true })
	if asked() {
		t.Error("asked while she is away")
	}
	c.hear(ann, "back")
	if !asked() {
		t.Error("not asked in the next")
	}
	if got := c.g.Speaker(ann); got != "desk" {
		t.Errorf("%s speaks", got)
	}
	a := policy.Authorization{Share: true, Rules: []policy.Rule{{Who: policy.Who{Class: policy.Members}, Attributes: policy.Availability}}}
	if err := c.g.Authorize(t.Context(), ann, &a); err != nil {
		t.Fatal(err)
	}
	c.g.Retime(func(string) bool { return true })
	if asked() {
		t.Error("asked what nobody sees")
	}
}
