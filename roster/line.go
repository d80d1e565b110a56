package roster

import (
	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/policy"
)

// startContact renders the line that a's contacts should show.
func (a *audience) startContact(c *cohort) {
	r := a.g.roster.renderer
	w := a.g.blank()
	w.version, w.since = a.g.version, c.cursor
	w.single = r.ContactStart(w.single, a.g.name)
	l := a.line(nil)
	w.rest, w.vacant = r.Contact(w.rest, l), l.Show == Offline
	w.line = string(w.rest)
	c.walk = w
}

// show appends the aggregate presence for one contact, if it is not what he
// was shown last.
func (a *audience) show(b []byte, c *cohort, w *Watch) []byte {
	rest, last, vacant := c.walk.rest, c.last, c.walk.vacant
	if w.own != nil {
		last = w.own.last
		w.prune()
	}
	if w.own != nil {
		l := a.line(w.own)
		rest, vacant = a.g.roster.renderer.Contact(nil, l), l.Show == Offline
	}
	if c.cursor != 0 && string(rest) == last && leak.Face != "contact" {
		return b
	}
	if w.own != nil {
		w.own.last = string(rest)
	}
	w.shown(vacant)
	interest := a.g.interest(w.rec.Owner)
	if w.own == nil && a.g.together(w, rest, 0, interest) {
		return b
	}
	b = append(append(append(b, c.walk.single...), a.g.route(w)...), rest...)
	return a.g.roster.renderer.ContactEnd(a.g.copyTo(b, w, "", 0), interest)
}

// line is the aggregate presence as a's watchers, or the one with o's
// exceptions, may see it.
func (a *audience) line(o *own) *Line {
	l := &Line{Names: a.g.scratch.names[:0], Badge: a.g.badge(a.basic)}
	if o == nil {
		l.Summary = a.summary()
	} else {
		l.Summary = a.ownSummary(o)
	}
	seen := func(m *member) policy.Mask {
		if x := o.about(m); x != nil {
			return x.mask
		}
		return a.masks[m.slot]
	}
	s := &l.Summary
	l.Show = a.g.show(s, seen)
	for _, m := range a.g.sorted {
		if len(l.Names) == MaxNames || len(l.Names) >= s.Available {
			break
		}
		if mask := seen(m); (mask.Has(policy.Named|policy.Availability) || leak.Face == "line") && m.isAvailable() {
			l.Names = append(l.Names, m.displayName(mask))
		}
	}
	if cap(l.Names) <= keepEntries {
		a.g.scratch.names = l.Names
	}
	return l
}
