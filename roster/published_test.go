package roster_test

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What is too large, alone or beside the rest, is not held; what it was to take
// the place of is gone.
func TestPublishedIsBounded(t *testing.T) {
	c := newCrowd(t, 2, 1, roster.NodePresence)
	say := func(kind policy.Mask, n int) bool {
		return c.g.HearItem(c.jids[1], kind, []byte(strings.Repeat("x", n)))
	}
	if !say(policy.Mood, roster.MaxPublished) || say(policy.Tune, roster.MaxPublished+1) {
		t.Error("one may have another size")
	}
	if say(policy.Mood, roster.MaxPublished+1) {
		t.Error("it may grow")
	}
	fit := 0
	for _, kind := range []policy.Mask{policy.Mood, policy.Activity, policy.Tune, policy.Nickname, policy.Avatar} {
		if say(kind, roster.MaxPublished) {
			fit += roster.MaxPublished
		}
	}
	if fit > roster.MaxPublishedAll || fit+roster.MaxPublished <= roster.MaxPublishedAll {
		t.Errorf("%d bytes fit", fit)
	}
	if say(policy.Mood, 1); !say(policy.Avatar, roster.MaxPublished) {
		t.Error("room is not given back")
	}
}

// What looks as it did is not told: neither what changes while its member is
// away, nor what PIDF has no words for.
func TestPublishedUnseen(t *testing.T) {
	c := newCrowd(t, 3, 1, roster.NodePresence)
	me, ann := c.jids[0], c.jids[1]
	if c.g.HearItem(ann, policy.Mood, []byte("<a/>")); c.drain() == 0 {
		t.Fatal("nothing is told")
	}
	if c.g.HearItem(ann, policy.Mood, []byte("<a/>")); c.drain() > 0 {
		t.Error("the same is told twice")
	}
	c.g.Hear([]byte(ann), []byte("desk"), &roster.Presence{})
	c.drain()
	if c.g.HearItem(ann, policy.Mood, []byte("<b/>")); c.drain() > 0 {
		t.Error("told of who is away")
	}
	c.hear(ann, "back")
	if c.turn(); !strings.Contains(string(c.buf), "<b/>") {
		t.Errorf("not told when she is back: %s", c.buf)
	}
	wish, _, err := c.g.Wish(me, me, roster.NodePresence, "")
	if err != nil {
		t.Fatal(err)
	}
	wish.Manner.Format = roster.FormatPIDF
	if err := c.g.Reconfigure(t.Context(), me, me, roster.NodePresence, "", &wish); err != nil {
		t.Fatal(err)
	}
	c.drain()
	if c.g.HearItem(ann, policy.Mood, []byte("<c/>")); c.drain() > 0 {
		t.Error("told in PIDF, which does not say it")
	}
}
