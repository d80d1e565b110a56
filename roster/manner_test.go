package roster_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func TestMannerText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := roster.Manner{Digest: rapid.SampledFrom([]int{0, 100, 60_000}).Draw(t, "digest"), Receipts: rapid.Bool().Draw(t, "receipts")}
		switch rapid.IntRange(0, 2).Draw(t, "lease") {
		case 0:
			m.While = true
		case 1:
			m.Until = noon.Add(time.Duration(rapid.IntRange(0, 1000).Draw(t, "until")) * time.Second)
		}
		m.Shows = rapid.SliceOfDistinct(rapid.SampledFrom([]roster.Show{roster.XA, roster.Away, roster.DND, roster.Online, roster.Chat}), rapid.ID[roster.Show]).Draw(t, "shows")
		text := m.String()
		once, err := roster.ParseManner(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		twice, err := roster.ParseManner(once.String())
		if err != nil || once.String() != twice.String() || !once.Until.Equal(m.Until) || once.While != m.While || once.Digest != m.Digest || once.Receipts != m.Receipts {
			t.Fatalf("%q is read as %q, %v", text, once.String(), err)
		}
	})
	for _, text := range []string{"digest 99", "digest x", "until tomorrow", "show busy", "until 2026-01-01T00:00:00Z\nwhile available", "x"} {
		if m, err := roster.ParseManner(text); err == nil {
			t.Errorf("%q is read as %+v", text, m)
		}
	}
}

// FuzzManner: what is read is written, and read again the same.
func FuzzManner(f *testing.F) {
	f.Add("until 2026-01-01T00:00:00Z\nshow away\nshow dnd\ndigest 1000\nreceipts asked")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := roster.ParseManner(text)
		if err != nil {
			return
		}
		if again, err := roster.ParseManner(m.String()); err != nil || again.String() != m.String() {
			t.Fatalf("%q, then %q: %v", m.String(), again.String(), err)
		}
	})
}

// Several subscriptions of one address: each has its own wish, and says which
// it is.
func TestSeveral(t *testing.T) {
	s := newScene(t, team("ann", "bob", "cid"))
	s.ok(s.takes("one", "bob", roster.Manner{}))
	s.said("bob: full ann bob cid")
	rec, err := s.g.Subscribe(t.Context(), at("bob"), at("bob"), roster.NodePresence, &policy.Receiving{Members: []string{at("ann")}})
	s.ok(err)
	s.ids[rec.ID] = "two"
	s.said("bob/two: full ann")
	s.is("cid", "desk", roster.Online)
	s.said("bob/one: cid")
	s.is("ann", "desk", roster.Online)
	s.said("bob/one: ann", "bob/two: ann")

	// The same wish once more is the same subscription; none is any.
	s.ok(s.takes("three", "bob", roster.Manner{}))
	s.said("bob/one: full ann bob cid")
	if n := len(s.g.Subscriptions(at("bob"))); n != 2 {
		t.Errorf("%d subscriptions", n)
	}

	ask := func(id string) error {
		_, _, err := s.g.Wish(at("bob"), at("bob"), roster.NodePresence, id)
		return err
	}
	for id, want := range map[string]error{"": roster.ErrSubIDRequired, "x": roster.ErrInvalidSubID, s.id("two"): nil} {
		if err := ask(id); err != want {
			t.Errorf("options of %q: %v, want %v", id, err, want)
		}
		if want == nil {
			continue
		}
		if err := s.g.Unsubscribe(t.Context(), at("bob"), at("bob"), roster.NodePresence, id); err != want {
			t.Errorf("unsubscribe %q: %v, want %v", id, err, want)
		}
	}
	if err := s.g.Unsubscribe(t.Context(), at("ann"), at("ann"), roster.NodePresence, s.id("two")); err != roster.ErrNoSubscription {
		t.Errorf("somebody else's: %v", err)
	}
	s.ok(s.g.Unsubscribe(t.Context(), at("bob"), at("bob"), roster.NodePresence, s.id("one")))
	s.is("ann", "desk", roster.Away)
	s.said("bob: ann") // the only one again
	for i := range roster.MaxSubscriptions {
		err = s.takes(fmt.Sprint(i), "bob", roster.Manner{Digest: 1000 + i})
	}
	if !errors.Is(err, roster.ErrLimit) {
		t.Errorf("one more than there may be: %v", err)
	}
}

// A lease ends at its time, with a notice; it is renewed by options, and kept
// in the store.
func TestLease(t *testing.T) {
	s := newScene(t, team("ann", "bob"))
	s.ok(s.takes("one", "bob", roster.Manner{Until: noon.Add(time.Hour)}))
	s.said("bob: full ann bob")
	s.g.Expire(t.Context())
	s.over()
	s.now = noon.Add(59 * time.Minute)
	s.ok(s.g.Reconfigure(t.Context(), at("bob"), at("bob"), roster.NodePresence, "", &roster.Wish{Manner: roster.Manner{Until: noon.Add(2 * time.Hour)}}))
	s.now = noon.Add(time.Hour)
	s.g.Expire(t.Context())
	s.over()
	rec, err := s.r.ShowGroup(t.Context(), "team")
	s.ok(err)
	if m := rec.Subscriptions[0].Manner; m != "until 2026-03-01T14:00:00Z" {
		t.Errorf("stored is %q", m)
	}
	s.now = noon.Add(2 * time.Hour)
	s.g.Expire(t.Context())
	s.over("presence bob")
	s.is("ann", "desk", roster.Online)
	s.said()
	var bad *roster.InvalidError
	if err := s.takes("two", "bob", roster.Manner{Until: s.now}); !errors.As(err, &bad) {
		t.Errorf("a lease in the past: %v", err)
	}
}

// A lease on presence lasts while the watcher is online, where that is known.
func TestLeaseOnPresence(t *testing.T) {
	s := newScene(t, team("ann", "bob"))
	if err := s.takes("one", "bob", roster.Manner{While: true}); err != roster.ErrNoPresence {
		t.Errorf("who is not there: %v", err)
	}
	s.is("bob", "desk", roster.Online)
	s.is("bob", "phone", roster.Away)
	s.ok(s.takes("one", "bob", roster.Manner{While: true}))
	s.said("bob: full ann bob")
	s.is("bob", "desk", roster.Offline)
	s.g.Expire(t.Context())
	s.over()
	s.said("bob: bob")
	s.is("bob", "phone", roster.Offline)
	s.g.Expire(t.Context())
	s.over("presence bob")

	// Nor where nobody can tell any more.
	s.is("bob", "desk", roster.Online)
	s.ok(s.takes("two", "bob", roster.Manner{While: true}))
	s.ok(s.g.OnUnsubscribed(t.Context(), at("bob")))
	s.g.Expire(t.Context())
	s.over("presence bob")
	if err := s.takes("three", "bob", roster.Manner{While: true}); err != roster.ErrNoPresence {
		t.Errorf("whose presence is not known: %v", err)
	}
}

// The group sees by itself that a lease is over.
func TestLeaseEndsByItself(t *testing.T) {
	s := newScene(t, team("ann", "bob"))
	s.is("bob", "desk", roster.Online)
	s.ok(s.takes("one", "bob", roster.Manner{While: true}))
	s.is("bob", "desk", roster.Offline)
	for deadline := time.Now().Add(10 * time.Second); len(s.g.Subscriptions(at("bob"))) > 0; {
		if time.Now().After(deadline) {
			t.Fatal("it never ends")
		}
	}
}

// Only while he is one of what he says; what he missed comes at once.
func TestShowValues(t *testing.T) {
	s := newScene(t, team("ann", "bob", "cid"))
	s.is("bob", "desk", roster.Online)
	s.ok(s.takes("one", "bob", roster.Manner{Shows: []roster.Show{roster.Online, roster.Chat}}))
	s.said("bob: full ann bob cid")
	s.is("bob", "desk", roster.DND)
	s.is("ann", "desk", roster.Online)
	s.is("ann", "desk", roster.Away)
	s.said()
	s.g.Alive(at("bob") + "/desk") // is no other mood
	s.said()
	s.is("bob", "desk", roster.Chat)
	s.said("bob: ann bob")
	s.is("bob", "desk", roster.Offline)
	s.is("cid", "desk", roster.Online)
	s.said()
	s.is("bob", "desk", roster.Away) // back, but not so
	s.said()
	s.is("bob", "phone", roster.Online) // one device is enough
	s.said("bob: bob cid")

	// He may change his mind, and who takes his presence back is told anything.
	s.is("bob", "phone", roster.Offline)
	s.is("ann", "desk", roster.Online)
	s.said()
	s.ok(s.g.Reconfigure(t.Context(), at("bob"), at("bob"), roster.NodePresence, "", &roster.Wish{Manner: roster.Manner{Shows: []roster.Show{roster.Away}}}))
	s.said("bob: ann bob")
	s.ok(s.g.OnUnsubscribed(t.Context(), at("cid")))
	if err := s.takes("two", "cid", roster.Manner{Shows: []roster.Show{roster.Away}}); err != roster.ErrNoPresence {
		t.Errorf("whose presence is not known: %v", err)
	}
}

// A digest has the latest of everybody who changed, once in a period, also
// beside others who are told at once.
func TestDigest(t *testing.T) {
	s := newScene(t, team("ann", "bob", "cid"))
	s.ok(s.takes("one", "bob", roster.Manner{Digest: roster.MaxDelivery}))
	s.ok(s.takes("two", "cid", roster.Manner{}))
	s.said("bob: full ann bob cid", "cid: full ann bob cid") // a first state does not wait
	s.is("ann", "desk", roster.Online)
	s.said("cid: ann")
	s.is("ann", "desk", roster.Away)
	s.is("bob", "desk", roster.Online)
	s.said("cid: ann bob")
	s.g.Deliver()
	s.said("bob: ann bob")
	s.is("ann", "desk", roster.DND)
	s.said("cid: ann")

	// Who wants it at once after all gets what he missed, and goes on.
	s.ok(s.g.Reconfigure(t.Context(), at("bob"), at("bob"), roster.NodePresence, "", &roster.Wish{}))
	s.said("bob: ann")
}

// Watchers cannot make a group run any number of clocks.
func TestDigestsAreFew(t *testing.T) {
	s := newScene(t, team("ann", "bob", "cid", "dan", "eve", "fay", "gus"))
	periods := map[int]bool{}
	for i, name := range []string{"ann", "bob", "cid", "dan", "eve", "fay", "gus"} {
		for n := range 20 {
			ms := 1000 + i*100 + n
			s.ok(s.takes("", name, roster.Manner{Digest: ms}))
		}
		for _, rec := range s.g.Subscriptions(at(name)) {
			m, err := roster.ParseManner(rec.Manner)
			s.ok(err)
			periods[m.Digest] = true
		}
	}
	if len(periods) > 50 {
		t.Errorf("%d periods", len(periods))
	}
	for ms := range periods {
		if ms < 1000 {
			t.Errorf("more often than anybody asked for: %d", ms)
		}
	}
}

// What was not acknowledged is told again, as things stand then, when he is
// back; what was is not.
func TestReceipts(t *testing.T) {
	s := newScene(t, team("ann", "bob", "cid"))
	s.is("bob", "desk", roster.Online)
	s.ok(s.takes("one", "bob", roster.Manner{Receipts: true}))
	s.said("bob: full ann bob cid")
	if !s.got[0].tail.Receipt {
		t.Error("no receipt is asked for")
	}
	first := s.got[0]
	s.g.Received(at("bob"), first.id)
	s.is("ann", "desk", roster.Online)
	s.said("bob: ann")
	lost := s.got[0]
	s.g.Received(at("ann"), lost.id) // is not his to say
	s.g.Received(at("bob"), "x")
	s.g.Alive(at("bob") + "/desk") // it may still be under way
	s.said()
	s.is("bob", "desk", roster.Offline)
	s.is("cid", "desk", roster.Online)
	s.said()
	s.is("bob", "desk", roster.Online)
	s.said("bob: ann bob cid")
	if got := s.got[0].stamp; got.From != first.stamp.To {
		t.Errorf("begins at %q, he holds %q", got.From, first.stamp.To)
	}
	s.g.Received(at("bob"), s.got[0].id)
	s.now = s.now.Add(time.Hour)
	s.g.Alive(at("bob") + "/desk")
	s.said()

	// A receipt may take its time, but not for ever.
	s.is("ann", "desk", roster.Away)
	s.said("bob: ann")
	s.g.Alive(at("bob") + "/desk")
	s.said()
	s.now = s.now.Add(time.Minute)
	s.g.Alive(at("bob") + "/desk")
	s.said("bob: ann")
}

// Who says nothing is told only so much, and not for ever the same.
func TestReceiptsAreBounded(t *testing.T) {
	s := newScene(t, team("ann", "bob"))
	s.ok(s.takes("one", "bob", roster.Manner{Receipts: true}))
	s.said("bob: full ann bob")
	events := 0
	for i := range 100 {
		s.is("ann", "desk", []roster.Show{roster.Away, roster.Online}[i%2])
		for g := s.out.next(); g != nil; g = s.out.next() {
			b, _ := g.Turn(nil, 1<<20)
			events += len(read(s, b))
		}
	}
	if events < 10 || events > 20 {
		t.Errorf("%d events to who says nothing", events)
	}
	again := 0
	for range 20 {
		s.now = s.now.Add(time.Hour)
		s.g.Alive(at("bob") + "/desk")
		for g := s.out.next(); g != nil; g = s.out.next() {
			b, _ := g.Turn(nil, 1<<20)
			again += len(read(s, b))
		}
	}
	if again < 1 || again > 5 {
		t.Errorf("told %d times again", again)
	}
}
