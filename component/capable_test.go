package component

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/pubsub"
)

const (
	calls = "urn:xmpp:jingle:apps:rtp:audio"
	omemo = "eu.siacs.conversations.axolotl.devicelist+notify"
	files = "urn:xmpp:jingle:apps:file-transfer:5"
)

// sees is the item of somebody as another has it now.
func (h *heralded) sees(watcher, jid string) string {
	h.t.Helper()
	b, err := (&pubsub.Renderer{Domain: testDomain}).View(h.t.Context(), h.svc.Roster.Loaded([]byte("team")), watcher)
	if err != nil {
		h.t.Fatal(err)
	}
	_, item, _ := strings.Cut(string(b), "<item id='"+jid+"'>")
	item, _, _ = strings.Cut(item, "</item>")
	return item
}

// sought lets the service speak, and answers who is asked what a hash is.
func (h *heralded) sought(info string) (asked int) {
	h.t.Helper()
	ids, _ := questions(h.heard())
	for full, id := range ids {
		h.answers(full, id, info)
	}
	synctest.Wait()
	return len(ids)
}

func (h *heralded) allows(jid, text string) {
	h.t.Helper()
	if err := h.svc.Roster.SetPolicy(h.t.Context(), "team", jid, text); err != nil {
		h.t.Fatal(err)
	}
	h.heard()
}

// held is what is kept of all capabilities that were proved.
func (h *heralded) held() (can []string) {
	h.svc.herald.mu.Lock()
	defer h.svc.herald.mu.Unlock()
	for _, p := range h.svc.herald.proven {
		if p.can != nil {
			can = append(can, p.can.Able.Words()...)
		}
	}
	return can
}

const able = "<capabilities can='audio files omemo'><identity category='client' type='pc'/></capabilities>"

// One device proves what a hash stands for, and all that say it can do it.
func TestCapabilities(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob", "cid")
		info, ver := capable(omemo, files, calls)
		h.appears("ann@example.org/a", ver)
		if n := h.sought(info); n != 1 {
			t.Fatalf("%d questions", n)
		}
		if got := h.sees("bob@example.org", "ann@example.org"); !strings.Contains(got, "<device name='a' connection='on'>"+able+"</device>") {
			t.Errorf("proved: %s", got)
		}
		h.appears("cid@example.org/c", ver)
		if n := h.sought(info); n != 0 {
			t.Errorf("%d questions for what is known", n)
		}
		if got := h.sees("bob@example.org", "cid@example.org"); !strings.Contains(got, able) {
			t.Errorf("of another: %s", got)
		}
		// Who says something new can do nothing that is known.
		lie, other := capable(calls)
		h.appears("cid@example.org/c", other)
		h.sought(strings.Replace(lie, "rtp:audio", "rtp:video", 1))
		if got := h.sees("bob@example.org", "cid@example.org"); strings.Contains(got, "capabilities") {
			t.Errorf("not proved: %s", got)
		}
		h.p.leave(h.stop)
	})
}

// What nobody may see is not asked for, nor held; when somebody may, it is.
func TestCapabilitiesNobodyMaySee(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob")
		h.allows("ann@example.org", "members: availability devices")
		info, ver := capable(omemo, files, calls)
		h.appears("ann@example.org/a", ver)
		h.sought(info) // what it wishes is asked all the same
		if got, held := h.sees("bob@example.org", "ann@example.org"), h.held(); strings.Contains(got, "capabilities") || len(held) > 0 {
			t.Errorf("held %v, shown %s", held, got)
		}
		h.allows("ann@example.org", "members: availability capabilities")
		h.appears("ann@example.org/a", ver) // as she is probed
		if n := h.sought(info); n != 1 {
			t.Errorf("%d questions", n)
		}
		if got := h.sees("bob@example.org", "ann@example.org"); !strings.Contains(got, "</presence>"+able+"</member>") {
			t.Errorf("then: %s", got)
		}
		h.allows("ann@example.org", "members: availability devices")
		if got := h.sees("bob@example.org", "ann@example.org"); strings.Contains(got, "capabilities") {
			t.Errorf("no longer: %s", got)
		}
		h.p.leave(h.stop)
	})
}

// A presence that waits for its turn has what was found out meanwhile.
func TestCapabilitiesOfWhatWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob")
		info, ver := capable(omemo, files, calls)
		h.appears("ann@example.org/a", ver)
		ids, _ := questions(h.heard())
		for range 40 { // more than she may change at once
			h.appears("ann@example.org/a", ver)
		}
		h.answers("ann@example.org/a", ids["ann@example.org/a"], info)
		time.Sleep(time.Minute) // of the bubble's clock
		synctest.Wait()
		if got := h.sees("bob@example.org", "ann@example.org"); !strings.Contains(got, able) {
			t.Errorf("%s", got)
		}
		h.p.leave(h.stop)
	})
}

// A way that is interrupted does not end a device; what it does itself says
// that it is there again, and what a server tells again does not.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob")
		h.appears("ann@example.org/a", "x")
		h.heard()
		bounce := func(typ, condition string) string {
			return "<message type='error' from='ann@example.org/a' to='team@" + testDomain + "'><error type='" + typ + "'><" + condition + " xmlns='" + nsStanzas + "'/></error></message>"
		}
		for _, c := range []struct{ stanza, want string }{
			{bounce("wait", "remote-server-timeout"), "interrupted"},
			{"<presence from='ann@example.org/a' to='team@" + testDomain + "'><delay xmlns='urn:xmpp:delay' stamp='1999-01-01T00:00:00Z'/></presence>", "interrupted"},
			{"<presence from='ann@example.org/a' to='team@" + testDomain + "'/>", "on"},
			{bounce("cancel", "remote-server-not-found"), "interrupted"},
			{"<iq type='get' id='v' from='ann@example.org/a' to='team@" + testDomain + "'><query xmlns='" + pubsub.NSItems + "'/></iq>", "on"},
			{bounce("wait", "resource-constraint"), "interrupted"},
			{bounce("wait", "not-acceptable"), ""},
			{"<presence from='ann@example.org/a' to='team@" + testDomain + "'/>", "on"},
			{bounce("cancel", "service-unavailable"), ""},
		} {
			h.p.send(c.stanza)
			h.heard()
			got := h.sees("bob@example.org", "ann@example.org")
			if want := "<device name='a' connection='" + c.want + "'"; (c.want != "") != strings.Contains(got, want) || c.want == "" && strings.Contains(got, "<device") {
				t.Errorf("%s: %s", c.stanza, got)
			}
		}
		h.p.leave(h.stop)
	})
}
