package component

import (
	"testing"

	"github.com/rollcall-xmpp/rollcall/store"
)

// Who changes his mind all the time, on a server that answers nothing, takes
// one of the places in which others wait to be read.
func TestPullingTakesOnePlace(t *testing.T) {
	a := NewService(ServiceConfig{Store: store.Memory(), Link: Config{Domain: testDomain}}).attend
	a.up, a.pullers = true, maxPulls // all are busy
	p, q := proof{nil, "ann@example.org"}, proof{nil, "bob@example.org"}
	for range 1000 {
		a.pull(p)
	}
	a.pull(q)
	if len(a.pulls) != 2 || len(a.pulled) != 2 || !a.pulled[p] || a.pulled[q] {
		t.Errorf("waiting are %d: %v", len(a.pulls), a.pulled)
	}
}
