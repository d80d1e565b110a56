package fake

import "slices"

// presenceFrom handles presence that a client sent.
func (s *Server) presenceFrom(c *stream, st stanza) {
	u := c.user
	switch {
	case st.to == "" && st.typ == "":
		s.available(c, st)
	case st.to == "" && st.typ == "unavailable":
		s.unavailable(c, st)
	case st.to == "":
		c.put(st.bounce("modify", "bad-request").xml())
	case st.typ == "probe":
		s.route(st)
	case st.typ == "subscribe", st.typ == "subscribed", st.typ == "unsubscribe", st.typ == "unsubscribed":
		if to := bare(st.to); to != u.bare {
			s.subscriptionFrom(u, st.with(u.bare, to))
		}
	default: // directed (RFC 6121 §4.6)
		if k := u.contacts[bare(st.to)]; k == nil || !k.from {
			if st.typ == "" {
				c.directed[st.to] = true
			} else {
				delete(c.directed, st.to)
			}
		}
		s.route(st)
	}
}

// available is initial or changed presence (RFC 6121 §4.2, §4.4).
func (s *Server) available(c *stream, st stanza) {
	u, initial := c.user, c.presence == nil
	c.put(st.with(c.full, "").xml())
	s.broadcast(c, st)
	kept := st
	kept.inner += s.delay()
	c.presence = &kept
	if !initial {
		return
	}
	probe := stanza{name: "presence", from: c.full, typ: "probe"}
	for _, jid := range u.order() {
		if u.contacts[jid].to {
			s.route(probe.with(c.full, jid))
		}
	}
	for _, other := range u.sessions {
		if other != c && other.presence != nil {
			c.put(other.presence.with(other.full, c.full).xml())
		}
	}
	for _, jid := range u.order() {
		if k := u.contacts[jid]; k.pending != nil {
			c.put(k.pending.with(jid, u.bare).xml())
		}
		if u.contacts[jid].ask {
			s.route(stanza{name: "presence", from: u.bare, to: jid, typ: "subscribe"})
		}
	}
	if c.presence.priority() >= 0 {
		for _, m := range u.offline {
			c.put(m.xml())
		}
		u.offline = nil
	}
}

// unavailable is the end of a presence session (RFC 6121 §4.5).
func (s *Server) unavailable(c *stream, st stanza) {
	if c.presence != nil {
		s.broadcast(c, st)
	}
	if !c.gone {
		c.put(st.with(c.full, "").xml())
	}
	c.presence = nil
	for jid := range c.directed {
		s.route(st.with(c.full, jid))
	}
	clear(c.directed)
}

// broadcast sends presence to the user's other devices and to the subscribers.
func (s *Server) broadcast(c *stream, st stanza) {
	for _, other := range c.user.sessions {
		if other != c && other.presence != nil {
			other.put(st.with(c.full, other.full).xml())
		}
	}
	for _, jid := range c.user.order() {
		if c.user.contacts[jid].from {
			s.route(st.with(c.full, jid))
		}
	}
}

// presenceTo handles presence that arrives for a user.
func (s *Server) presenceTo(u *user, st stanza) {
	switch st.typ {
	case "", "unavailable", "error":
		for _, to := range u.sessions {
			if st.to == to.full || st.to == u.bare && to.presence != nil {
				to.put(st.xml())
			}
		}
	case "probe":
		if k := u.contacts[bare(st.from)]; k != nil && k.from {
			s.showTo(u, st.from)
		}
	default:
		s.subscriptionTo(u, st.with(bare(st.from), u.bare))
	}
}

// showTo sends a user's current presence to jid (RFC 6121 §4.3.2).
func (s *Server) showTo(u *user, jid string) {
	if s.showAll(u, jid, "") == 0 {
		s.route(stanza{name: "presence", from: u.bare, to: jid, typ: "unavailable"})
	}
}

// showAll sends jid one presence for each available device: the current one, or
// one of type typ.
func (s *Server) showAll(u *user, jid, typ string) (sent int) {
	for _, c := range u.sessions {
		if c.presence == nil {
			continue
		}
		st := *c.presence
		if typ != "" {
			st = stanza{name: "presence", typ: typ}
		}
		s.route(st.with(c.full, jid))
		sent++
	}
	return sent
}

// subscriptionFrom is the user's side of RFC 6121 §3; addresses are bare.
func (s *Server) subscriptionFrom(u *user, st stanza) {
	k := u.contact(st.to)
	switch st.typ {
	case "subscribe":
		k.ask, k.listed = !k.to, true
		s.push(u, st.to)
		s.route(st)
	case "unsubscribe":
		if k.to || k.ask {
			k.to, k.ask = false, false
			s.push(u, st.to)
		}
		s.route(st)
	case "subscribed":
		s.approve(u, k, st)
	case "unsubscribed":
		was, pending := k.from, k.pending != nil
		k.from, k.pending, k.approved = false, nil, false
		if was {
			s.push(u, st.to)
		}
		if was || pending {
			s.route(st)
		}
		if was {
			s.showAll(u, st.to, "unavailable")
		}
	}
}

// approve grants k the user's presence, now or (RFC 6121 §3.4) when k asks.
func (s *Server) approve(u *user, k *contact, st stanza) {
	if k.pending != nil || !k.from {
		k.from, k.approved, k.pending = k.pending != nil, k.pending == nil, nil
		k.listed = true
		s.push(u, st.to)
	}
	if k.from {
		s.route(st)
		s.showAll(u, st.to, "")
		if k.to {
			s.route(stanza{name: "presence", from: u.bare, to: st.to, typ: "probe"})
		}
	}
}

// subscriptionTo is the contact's side of RFC 6121 §3; addresses are bare.
func (s *Server) subscriptionTo(u *user, st stanza) {
	k := u.contact(st.from)
	answer := stanza{name: "presence", from: u.bare, to: st.from, typ: "subscribed"}
	changed := false
	switch st.typ {
	case "subscribe":
		switch {
		case k.from:
			s.approve(u, k, answer)
			s.showTo(u, st.from) // once more, as Prosody
		case k.approved:
			k.pending = &st
			s.approve(u, k, answer)
		default:
			answer.typ = "unavailable"
			s.route(answer)
			if k.pending == nil {
				k.pending = &st
				u.tell(st, func(c *stream) bool { return c.presence != nil })
			}
		}
		return
	case "unsubscribe":
		changed = k.from || k.pending != nil
		k.from, k.pending, k.approved = false, nil, false
	case "subscribed":
		changed = k.ask
		k.to, k.ask = k.to || k.ask, false
	case "unsubscribed":
		changed = k.ask || k.to
		k.to, k.ask = false, false
	}
	if changed {
		u.tell(st, func(c *stream) bool { return c.interested })
		s.push(u, st.from)
	}
}

// tell sends st to those of the user's streams that which accepts.
func (u *user) tell(st stanza, which func(*stream) bool) {
	for _, c := range slices.Clone(u.sessions) {
		if which(c) {
			c.put(st.xml())
		}
	}
}
