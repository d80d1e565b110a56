package roster

import "time"

// A watcher may ask for receipts (XEP-0184): he says which events arrived, and
// what did not is told again when the next sign of life comes from him, as the
// state of that moment: his cursor goes back to what he is known to hold.

// receipts is what is known of what arrived at a watch. Guarded by Group.mu.
type receipts struct {
	sent     []sent // whose arrival is not known, in order
	good     uint64 // last version visible to him that he is known to hold, 0 = none
	doubtful bool   // he was seen to leave before he said so
	waiting  bool   // too much was sent: it is his turn
	tries    int    // to tell him again
}

// sent is one event.
type sent struct {
	id      string
	seen    uint64 // the version visible to him that it brought him to
	at      time.Time
	arrived bool
}

// The bounds: events under way to one watch, attempts to tell it again before
// it is taken as told, and how long a receipt may take.
const (
	maxSent  = 16
	maxTries = 3
	patience = 30 * time.Second
)

// sent notes an event.
func (w *Watch) sent(id string, seen uint64) {
	if r := w.receipts; r != nil {
		r.sent = append(r.sent, sent{id: id, seen: seen, at: w.audience.g.now()})
	}
}

// waits says whether w has to say first what arrived; it is held then.
func (w *Watch) waits() bool {
	r := w.receipts
	if r == nil || len(r.sent) < maxSent {
		return false
	}
	r.waiting = true
	p := w.position()
	w.leave()
	w.lag = &p
	return true
}

// doubt notes that w was seen to leave.
func (w *Watch) doubt() {
	if r := w.receipts; r != nil && len(r.sent) > 0 {
		r.doubtful = true
	}
}

// forgetSent begins anew: w is owed the full state.
func (w *Watch) forgetSent() {
	if w.receipts != nil {
		w.receipts = &receipts{}
	}
}

// Received takes in that the user says that the event of that id arrived.
func (g *Group) Received(bare, id string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, w := range g.byOwner[bare] {
		if w.receipts != nil && w.receipts.arrived(id) && w.receipts.waiting {
			w.receipts.waiting = false
			w.release()
			g.signal()
		}
	}
}

// arrived says whether the event was one of r's.
func (r *receipts) arrived(id string) bool {
	known := false
	for i := range r.sent {
		if r.sent[i].id == id {
			r.sent[i].arrived, known = true, true
		}
	}
	for len(r.sent) > 0 && r.sent[0].arrived {
		r.good, r.tries = r.sent[0].seen, 0
		r.sent = r.sent[1:]
	}
	return known
}

// resend takes w back to what its reader is known to hold, if it is time: he
// showed a sign of life and has not said that the last events arrived.
func (w *Watch) resend() {
	r := w.receipts
	if r == nil || len(r.sent) == 0 {
		return
	}
	g := w.audience.g
	if !r.doubtful && !r.waiting && g.now().Sub(r.sent[0].at) < patience {
		return
	}
	last := r.sent[len(r.sent)-1].seen
	r.sent, r.doubtful, r.waiting = nil, false, false
	if r.tries++; r.tries > maxTries {
		r.good = last
		return
	}
	w.stand(w.back(r.good))
}

// back is the position of who holds the state of that version: as with a
// token, what is too old is none.
func (w *Watch) back(seen uint64) position {
	floor := w.audience.ground()
	if w.own != nil {
		floor = w.own.floor
	}
	if seen == 0 || seen < max(floor, w.moved) {
		return position{}
	}
	return position{cursor: seen, seen: seen, turn: w.position().turn}
}
