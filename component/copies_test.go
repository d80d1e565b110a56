package component

import (
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// copier is a talker some of whose stanzas go to a multicast service.
type copier struct {
	talker
	stanzas, extra int // of the next turn
	hurry          bool
	landed         int
}

func (k *copier) Copied() (extra, stanzas int, hurry bool) {
	extra, stanzas, hurry = k.extra, k.stanzas, k.hurry
	k.extra, k.stanzas, k.hurry = 0, 0, false
	return extra, stanzas, hurry
}

func (k *copier) Landed(stanzas int) { k.landed += stanzas }

// What went to the multicast service has arrived when the service says so: the
// server's own answer speaks for nothing that is there. Copies use up credit.
func TestMarkersOfCopies(t *testing.T) {
	const service = "multicast.example.org"
	o := newOutbox(NewLink(Config{Domain: "groups.example.org", ServerHost: "example.org"}).cfg)
	o.Multicast(service)
	o.attach()
	k := &copier{talker: talker{name: "k", size: 1000}}
	round := func() (marker frame.Stanza) {
		t.Helper()
		o.Ready(k)
		r, err := o.round()
		if err != nil {
			t.Fatal(err)
		}
		if i := strings.Index(string(r.b), "<iq "); i >= 0 {
			frame.Parse([]byte(string(r.b[i:])), &marker)
		}
		o.recycle(r.b)
		return marker
	}
	first := round() // every connection begins with one
	if string(first.To) != "example.org" || !o.ack(first.To, first.ID) {
		t.Fatalf("the first marker: %s", first.Raw)
	}
	k.left, k.stanzas, k.extra = 1, 1, 5000
	if m := round(); m.Raw != nil {
		t.Fatalf("a marker that nobody needs: %s", m.Raw)
	}
	if free, want := o.credit.free(), o.credit.window-6000; free != want {
		t.Fatalf("%d bytes of credit, want %d", free, want)
	}
	k.hurry = true
	o.Ready(k)
	m := round()
	switch {
	case string(m.To) != service:
		t.Fatalf("somebody waits for the service, and the marker is %s", m.Raw)
	case o.ack([]byte("example.org"), m.ID) || k.landed > 0:
		t.Fatal("the server answered for the service")
	}
	k.left = 40 // singly: behind the copies all the same
	if next := round(); string(next.To) != service {
		t.Fatalf("a marker that could overtake the copies: %s", next.Raw)
	}
	if !o.ack([]byte(service), m.ID) || k.landed != 1 {
		t.Fatalf("%d have landed", k.landed)
	}
	k.left, k.stanzas = 1, 1
	round()
	if o.detach(); k.doubt == 0 {
		t.Fatal("nothing is in doubt although copies were under way")
	}
}

// What the service answers is what is done.
func TestMulticastFaults(t *testing.T) {
	for _, test := range []struct {
		name, why         string
		most              int
		messages, present int
	}{
		{"message", "not-acceptable", 20, 10, 20},
		{"message", "not-acceptable", 3, 1, 20},
		{"presence", "not-acceptable", 4, 20, 2},
		{"message", "bad-request", 20, 20, 20},
		{"message", "jid-malformed", 20, 20, 20},
		{"message", "forbidden", 20, 0, 0},
		{"presence", "remote-server-not-found", 20, 0, 0},
		{"message", "", 20, 0, 0},
	} {
		s := NewService(ServiceConfig{Link: Config{Domain: "groups.example.org"}})
		s.copier.use(roster.Multicast{Service: "multicast.example.org", Domain: "example.org", Messages: 20, Presences: 20})
		s.copier.fault(test.name, test.why, test.most)
		if in := s.copier.stats(); in.Messages != test.messages || in.Presences != test.present {
			t.Errorf("%s of a %s for %d: %+v", test.why, test.name, test.most, in)
		}
	}
}

// What the service says of itself.
func TestMulticastLimits(t *testing.T) {
	form := func(values string) discoInfo {
		i := discoInfo{Fields: []discoField{{"FORM_TYPE", "http://jabber.org/protocol/address"}}}
		for _, v := range strings.Fields(values) {
			name, value, _ := strings.Cut(v, "=")
			i.Fields = append(i.Fields, discoField{name, value})
		}
		return i
	}
	for _, test := range []struct {
		info              discoInfo
		messages, present int
	}{
		{discoInfo{}, 20, 20},
		{form(""), 20, 20},
		{form("message=100"), 100, 20},
		{form("message=infinite presence=5"), 1000, 5},
		{form("message=-1 presence=1000000"), 0, 1000},
		{discoInfo{Fields: []discoField{{"FORM_TYPE", "urn:else"}, {"message", "100"}}}, 20, 20},
	} {
		if m, p := test.info.limit("message"), test.info.limit("presence"); m != test.messages || p != test.present {
			t.Errorf("%+v: %d and %d", test.info, m, p)
		}
	}
}
