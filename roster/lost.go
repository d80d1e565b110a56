package roster

import (
	"sync"
	"time"
)

// Lost says since when nothing is known of a source any more, and why. The
// lists that came from it stay as they were last.
type Lost struct {
	Since time.Time
	Why   string // for admins
}

// lost remembers it of sources, and of single groups of theirs. It is the last
// lock of all.
type lost struct {
	mu  sync.Mutex
	all map[lostKey]Lost
}

type lostKey struct{ source, group string }

// SourceLost marks a source whose lists may be old, or with the name of a group
// that one of them is: nothing else changes. The first mark of several stays.
func (r *Roster) SourceLost(source, group string, since time.Time, why string) {
	r.lost.mu.Lock()
	defer r.lost.mu.Unlock()
	k := lostKey{source, group}
	if was, ok := r.lost.all[k]; ok {
		since = was.Since
	}
	if r.lost.all == nil {
		r.lost.all = map[lostKey]Lost{}
	}
	r.lost.all[k] = Lost{since, why}
}

// SourceBack takes the mark back. [Roster.Mirror] does so for its group.
func (r *Roster) SourceBack(source, group string) {
	r.lost.mu.Lock()
	defer r.lost.mu.Unlock()
	delete(r.lost.all, lostKey{source, group})
}

// Lost is the mark of a source, or without one of that group's list.
func (r *Roster) Lost(source, group string) (l Lost, is bool) {
	r.lost.mu.Lock()
	defer r.lost.mu.Unlock()
	if l, is = r.lost.all[lostKey{source, ""}]; !is && group != "" {
		l, is = r.lost.all[lostKey{source, group}]
	}
	return l, is
}
