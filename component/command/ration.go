package command

import (
	"sync"
	"time"
)

// A user may say so much at once, and one thing more after each pause. What
// was not understood costs several: two machines that do not understand each
// other are soon silent. Who invites makes us write to people who did not ask
// for it: that has a ration of its own, and so has who tells others something.
const (
	ration        = 20
	pause         = 3 * time.Second
	notUnderstood = 5
	invitations   = 50
	invitePause   = time.Minute
	tells         = 5 // of one user in one group
	tellPause     = 30 * time.Second
	searches      = 20 // each of them looks at all groups
	searchPause   = 3 * time.Second
	createPause   = time.Hour // MaxOwned at once: who leaves what he made may not go on for ever
	maxRations    = 4096      // users; beyond it one of them is forgotten
)

// rations keep two machines from talking to each other for ever, and one from
// talking to everybody.
type rations struct {
	now   func() time.Time
	size  int
	pause time.Duration // after which one thing more may be said

	mu    sync.Mutex
	full  map[string]time.Time // by bare JID, or what else is rationed: when he has all of his ration again
	swept time.Time            // when those were forgotten who have
}

func newRations(now func() time.Time, size int, pause time.Duration) *rations {
	return &rations{now: now, size: size, pause: pause, full: map[string]time.Time{}}
}

// take says whether bare may be answered, and takes cost of his ration if so.
func (r *rations) take(bare string, cost int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if d := now.Sub(r.swept); len(r.full) >= maxRations && (d < 0 || d >= r.pause) {
		r.swept = now
		for who, at := range r.full {
			if !at.After(now) {
				delete(r.full, who)
			}
		}
	}
	at, known := r.full[bare]
	if !known && len(r.full) >= maxRations {
		for who := range r.full { // nobody is kept out by who is many: one of them begins anew
			delete(r.full, who)
			break
		}
	}
	if at.Before(now) {
		at = now
	}
	if most := now.Add(time.Duration(r.size) * r.pause); at.After(most) {
		at = most // the clock was set back
		r.full[bare] = at
	}
	at = at.Add(time.Duration(cost) * r.pause)
	if at.Sub(now) > time.Duration(r.size)*r.pause {
		return false
	}
	r.full[bare] = at
	return true
}
