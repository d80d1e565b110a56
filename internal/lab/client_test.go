package lab_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

func TestTwoClients(t *testing.T) {
	house.Each(t, func(t *testing.T, s lab.Server) {
		alice := login(t, s, "two-a", "phone", lab.ClientOptions{Requests: lab.Approve})
		bob := login(t, s, "two-b", "desk", lab.ClientOptions{})
		if alice.JID() != "two-a@example.org/phone" || alice.Bare() != "two-a@example.org" {
			t.Errorf("bound %q", alice.JID())
		}
		must(t, alice.Online(deadline(t)))
		must(t, bob.Online(deadline(t)))
		send(t, bob, "<presence to='two-a@example.org' type='subscribe'/>")
		await(t, bob, "consent", presence("two-a@example.org", "subscribed"))
		await(t, bob, "presence", presence(alice.JID(), ""))
		send(t, alice, "<message to='two-b@example.org/desk' type='chat'><body>R&amp;D</body></message>")
		m := await(t, bob, "message", func(s lab.Stanza) bool { return s.Name == "message" && s.Type == "chat" })
		if m.From != alice.JID() || !strings.Contains(m.Raw, "R&amp;D") {
			t.Errorf("message arrived as %s", m.Raw)
		}
		alice.Drop()
		await(t, bob, "end of a dropped stream", presence(alice.JID(), "unavailable"))
		must(t, bob.Close())
	})
}

func TestDeniedRequest(t *testing.T) {
	house.Each(t, func(t *testing.T, s lab.Server) {
		alice := login(t, s, "deny-a", "phone", lab.ClientOptions{Requests: lab.Deny})
		bob := login(t, s, "deny-b", "desk", lab.ClientOptions{})
		must(t, alice.Online(deadline(t)))
		must(t, bob.Online(deadline(t)))
		send(t, bob, "<presence to='deny-a@example.org' type='subscribe'/>")
		await(t, bob, "denial", presence("deny-a@example.org", "unsubscribed"))
	})
}

func TestFenceComesBehindWhatWasSentBefore(t *testing.T) {
	const many = 200
	house.Each(t, func(t *testing.T, s lab.Server) {
		comp := attach(t, s, lab.ClientOptions{})
		alice := login(t, s, "fence", "phone", lab.ClientOptions{})
		count := func(c *lab.Client) (n int) {
			for _, s := range c.Received() {
				if s.Type == "chat" {
					n++
				}
			}
			return n
		}
		for range many {
			send(t, alice, "<message to='fence@example.org/phone' type='chat'><body>note</body></message>")
		}
		must(t, alice.Fence(deadline(t)))
		if n := count(alice); n != many {
			t.Errorf("%d of %d messages were there behind the fence", n, many)
		}
		for range many {
			send(t, comp, "<message from='team@groups.example.org' to='fence@example.org/phone' type='chat'><body>note</body></message>")
		}
		must(t, alice.FenceVia(deadline(t), "groups.example.org"))
		if n := count(alice); n != 2*many {
			t.Errorf("%d of %d messages were there behind the fence via the component", n, 2*many)
		}
	})
}

func TestWaitTakesEachStanzaOnce(t *testing.T) {
	s := house.Server(t, "fake")
	c := login(t, s, "wait", "phone", lab.ClientOptions{})
	for i := range 4 {
		send(t, c, fmt.Sprintf("<message id='m%d' to='wait@example.org/phone' type='chat'/>", i))
	}
	must(t, c.Fence(deadline(t)))
	for _, id := range []string{"m2", "m0", "m1"} { // in any order
		await(t, c, id, func(s lab.Stanza) bool { return s.ID == id })
	}
	if got := await(t, c, "the rest", func(lab.Stanza) bool { return true }); got.ID != "m3" {
		t.Errorf("%s was left", got.ID)
	}
	if left := c.Unread(); len(left) != 0 {
		t.Errorf("unread: %v", left)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Wait(ctx, func(lab.Stanza) bool { return true }); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting in vain gave %v", err)
	}
	log := c.Received()
	for i := 1; i < len(log); i++ {
		if log[i].Time.Before(log[i-1].Time) {
			t.Errorf("the log is out of order: %v", log)
		}
	}
}

func TestEndedStreamWakesWhoWaits(t *testing.T) {
	s := house.Server(t, "fake")
	attach(t, s, lab.ClientOptions{OnStanza: func([]byte) {}}) // holds the domain
	c := login(t, s, "wake", "phone", lab.ClientOptions{})
	failed := make(chan error)
	go func() {
		_, err := c.Wait(t.Context(), func(lab.Stanza) bool { return false })
		failed <- err
	}()
	go func() {
		_, err := c.Query(t.Context(), "wake@example.org/other", "get", "<never/>")
		for err == nil { // an error answer, until the stream is gone
			_, err = c.Query(t.Context(), "wake@example.org/other", "get", "<never/>")
		}
		failed <- err
	}()
	c.Drop()
	for range 2 {
		if err := <-failed; err == nil {
			t.Error("waited on an ended stream, without error")
		}
	}
	if _, err := c.Query(t.Context(), "", "get", "<x/>"); !errors.Is(err, lab.ErrClosed) {
		t.Errorf("a query behind the end gave %v", err)
	}
}

// TestAnswers: what a client does by itself.
func TestAnswers(t *testing.T) {
	house.Each(t, func(t *testing.T, s lab.Server) {
		asker := attach(t, s, lab.ClientOptions{})
		alice := login(t, s, "answers", "phone", lab.ClientOptions{Features: []string{"urn:example+notify"}})
		must(t, alice.Online(deadline(t)))
		must(t, alice.Fence(deadline(t)))
		for payload, want := range map[string]string{
			"<ping xmlns='urn:xmpp:ping'/>":                                       "result",
			"<query xmlns='http://jabber.org/protocol/disco#info' node='n&lt;'/>": "urn:example+notify",
			"<query xmlns='jabber:iq:roster'/>":                                   "service-unavailable",
			"<unheard-of xmlns='urn:example'/>":                                   "service-unavailable",
		} {
			answer, err := asker.Query(deadline(t), alice.JID(), "get", payload)
			must(t, err)
			if answer.From != alice.JID() || !strings.Contains(answer.Raw, want) {
				t.Errorf("%s got %s", payload, answer.Raw)
			}
		}
		for _, s := range alice.Received() {
			if s.Name == "iq" && !s.Housekeeping {
				t.Errorf("not housekeeping: %s", s.Raw)
			}
		}
	})
}

func TestManyClients(t *testing.T) {
	const many = 50
	house.Each(t, func(t *testing.T, s lab.Server) {
		var heard atomic.Int64
		hook := func(raw []byte) {
			if strings.HasPrefix(string(raw), "<message") {
				heard.Add(1)
			}
		}
		comp := attach(t, s, lab.ClientOptions{})
		var all []*lab.Client
		for i := range many {
			all = append(all, login(t, s, fmt.Sprintf("many%d", i), "r", lab.ClientOptions{OnStanza: hook}))
			send(t, comp, "<message from='groups.example.org' to="+lab.Attr(all[i].JID())+"><body>hi</body></message>")
		}
		for _, c := range all {
			must(t, c.FenceVia(deadline(t), "groups.example.org"))
		}
		if heard.Load() != many {
			t.Errorf("%d of %d messages were heard", heard.Load(), many)
		}
		if log := all[0].Received(); len(log) != 0 {
			t.Errorf("a client with a hook has a log: %v", log)
		}
	})
}

// TestComponents: more components than one, each with what is addressed to it.
func TestComponents(t *testing.T) {
	for name, start := range map[string]func(context.Context, lab.Options) (lab.Server, error){
		"fake": lab.StartFake, "prosody": lab.StartProsody, "ejabberd": lab.StartEjabberd,
	} {
		t.Run(name, func(t *testing.T) {
			s, err := start(deadline(t), lab.Options{Components: []string{"hr.example.org"}, Modules: lab.Minimal})
			must(t, err)
			t.Cleanup(func() { must(t, s.Stop()) })
			groups := attach(t, s, lab.ClientOptions{})
			hr := attach(t, s, lab.ClientOptions{Component: "hr.example.org"})
			send(t, hr, "<message from='hr.example.org' to='team@groups.example.org'><body>there</body></message>")
			await(t, groups, "a message", func(s lab.Stanza) bool { return s.From == "hr.example.org" })
			send(t, groups, "<message from='team@groups.example.org' to='a@hr.example.org'><body>back</body></message>")
			await(t, hr, "an answer", func(s lab.Stanza) bool { return s.From == "team@groups.example.org" })
		})
	}
}
