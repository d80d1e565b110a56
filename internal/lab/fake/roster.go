package fake

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// user is an account.
type user struct {
	bare     string
	password string
	sessions []*stream           // in the order of their login
	contacts map[string]*contact // by bare JID; also those not in the roster
	offline  []stanza
}

// contact is one entry of a roster, and what is remembered of strangers.
type contact struct {
	to, from bool    // subscription: to = the user sees the contact
	ask      bool    // the user's request is unanswered
	approved bool    // pre-approval
	pending  *stanza // the contact's request, unanswered
	listed   bool    // in the roster; else a stranger whose request is kept
	name     string
	groups   string // raw
}

func (s *Server) userOf(jid string) *user {
	name, _, ok := strings.Cut(bare(jid), "@")
	if !ok {
		return nil
	}
	return s.users[name]
}

func (u *user) session(full string) *stream {
	for _, c := range u.sessions {
		if c.full == full {
			return c
		}
	}
	return nil
}

func (u *user) contact(jid string) *contact {
	k := u.contacts[jid]
	if k == nil {
		k = &contact{}
		u.contacts[jid] = k
	}
	return k
}

// order is the contacts in an order that does not change from run to run.
func (u *user) order() []string { return slices.Sorted(maps.Keys(u.contacts)) }

func (k *contact) item(jid string) string {
	b := append([]byte("<item jid='"), frame.AppendAttr(nil, jid)...)
	b = append(b, "' subscription='"...)
	switch {
	case k.to && k.from:
		b = append(b, "both"...)
	case k.to:
		b = append(b, "to"...)
	case k.from:
		b = append(b, "from"...)
	default:
		b = append(b, "none"...)
	}
	b = append(b, '\'')
	if k.ask {
		b = append(b, " ask='subscribe'"...)
	}
	if k.name != "" {
		b = append(frame.AppendAttr(append(b, " name='"...), k.name), '\'')
	}
	return string(b) + ">" + k.groups + "</item>"
}

const rosterQuery = "<query xmlns='jabber:iq:roster'>"

// push tells the user's clients about one contact (RFC 6121 §2.1.6).
func (s *Server) push(u *user, jid string) {
	if k := u.contacts[jid]; k.listed {
		s.pushItem(u, k.item(jid))
	}
}

func (s *Server) pushItem(u *user, item string) {
	s.lastID++
	st := stanza{name: "iq", id: fmt.Sprintf("push%d", s.lastID), typ: "set", inner: rosterQuery + item + "</query>"}
	u.tell(st, func(c *stream) bool { return c.interested })
}

// rosterQuery answers a roster get or set of the user's own client.
func (s *Server) rosterQuery(u *user, c *stream, st stanza) {
	st.to = "" // from the account itself
	switch st.typ {
	case "get":
		c.interested = true
		var items strings.Builder
		for _, jid := range u.order() {
			if k := u.contacts[jid]; k.listed {
				items.WriteString(k.item(jid))
			}
		}
		c.put(st.reply("result", rosterQuery+items.String()+"</query>").xml())
	case "set":
		c.put(st.reply("result", "").xml())
		s.rosterSet(u, c, st)
	}
}

func (s *Server) rosterSet(u *user, c *stream, st stanza) {
	var in frame.Scanner
	for in.Reset([]byte(st.inner)); in.Next(); {
		if in.Kind != frame.Start || string(in.Local()) != "item" {
			continue
		}
		jid, name := bare(plain(in.Attr("jid"))), plain(in.Attr("name"))
		remove := string(in.Attr("subscription")) == "remove"
		var groups string
		if raw := string(in.Element()); strings.Contains(raw, "<group") {
			_, groups, _ = strings.Cut(raw, ">")
			groups = strings.TrimSuffix(strings.TrimSpace(groups), "</item>")
		}
		if !remove {
			k := u.contact(jid)
			k.listed, k.name, k.groups = true, name, groups
			s.push(u, jid)
			continue
		}
		k := u.contacts[jid]
		if k == nil {
			continue
		}
		delete(u.contacts, jid)
		s.forget(u, c, jid, k)
	}
}

// forget tells a contact that it was removed, as Prosody does: from the full
// JID of who removed it.
func (s *Server) forget(u *user, c *stream, jid string, k *contact) {
	s.pushItem(u, "<item jid='"+string(frame.AppendAttr(nil, jid))+"' subscription='remove'/>")
	if k.from || k.pending != nil {
		s.route(stanza{name: "presence", from: c.full, to: jid, typ: "unsubscribed"})
	}
	if k.to || k.ask {
		s.showAll(u, jid, "unavailable")
		s.route(stanza{name: "presence", from: c.full, to: jid, typ: "unsubscribe"})
	}
}
