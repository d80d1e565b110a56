package component

import (
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const (
	nickNode   = "http://jabber.org/protocol/nick"
	avatarNode = "urn:xmpp:avatar:metadata"
)

// heralded is a service whose members' devices say what they can do.
type heralded struct {
	t    *testing.T
	svc  *Service
	p    *peer
	stop func() error
}

func herald4(t *testing.T, members ...string) *heralded {
	t.Helper()
	h := &heralded{t: t}
	h.svc, h.p, h.stop = serve(t, members...)
	h.heard()
	return h
}

// heard is what the service has said since, in the second that it may take its
// time.
func (h *heralded) heard() (all []string) {
	time.Sleep(time.Second) // of the bubble's clock
	synctest.Wait()
	for {
		select {
		case s := <-h.p.in:
			all = append(all, s)
		default:
			return all
		}
	}
}

// capable is the answer of a client, and the hash of it.
func capable(features ...string) (info, ver string) {
	text := "client/pc//Test<"
	info = "<identity category='client' type='pc' name='Test'/>"
	for _, f := range features { // sorted
		text += f + "<"
		info += "<feature var='" + f + "'/>"
	}
	sum := sha1.Sum([]byte(text))
	return info, base64.StdEncoding.EncodeToString(sum[:])
}

func (h *heralded) appears(full, ver string) {
	h.t.Helper()
	h.p.send("<presence from='" + full + "' to='team@" + testDomain + "'><c xmlns='" + pubsub.NSCaps + "' hash='sha-1' node='urn:x' ver='" + ver + "'/></presence>")
}

// questions are the disco#info requests among all, by whom they ask; the rest
// is the events, by to whom they go and the node.
func questions(all []string) (ids map[string]string, events []string) {
	ids = map[string]string{}
	for _, s := range all {
		to := value(s, " to='")
		switch {
		case strings.HasPrefix(s, "<iq type='get'") && strings.Contains(s, "node='urn:x#"):
			ids[to] = value(s, " id='")
		case strings.HasPrefix(s, "<message type='headline'"):
			events = append(events, to+" "+value(s, "<items node='"))
		}
	}
	return ids, events
}

func (h *heralded) answers(full, id, info string) {
	h.t.Helper()
	h.p.send("<iq type='result' from='" + full + "' to='team@" + testDomain + "/group' id='" + id + "'><query xmlns='" + pubsub.NSInfo + "'>" + info + "</query></iq>")
}

func (h *heralded) title(title string) {
	h.t.Helper()
	err := h.svc.Roster.UpdateGroup(context.Background(), "team", func(s *roster.Settings) error {
		s.Title = title
		return nil
	})
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *heralded) events(when string, want ...string) {
	h.t.Helper()
	ids, got := questions(h.heard())
	if fmt.Sprint(got) != fmt.Sprint(want) || len(ids) > 0 {
		h.t.Errorf("%s: told %q, want %q; asked %v", when, got, want, ids)
	}
}

// One device is asked what a hash stands for, and all that say it are told;
// what does not change is told once, and who has gone is told nothing.
func TestHerald(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob", "!cid")
		info, ver := capable(nickNode + "+notify")
		h.appears("ann@example.org/a", ver)
		ids, events := questions(h.heard())
		if len(ids) != 1 || len(events) > 0 {
			t.Fatalf("asked %v, told %v", ids, events)
		}
		h.appears("bob@example.org/b", ver)
		h.appears("cid@example.org/c", ver) // does not share
		h.appears("eve@example.org/e", ver) // a stranger
		h.events("while one is asked")
		h.answers("ann@example.org/a", ids["ann@example.org/a"], info)
		h.events("when it is known", "ann@example.org/a "+nickNode, "bob@example.org/b "+nickNode)
		h.appears("ann@example.org/a", ver)
		h.events("said again")
		h.appears("ann@example.org/a2", ver)
		h.events("another device", "ann@example.org/a2 "+nickNode)
		h.p.send("<presence type='unavailable' from='ann@example.org/a' to='team@" + testDomain + "'/>")
		h.p.send("<presence type='error' from='ann@example.org/a2' to='team@" + testDomain + "'/>")
		h.title("Another")
		h.events("another name", "bob@example.org/b "+nickNode)
		h.title("Another")
		h.events("the same name")
		if err := h.svc.Roster.RemoveMember(t.Context(), "team", "bob@example.org"); err != nil {
			t.Fatal(err)
		}
		h.title("A third")
		h.events("to who is no member any more")
		h.p.leave(h.stop)
	})
}

// Nobody makes others believe what a hash does not prove, nor keeps them from
// being told by not answering.
func TestHeraldBelievesProofs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob", "dan")
		info, ver := capable(nickNode+"+notify", avatarNode+"+notify")
		h.appears("ann@example.org/liar", ver)
		ids, _ := questions(h.heard())
		h.appears("dan@example.org/mute", ver)
		h.appears("bob@example.org/b", ver)
		lie, _ := capable(avatarNode + "+notify")
		h.answers("ann@example.org/liar", ids["ann@example.org/liar"], lie)
		ids, events := questions(h.heard())
		if fmt.Sprint(events) != "[ann@example.org/liar "+avatarNode+"]" || ids["dan@example.org/mute"] == "" {
			t.Fatalf("told %v, asked %v", events, ids)
		}
		time.Sleep(infoTime + time.Second) // of the bubble's clock
		if ids, _ = questions(h.heard()); ids["bob@example.org/b"] == "" {
			t.Fatalf("asked %v", ids)
		}
		h.answers("bob@example.org/b", ids["bob@example.org/b"], info)
		h.events("proven", "bob@example.org/b "+nickNode, "bob@example.org/b "+avatarNode)
		h.p.leave(h.stop)
	})
}

// What cannot be understood says nothing, and leaves nothing behind.
func TestHeraldHostile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann")
		_, ver := capable(nickNode + "+notify")
		wish := "<feature var='" + nickNode + "+notify'/>"
		for name, answer := range map[string]string{
			"error":       "<iq type='error' FROM><error type='cancel'><item-not-found xmlns='" + nsStanzas + "'/></error></iq>",
			"empty":       "<iq type='result' FROM/>",
			"other":       "<iq type='result' FROM><query xmlns='jabber:iq:version'>" + wish + "</query></iq>",
			"large":       "<iq type='result' FROM><query xmlns='" + pubsub.NSInfo + "'>" + wish + strings.Repeat("<feature var='x'/>", 5000) + "</query></iq>",
			"other space": "<iq type='result' FROM><query xmlns='" + pubsub.NSInfo + "'><feature xmlns='urn:x' var='" + nickNode + "+notify'/></query></iq>",
		} {
			full := "ann@example.org/" + name
			h.appears(full, ver)
			ids, _ := questions(h.heard())
			if ids[full] == "" {
				t.Fatalf("%s: not asked", name)
			}
			h.p.send(strings.Replace(answer, "FROM", "from='"+full+"' to='team@"+testDomain+"/group' id='"+ids[full]+"'", 1))
			h.events(name)
		}
		for i, c := range []string{"", "hash='sha-1' node='x'", "hash='sha-1' ver='x' node='" + strings.Repeat("x", maxCaps) + "'", "ver='x' node='x'"} {
			h.p.send(fmt.Sprintf("<presence from='ann@example.org/bad%d' to='team@%s'><c xmlns='%s' %s/></presence>", i, testDomain, pubsub.NSCaps, c))
			if ids, _ := questions(h.heard()); len(ids) > 0 {
				t.Errorf("<c %s/>: asked %v", c, ids)
			}
		}
		h.p.leave(h.stop)
	})
}

// One who says something new with each presence, from many devices, costs no
// more than a few questions at a time and a few places.
func TestHeraldIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob")
		for i := range 50 {
			for j := range 20 {
				h.appears(fmt.Sprintf("ann@example.org/%d", j), fmt.Sprintf("%d.%d", i, j))
			}
		}
		asked := 0
		for _, s := range h.heard() {
			if strings.Contains(s, "node='urn:x#") {
				asked++
			}
		}
		h.svc.herald.mu.Lock()
		devices, inquiries := len(h.svc.herald.groups["team"]["ann@example.org"]), len(h.svc.herald.asking)
		h.svc.herald.mu.Unlock()
		if asked != maxAsking || devices > maxDevices || inquiries > maxInquiries {
			t.Errorf("%d questions, %d devices, %d inquiries", asked, devices, inquiries)
		}
		_, ver := capable(nickNode + "+notify")
		h.appears("bob@example.org/b", ver)
		if ids, _ := questions(h.heard()); ids["bob@example.org/b"] == "" {
			t.Errorf("no room for others: %v", ids)
		}
		time.Sleep(infoTime + time.Second) // of the bubble's clock
		h.svc.herald.mu.Lock()
		busy, inquiries := len(h.svc.herald.busy), len(h.svc.herald.asking)
		h.svc.herald.mu.Unlock()
		if busy+inquiries > 0 {
			t.Errorf("%d are still being asked, %d inquiries", busy, inquiries)
		}
		h.p.leave(h.stop)
	})
}

// Capabilities that were said before cost no allocation.
func TestHeraldAllocations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann")
		_, ver := capable(nickNode + "+notify")
		h.appears("ann@example.org/a", ver)
		h.heard()
		g := h.svc.Roster.Loaded([]byte("team"))
		raw := []byte("<c xmlns='" + pubsub.NSCaps + "' hash='sha-1' node='urn:x' ver='" + ver + "'/>")
		bare, resource := []byte("ann@example.org"), []byte("a")
		var c capsTag
		var in frame.Scanner
		if n := testing.AllocsPerRun(100, func() {
			for in.Reset(raw); in.Next(); {
				if in.Kind == frame.Start {
					c.read(&in)
				}
			}
			h.svc.herald.hear(g, bare, resource, &c)
		}); n > 0 {
			t.Errorf("%v allocations", n)
		}
		h.p.leave(h.stop)
	})
}

// Who changes to and fro while he is asked, and answers nothing, keeps nobody
// else with the same client waiting for long, and takes one place.
func TestHeraldFlapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := herald4(t, "ann", "bob")
		info, ver := capable(nickNode + "+notify")
		for range 100 {
			for j := range 3 {
				h.appears(fmt.Sprintf("ann@example.org/%d", j), ver)
				h.appears(fmt.Sprintf("ann@example.org/%d", j), "other")
			}
		}
		for j := range 3 {
			h.appears(fmt.Sprintf("ann@example.org/%d", j), ver)
		}
		h.appears("bob@example.org/b", ver)
		h.heard()
		h.svc.herald.mu.Lock()
		for caps, q := range h.svc.herald.asking {
			if len(q.rest) > 4 {
				t.Errorf("%d wait to be asked for %s", len(q.rest), caps)
			}
		}
		h.svc.herald.mu.Unlock()
		time.Sleep(maxMute * infoTime) // of the bubble's clock
		ids, _ := questions(h.heard())
		if ids["bob@example.org/b"] == "" {
			t.Fatalf("bob is not asked: %v", ids)
		}
		h.answers("bob@example.org/b", ids["bob@example.org/b"], info)
		if _, events := questions(h.heard()); len(events) == 0 || !strings.HasPrefix(events[0], "bob@example.org/b") {
			t.Errorf("told %q", events)
		}
		h.p.leave(h.stop)
	})
}
