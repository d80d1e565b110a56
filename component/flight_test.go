package component

import (
	"testing"
	"time"
)

// What the server has confirmed has arrived; what it has not is in doubt when
// the connection ends, turn by turn.
func TestDoubt(t *testing.T) {
	o := newOutbox(NewLink(Config{Domain: "groups.example.org", ServerHost: "example.org", Window: 96 << 10}).cfg)
	o.attach()
	say := func(k *talker, stanzas int) {
		t.Helper()
		k.left += stanzas
		o.Ready(k)
		r, err := o.round()
		if err != nil || k.left != 0 {
			t.Fatalf("round: %v, %d left", err, k.left)
		}
		o.recycle(r.b)
	}
	early, late, silent := &talker{name: "early", size: 1000}, &talker{name: "late", size: 1000}, &talker{name: "silent"}
	say(early, 50) // more than a marker's distance: one stands behind it
	say(late, 3)
	say(early, 2)
	say(late, 1)
	say(silent, 0)
	o.mu.Lock()
	marks := len(o.credit.marks)
	acked := marks > 0 && o.credit.ack([]byte(o.credit.server), []byte(o.credit.prefix+"1"), time.Now())
	o.land()
	o.mu.Unlock()
	if !acked {
		t.Fatalf("no marker behind 50 kB (%d marks)", marks)
	}
	o.detach()
	if early.doubt != 1 || late.doubt != 2 || silent.doubt != 0 {
		t.Errorf("in doubt: early %d, late %d, silent %d; want 1, 2, 0", early.doubt, late.doubt, silent.doubt)
	}
	o.attach()
	o.detach()
	if early.doubt != 1 || late.doubt != 2 {
		t.Errorf("doubted twice: early %d, late %d", early.doubt, late.doubt)
	}
}
