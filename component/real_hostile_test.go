package component_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// attack is a stanza that any user can send. TO stands for an address of
// ours, MEMBER for another member's bare JID.
type attack struct{ name, resource, stanza string }

// Whatever users send, members or strangers, to a group, to an unused name or
// to the service: the same connection goes on, requests are answered once, and
// everybody else is served.
func TestHostileUsers(t *testing.T) {
	house.Each(t, func(t *testing.T, server lab.Server) {
		s := stage(t, server, func(c *component.ServiceConfig) {
			c.Limits.ChangeRate, c.Limits.Rate = -1, -1 // after each attack Alice changes, and Bob asks
		})
		for _, u := range []string{"alice", "bob", "carol", "mallory"} {
			s.account(u)
		}
		alice, bob := s.login("alice", "phone"), s.login("bob", "desk")
		team := s.group("team", roster.Settings{Title: "Team"}, "alice", "bob", "carol")
		s.settle()
		s.subscribe(bob, team, "presence", bob.Bare())
		h := &hostility{scene: s, alice: alice, bob: bob, clients: map[string]*lab.Client{}}
		list := append(readAttacks(t), moreAttacks()...)
		for _, user := range []string{"carol", "mallory"} {
			for _, to := range []string{team, s.address("unused"), server.ComponentDomain()} {
				for _, a := range list {
					if !h.survives(user, to, a) {
						t.Errorf("%s sends to %s: %s", user, to, a.name)
					}
				}
			}
		}
		if n := s.wire.count(); n != 1 {
			t.Errorf("%d connections", n)
		}
		t.Logf("%d stanzas", h.sent)
	})
}

type hostility struct {
	*scene
	alice, bob *lab.Client
	clients    map[string]*lab.Client
	sent       int
}

// client is the user's device of that name, logged in anew if the server has
// thrown it out; nil if it does not let him in.
func (h *hostility) client(user, resource string) *lab.Client {
	key := user + "/" + resource
	if c := h.clients[key]; c != nil && c.Err() == nil {
		return c
	}
	c, err := lab.Login(h.ctx, h.server, user+h.suffix, password, resource, lab.ClientOptions{Requests: lab.Approve})
	if err != nil && resource != "r" {
		return nil // not a resource for this server
	}
	h.check(err)
	h.t.Cleanup(func() { _ = c.Close() })
	h.check(c.Online(h.ctx))
	h.clients[key] = c
	return c
}

// survives lets the user send the stanza and looks whether all is well.
func (h *hostility) survives(user, to string, a attack) bool {
	h.t.Helper()
	h.sent++
	id := "h" + strconv.Itoa(h.sent) + "h"
	stanza := strings.NewReplacer("TO", to, "MEMBER", h.bob.Bare(), "SELF", user+h.suffix+"@"+h.server.Host(), "ID", id).Replace(a.stanza)
	c := h.client(user, a.resource)
	if c == nil {
		return true
	}
	h.wire.record()
	_ = c.Send(stanza)
	if err := c.Fence(h.ctx); err != nil && !ended(c) {
		h.t.Error(err)
		return false
	}
	h.settle()
	if c.Err() == nil { // else the server has ended the stream of who sent it
		if err := c.FenceVia(h.ctx, h.server.ComponentDomain()); err != nil {
			h.t.Error(err)
			return false
		}
		if !h.answered(c, id) {
			return false
		}
	}
	return h.served()
}

// ended says whether c, on which something has failed, is at its end: its
// reader may notice a little later than its writer.
func ended(c *lab.Client) bool {
	select {
	case <-c.Done():
		return true
	case <-time.After(10 * time.Second):
		return false
	}
}

// answered says whether the request id got the one answer that is its due.
func (h *hostility) answered(c *lab.Client, id string) bool {
	h.t.Helper()
	answers, last := 0, ""
	for _, st := range c.Received() {
		if st.ID == id && st.Name == "iq" && (st.Type == "result" || st.Type == "error") {
			answers++
			last = st.Raw
		}
	}
	asked := h.delivered(id)
	switch {
	case answers > 1, asked != "" && answers == 0:
		h.t.Errorf("%d answers, the last is %.300s, to %.300s", answers, last, asked)
		return false
	}
	return true
}

// delivered is the request id as the server passed it on, "" if it did not.
func (h *hostility) delivered(id string) string {
	r := frame.NewReader(strings.NewReader(h.wire.recorded()), 1<<24, 1<<20)
	var st frame.Stanza
	for {
		raw, err := r.Next()
		if err != nil {
			return ""
		}
		if frame.Parse(raw, &st) && string(st.Name) == "iq" && string(st.ID) == id && (string(st.Type) == "get" || string(st.Type) == "set") {
			return string(raw)
		}
	}
}

// served says whether the same connection answers, and a member's change
// reaches another.
func (h *hostility) served() bool {
	h.t.Helper()
	pong, err := h.bob.Query(h.ctx, h.server.ComponentDomain(), "get", "<ping xmlns='urn:xmpp:ping'/>")
	h.check(err)
	if pong.Type != "result" || h.wire.count() != 1 {
		h.t.Errorf("%d connections, a ping is answered by %s", h.wire.count(), pong.Raw)
		return false
	}
	word := "status " + strconv.Itoa(h.sent)
	h.check(h.alice.Send("<presence><status>" + word + "</status></presence>"))
	h.hears(h.bob, "<status>"+word+"</status>")
	return true
}

// readAttacks reads testdata/hostile.tsv.
func readAttacks(t testing.TB) (list []attack) {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile.tsv")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Split(strings.TrimSpace(line), "\t")
		if strings.HasPrefix(line, "#") || len(f) != 3 {
			continue
		}
		for i := range f {
			unquoted, err := strconv.Unquote(`"` + strings.ReplaceAll(strings.ReplaceAll(f[i], `"`, `\"`), `\20`, `\\20`) + `"`)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			f[i] = unquoted
		}
		stanza := strings.NewReplacer("'GROUP'", "'TO'", "'GROUP/", "'TO/", "id='x'", "id='ID'").Replace(f[2])
		list = append(list, attack{f[0], f[1], stanza})
	}
	if len(list) < 30 {
		t.Fatalf("only %d hostile stanzas", len(list))
	}
	return list
}

// namespaces is n elements in each other, each with namespaces of its own.
func namespaces(n int) string {
	var b strings.Builder
	for i := range min(n, 60) {
		fmt.Fprintf(&b, "<a xmlns='urn:n%d' xmlns:p%d='urn:m%d'>", i, i, i)
	}
	for i := range n {
		fmt.Fprintf(&b, "<q%d:b xmlns:q%d='urn:q%d' q%d:c='&#x9;'/>", i, i, i, i)
	}
	return b.String() + strings.Repeat("</a>", min(n, 60))
}
