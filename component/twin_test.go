package component

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
)

// The answer to another process' marker says that it is attached with our
// domain. That is said once for each connection; our own late ones, and what
// users send, say nothing.
func TestTwinIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		s := newServer()
		cfg := s.config()
		cfg.Log = logTo(&log)
		said := func() int { return strings.Count(log.String(), "ANOTHER COMPONENT") }
		other := newOutbox(NewLink(s.config()).cfg)
		other.attach()
		strange := other.credit.prefix + "1"

		l, _, stop := start(t, cfg)
		p := s.accept(t, "")
		p.ping("0")
		late := l.Out.credit.prefix + "1"
		for _, a := range []string{
			"id='" + late + "' from='example.org' to='groups.example.org'", "id='x' from='example.org' to='groups.example.org'",
			"id='" + strange + "' from='mallory@example.org/r' to='groups.example.org'", "id='" + strange + "' from='example.org' to='team@groups.example.org'",
		} {
			p.send("<iq type='result' " + a + "/>")
		}
		p.ping("1")
		if n := said(); n != 0 {
			t.Errorf("said %d times that there is another: %s", n, log.String())
		}
		for range 3 {
			p.send("<iq type='error' id='" + strange + "' from='example.org' to='groups.example.org'/>")
		}
		p.ping("2")
		if n := said(); n != 1 {
			t.Errorf("said %d times that there is another", n)
		}
		p.conn.Close()
		p = s.accept(t, "")
		p.send("<iq type='result' id='" + late + "' from='example.org' to='groups.example.org'/>") // of the connection before
		p.ping("3")
		if n := said(); n != 1 {
			t.Errorf("said %d times that there is another", n)
		}
		p.send("<iq type='result' id='" + strange + "' from='example.org' to='groups.example.org'/>")
		p.ping("4")
		if n := said(); n != 2 {
			t.Errorf("said %d times that there is another", n)
		}
		p.leave(stop)
	})
}
