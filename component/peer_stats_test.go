package component

import (
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

var idOf = regexp.MustCompile(`id='([^']*)'`)

// A peer is said to be as it was last: it refuses, it is not there, it tells.
func TestPeerStats(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	x := newTakerAt(t, func() time.Time { return now })
	is := func(want PeerStats) {
		t.Helper()
		want.Address, want.Taking = "presence.example", 1
		if got := x.s.peerStats()[0]; got != want {
			t.Errorf("it is %+v, want %+v", got, want)
		}
	}
	is(PeerStats{})
	answers := func(kind, condition string) {
		t.Helper()
		r, err := x.s.Link.Out.round()
		if err != nil {
			t.Fatal(err)
		}
		id := idOf.FindSubmatch(r.b)
		x.s.Link.Out.recycle(r.b)
		x.hears("<iq type='error' id='" + string(id[1]) + "' from='presence.example' to='team@groups.example.org'><error type='" + kind + "'><" + condition + " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
	}
	answers("auth", "forbidden")
	is(PeerStats{Last: now, Refused: "forbidden"})

	began := now.Add(time.Minute)
	for range 2 {
		now = now.Add(time.Minute)
		x.s.takings.check(&x.s.cfg.Peers[0]) // who was refused asks again
		answers("wait", "remote-server-timeout")
		is(PeerStats{Last: began.Add(-time.Minute), Away: began})
	}
	now = now.Add(time.Minute)
	x.s.takings.check(&x.s.cfg.Peers[0])
	x.hears(peerEvent("presence.example", "team@groups.example.org", peerItem(tim, "/>"), "<state xmlns='urn:xmpp:tmp:group-presence:0' to='a' full='true'/>"))
	is(PeerStats{Last: now, Heard: 1, Events: 1})
	if _, err := answerOf(nil, ErrDown); !errors.Is(err, ErrDown) {
		t.Error(err)
	}
	if why, err := answerOf(&frame.Stanza{Raw: []byte("<iq type='error'/>")}, nil); why != "for no reason" || err != nil {
		t.Errorf("refused without a reason: %q, %v", why, err)
	}
}
