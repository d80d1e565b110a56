package component

import (
	"cmp"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// garrisoned takes what the server's PubSub service says to what groups have
// asked of it in their turns. False: it is not from there.
func (s *Service) garrisoned(st *frame.Stanza) bool {
	if s.cfg.PubSub == "" || !same(st.From, s.cfg.PubSub) || string(st.To) != s.cfg.Link.Domain {
		return false
	}
	why := ""
	if string(st.Type) == "error" {
		why = conditionOf(st)
	}
	s.Link.contain(st, func() { s.Roster.OutpostAnswered(plain(st.ID), why) })
	return true
}

// conditionOf is that of an error, never "".
func conditionOf(st *frame.Stanza) string { return cmp.Or(condition(st), "undefined-condition") }

// abandonOutposts leaves nothing of g at the server's PubSub service, which
// subscribers are told: nobody is to take what he was told for what is.
func (s *Service) abandonOutposts(g *roster.Group) {
	r := pubsub.Renderer{Domain: s.cfg.Link.Domain, PubSub: s.cfg.PubSub}
	g.EachOutpost(func(node, id string) {
		s.Link.Out.Control(func(b []byte) []byte { return r.AbandonOutpost(b, node, id) })
	})
}

// outposts says whose events leave through the server's own PubSub service:
// those of its own users. Others may be services like this one, which look for
// them at the group.
func outposts(cfg *ServiceConfig) func(jid string) bool {
	if cfg.PubSub == "" {
		return nil
	}
	host := cfg.Link.ServerHost
	return func(jid string) bool { return string(domainOf([]byte(jid))) == host }
}
