package roster

import (
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
)

// shown takes in what the contact w is about to be told. mu is held.
func (w *Watch) shown(vacant bool) {
	switch {
	case !vacant:
		w.vacant = time.Time{}
	case w.vacant.IsZero():
		w.vacant = w.audience.g.now()
	}
}

// Vacant is since when jid, who has the group as a contact, was told that
// nobody is there; the zero time if he was told that somebody is, or nothing yet. It is what
// he could have noted himself, and so tells him nothing of who hides from him:
// when somebody left whom he could not see at the time, or what happened before
// he could see anything, is not in it. ErrForbidden for whom the group is no
// contact, ErrNoGroup.
func (g *Group) Vacant(jid string) (time.Time, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	who := g.watcher(jid)
	if err := g.mayWatch(&who); err != nil {
		return time.Time{}, err
	}
	w := g.contact(jid)
	switch {
	case w == nil:
		return time.Time{}, ErrForbidden
	case leak.Face == "last":
		return time.Unix(-int64(g.clock), 0), nil // by what others do
	}
	return w.vacant, nil
}
