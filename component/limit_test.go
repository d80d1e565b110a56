package component

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

func TestLimiter(t *testing.T) {
	now := time.Unix(1000, 0)
	l := newLimiter(2, 3)
	l.max = 2
	take := func(who string, want ...bool) {
		t.Helper()
		for i, w := range want {
			if got := l.allow([]byte(who), now); got != w {
				t.Errorf("%s, %d: %v", who, i, got)
			}
		}
	}
	take("a", true, true, true, false)
	take("b", true) // nobody pays for another
	now = now.Add(time.Second)
	take("a", true, true, false)
	now = now.Add(-time.Hour) // the clock is set back
	take("a", false)
	take("c", true, true, true, false) // no room: what is left, for all
	take("d", false)
	now = now.Add(2 * time.Hour) // a and b are full again, and forgotten
	take("c", true, true, true, false)
	take("d", true)
	if len(l.buckets) != 2 {
		t.Errorf("%d buckets", len(l.buckets))
	}
	off := newLimiter(-1, 1)
	for range 10 {
		if !off.allow([]byte("a"), now) {
			t.Fatal("there is a limit")
		}
	}
}

// A million strangers take the room of 65,536.
func TestLimiterIsBounded(t *testing.T) {
	now := time.Unix(0, 0)
	l := newLimiter(50, 2000)
	for i := range 200_000 {
		now = now.Add(time.Microsecond)
		l.allow(fmt.Appendf(nil, "u%d@spam.example", i), now)
	}
	if len(l.buckets) > maxBuckets {
		t.Errorf("%d buckets", len(l.buckets))
	}
}

func judge(g *gate, stanza string, now time.Time) verdict {
	var s frame.Stanza
	if !frame.Parse([]byte(stanza), &s) {
		panic(stanza)
	}
	return g.judge(&s, now)
}

// Who asks too much is limited with all his devices; his domain is with all
// its users; the server's own is not, and what members' servers say of them
// is always heard.
func TestGate(t *testing.T) {
	limits := Limits{Rate: 1, Burst: 2, DomainRate: 1, DomainBurst: 5}
	limits.withDefaults()
	g, now := newGate(limits, "home.example"), time.Unix(0, 0)
	want := func(stanza string, v ...verdict) {
		t.Helper()
		for i, v := range v {
			if got := judge(g, stanza, now); got != v {
				t.Errorf("%s, %d: %d, want %d", stanza, i, got, v)
			}
		}
	}
	iq := "<iq from='%s' to='team@g.example' type='get' id='1'/>"
	want(fmt.Sprintf(iq, "a@home.example/1"), hear, hear, limited)
	want(fmt.Sprintf(iq, "a@home.example/2"), limited)
	want("<message from='a@home.example' to='team@g.example'/>", limited)
	want("<presence from='a@home.example' to='team@g.example' type='subscribe'/>", limited)
	want("<presence from='a@home.example' to='team@g.example' type='subscribed'/>", hear, hear, hear)
	for _, always := range []string{"<presence from='a@home.example/1' to='team@g.example'/>", "<presence from='a@home.example/1' to='team@g.example' type='unavailable'/>",
		"<presence from='a@home.example/1' to='team@g.example' type='error'/>", "<message from='a@home.example/1' to='team@g.example' type='error'/>"} {
		want(always, hear, hear, hear, hear, hear, hear)
	}
	for i := range 5 {
		want(fmt.Sprintf(iq, fmt.Sprintf("u%d@spam.example/r", i)), hear)
	}
	want(fmt.Sprintf(iq, "u9@spam.example/r"), limited)
	want(fmt.Sprintf(iq, "u9@other.example/r"), hear)
	for i := range 20 {
		want(fmt.Sprintf(iq, fmt.Sprintf("u%d@home.example/r", i)), hear)
	}
	g.cfg.Domains = []string{"partner.example"}
	want(fmt.Sprintf(iq, "u@stranger.example/r"), foreign)
	want(fmt.Sprintf(iq, "u@sub.partner.example/r"), foreign)
	want("<presence from='u@stranger.example/r' to='team@g.example'/>", foreign)
	want(fmt.Sprintf(iq, "u@partner.example/r"), hear)
	want(fmt.Sprintf(iq, "new@home.example/r"), hear)
}

// A member who changes faster than anybody could read is told more seldom, and
// what is told at last is the last. The others notice nothing.
func TestPace(t *testing.T) { synctest.Test(t, testPace) } // the alarm does not ring by itself there

func testPace(t *testing.T) {
	now := time.Unix(0, 0)
	c := newPace(1, 3, func() time.Time { return now })
	defer c.drop()
	s := NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: "g.example"}})
	rec := &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{
		{JID: "a@x", Affiliation: roster.Plain, Ask: roster.Granted}, {JID: "b@x", Affiliation: roster.Plain, Ask: roster.Granted}}}
	if err := s.Roster.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	g, err := s.Roster.Group(t.Context(), "team")
	if err != nil {
		t.Fatal(err)
	}
	status := []byte("status 00")
	for i := range 50 {
		status[7], status[8] = byte('0'+i/10), byte('0'+i%10)
		c.hear(g, []byte("a@x"), []byte("r"), &roster.Presence{Show: roster.Online, Status: status})
	}
	c.hear(g, []byte("b@x"), []byte("r"), &roster.Presence{Show: roster.Online})
	if delayed, held := c.stats(); delayed != 47 || held != 1 {
		t.Fatalf("%d delayed, %d held", delayed, held)
	}
	l := c.held["team\na@x/r"]
	if l == nil || string(l.p.Status) != "status 49" {
		t.Fatalf("held is %+v", l)
	}
	c.hear(g, []byte("a@x"), []byte("r"), &roster.Presence{Show: roster.Offline})
	if l.p.Show != roster.Offline || len(c.held) != 1 {
		t.Error("an older word would overtake")
	}
	c.tell()
	if len(c.held) != 1 {
		t.Error("told too early")
	}
	now = now.Add(time.Second)
	c.tell()
	if len(c.held) != 0 {
		t.Error("never told")
	}
}

// Other limits count from the next stanza on, for requests and for changes.
func TestSetLimits(t *testing.T) { synctest.Test(t, testSetLimits) } // the alarm does not ring by itself there

func testSetLimits(t *testing.T) {
	now := time.Unix(0, 0)
	s := NewService(ServiceConfig{Link: Config{Domain: "g.example", ServerHost: "home.example"}, Store: store.Memory(),
		Limits: Limits{Rate: 1, Burst: 2, ChangeRate: 1, ChangeBurst: 1}, Now: func() time.Time { return now }})
	turned := func() int {
		var n uint64
		for i := range s.counts.turned {
			n += s.counts.turned[i].Load()
		}
		return int(n)
	}
	ask := func(times int) {
		for range times {
			var st frame.Stanza
			frame.Parse([]byte("<iq from='a@home.example/1' to='g.example' type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>"), &st)
			s.Stanza(&st)
		}
	}
	ask(5)
	if n := turned(); n != 3 {
		t.Errorf("turned away %d", n)
	}
	s.SetLimits(Limits{Rate: -1, ChangeRate: -1})
	ask(50)
	if n := turned(); n != 3 {
		t.Errorf("without a limit: turned away %d", n-3)
	}
	for range 2 {
		if !s.pace.limits.allow([]byte("x"), now) {
			t.Error("changes are limited as before")
		}
	}
	s.SetLimits(Limits{Rate: 1, Burst: 1})
	ask(2)
	if n := turned(); n != 4 {
		t.Errorf("with another limit: turned away %d", n-3)
	}
}
