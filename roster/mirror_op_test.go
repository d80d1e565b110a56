package roster_test

import (
	"context"
	"errors"
	"slices"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func (o op) onMirror(s *stage) error {
	ctx := context.Background()
	switch o.kind {
	case "adopt":
		return s.r.Adopt(ctx, "", s.g.Name(), o.source)
	case "release":
		return s.r.Release(ctx, "", s.g.Name())
	}
	_, err := s.r.Mirror(ctx, o.source, o.basic)
	return err
}

// inMirror makes the model what the list says, the plainest way.
func (o op) inMirror(w *world) error {
	switch {
	case o.kind == "adopt" && w.source != "":
		return roster.ErrForeign
	case o.kind == "adopt":
		w.source = o.source
		return nil
	case o.kind == "release" && w.source == "":
		return errors.New("has no source")
	case o.kind == "release":
		w.source = ""
		return nil
	case w.source != o.source:
		return roster.ErrGroupExists
	}
	w.settings.Title, w.settings.Language, w.settings.Attributes = o.basic.Title, o.basic.Language, o.basic.Attributes
	for jid, p := range w.people {
		if !slices.ContainsFunc(o.basic.Members, func(m roster.BasicMember) bool { return m.JID == jid }) {
			no := p.rec.Ask == roster.Refused || p.auth != nil && !p.auth.Share
			if no {
				w.decline(jid)
			}
			if w.forget(jid); !no && p.auth != nil {
				w.said[jid] = p.auth
			}
		}
	}
	w.dismiss()
	w.between() // each member is a change of the counts by itself
	says := slices.ContainsFunc(o.basic.Members, func(m roster.BasicMember) bool { return m.Affiliation != roster.None })
	for _, m := range o.basic.Members {
		p := w.people[m.JID]
		if m.Affiliation == roster.None {
			m.Affiliation = roster.Plain
			if p != nil && !says {
				m.Affiliation = p.rec.Affiliation
			}
		}
		if p == nil {
			if w.declined[m.JID] && w.said[m.JID] == nil {
				w.said[m.JID] = &policy.Authorization{}
			}
			delete(w.declined, m.JID)
			p = &person{auth: w.said[m.JID], rec: roster.MemberRecord{JID: m.JID}}
			w.people[m.JID] = p
		}
		p.rec.Nick, p.rec.Affiliation, p.rec.Roles, p.rec.Attributes = m.Nick, m.Affiliation, m.Roles, m.Attributes
		w.keep()
		w.dismiss()
		w.between()
	}
	w.keep()
	w.dismiss()
	return nil
}

func (w *world) decline(jid string) {
	if w.declined == nil {
		w.declined = map[string]bool{}
	}
	w.declined[jid] = true
}

// keepers are who may keep the group's list.
var keepers = []string{"hr", "rooms", "sheet"}

// drawBasic draws what a source says: the same as before but for some, or
// something else.
func drawBasic(t *rapid.T, w *world) *roster.Basic {
	set := drawSettings(t)
	b := &roster.Basic{Name: "team", Title: set.Title, Language: set.Language, Attributes: set.Attributes}
	if rapid.Bool().Draw(t, "same title") {
		b.Title, b.Language, b.Attributes = w.settings.Title, w.settings.Language, w.settings.Attributes
	}
	for _, j := range subset(t, everybody, "list") {
		m := drawRecord(t, j)
		if p := w.people[j]; p != nil && rapid.Bool().Draw(t, "same") {
			m = p.rec.Clone()
		}
		b.Members = append(b.Members, roster.BasicMember{JID: j, Nick: m.Nick, Affiliation: m.Affiliation, Roles: m.Roles, Attributes: m.Attributes})
	}
	return b
}
