package fake

import (
	"slices"
	"time"
)

// fromClient handles what a client sent.
func (s *Server) fromClient(c *stream, st stanza) {
	st.from = c.full
	switch st.name {
	case "presence":
		s.presenceFrom(c, st)
	case "iq", "message":
		if st.to == "" {
			st.to = c.user.bare
		}
		s.route(st)
	}
}

// fromComponent handles what the component sent.
func (s *Server) fromComponent(c *stream, st stanza) {
	if st.from == "" {
		st.from = c.full
	}
	if domain(st.from) != c.full {
		s.leave(c)
		c.finish("invalid-from")
		return
	}
	if st.to == "" {
		c.put(st.bounce("modify", "bad-request").xml())
		return
	}
	s.route(st)
}

// route delivers a stanza whose addresses are right.
func (s *Server) route(st stanza) {
	switch to := domain(st.to); {
	case to == s.cfg.Host:
		s.local(st)
	case s.components[to] != nil:
		s.components[to].put(st.xml())
	case s.serves(to):
		s.refuse(st, "wait", "remote-server-timeout")
	default:
		s.refuse(st, "cancel", "not-allowed") // no s2s
	}
}

// refuse sends an error back, except for errors and results.
func (s *Server) refuse(st stanza, typ, condition string) {
	if st.typ != "error" && st.typ != "result" {
		s.route(st.bounce(typ, condition))
	}
}

func (s *Server) local(st stanza) {
	if st.to == s.cfg.Host {
		s.host(st)
		return
	}
	u := s.userOf(st.to)
	switch {
	case st.name == "presence":
		if u != nil {
			s.presenceTo(u, st)
		}
	case u == nil:
		s.refuse(st, "cancel", "service-unavailable")
	case st.name == "message":
		s.message(u, st)
	case st.to == u.bare:
		s.account(u, st)
	default:
		if to := u.session(st.to); to != nil {
			to.put(st.xml())
		} else {
			s.refuse(st, "cancel", "service-unavailable")
		}
	}
}

// host answers for the server itself.
func (s *Server) host(st stanza) {
	local, space := st.child()
	switch {
	case st.name != "iq" || st.typ != "get" && st.typ != "set":
	case space == "urn:xmpp:ping":
		s.route(st.reply("result", ""))
	case space == "http://jabber.org/protocol/disco#info" && local == "query":
		s.route(st.reply("result", "<query xmlns='http://jabber.org/protocol/disco#info'>"+
			"<identity category='server' type='im' name='Fake'/><feature var='urn:xmpp:ping'/></query>"))
	default:
		s.refuse(st, "cancel", "service-unavailable")
	}
}

// account answers on behalf of a user's bare JID: his roster to himself, what
// the account is to who is subscribed to his presence.
func (s *Server) account(u *user, st stanza) {
	_, space := st.child()
	if own := u.session(st.from); own != nil && space == "jabber:iq:roster" {
		s.rosterQuery(u, own, st)
		return
	}
	if k := u.contacts[bare(st.from)]; k != nil && k.from && st.typ == "get" && space == "http://jabber.org/protocol/disco#info" {
		s.route(st.reply("result", "<query xmlns='http://jabber.org/protocol/disco#info'>"+
			"<identity category='account' type='registered'/></query>"))
		return
	}
	s.refuse(st, "cancel", "service-unavailable")
}

// message delivers to a user (RFC 6121 §8.5).
func (s *Server) message(u *user, st stanza) {
	if to := u.session(st.to); to != nil {
		to.put(st.xml())
		return
	}
	switch st.typ {
	case "error":
	case "groupchat":
		s.refuse(st, "cancel", "service-unavailable")
	case "headline":
		if st.to != u.bare {
			return
		}
		for _, to := range u.sessions {
			if to.presence != nil && to.presence.priority() >= 0 {
				to.put(st.xml())
			}
		}
	default:
		top := 0
		for _, to := range u.sessions {
			if to.presence != nil {
				top = max(top, to.presence.priority())
			}
		}
		sent := false
		for _, to := range u.sessions {
			if to.presence != nil && to.presence.priority() == top {
				to.put(st.xml())
				sent = true
			}
		}
		if !sent {
			st.inner += s.delay()
			u.offline = append(u.offline, st)
		}
	}
}

func (s *Server) delay() string {
	return "<delay xmlns='urn:xmpp:delay' from='" + s.cfg.Host + "' stamp='" + s.cfg.Now().UTC().Format(time.RFC3339) + "'/>"
}

// leave takes a stream out of the game: nothing more comes from it.
func (s *Server) leave(st *stream) {
	if st.gone {
		return
	}
	st.gone = true
	if st.user == nil {
		if s.components[st.full] == st {
			delete(s.components, st.full)
		}
		return
	}
	s.unavailable(st, stanza{name: "presence", from: st.full, typ: "unavailable"})
	st.user.sessions = slices.DeleteFunc(st.user.sessions, func(o *stream) bool { return o == st })
}
