package component

import (
	"context"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const (
	nsPrivilege = "urn:xmpp:privilege:" // and its version: servers differ
	nsRoster    = "jabber:iq:roster"

	maxEntry = 16 << 10 // bytes of the name and the groups of a contact
)

// onPrivilege takes the server's word of what it lets us do (XEP-0356 §4).
func (s *Service) onPrivilege(st *frame.Stanza) bool {
	in := &s.scan
	for in.Reset(st.Inner); in.Next(); {
		if in.Kind != frame.Start {
			continue
		}
		if strings.HasPrefix(string(in.NS()), nsPrivilege) && string(in.Name) == "privilege" {
			s.privileged(scanPerms(in))
			return true
		}
		in.Skip()
	}
	return false
}

// preapprove makes contacts of those members and the group whom the server lets
// us, and who need not be asked. It returns the others.
func (a *attendant) preapprove(ctx context.Context, g *roster.Group, jids []string) (others []string) {
	if !a.s.writes.Load() {
		return jids
	}
	type ally struct {
		jid     string
		watches bool
	}
	var allies []ally
	for _, jid := range jids {
		may, watches := g.Preapproval(jid)
		if may && string(domainOf([]byte(jid))) == a.s.cfg.Link.ServerHost {
			allies = append(allies, ally{jid, watches})
		} else {
			others = append(others, jid)
		}
	}
	if len(allies) > 0 {
		a.mu.Lock()
		a.open++
		a.note()
		a.mu.Unlock()
		a.all.Go(func() {
			defer a.ended()
			for _, x := range allies {
				if ctx.Err() == nil {
					a.ally(ctx, g, x.jid, x.watches)
				}
			}
		})
	}
	return others
}

// ally writes the group into one member's roster, as a contact with a
// subscription in both directions, or if he may not watch, from him alone. What
// he calls it, and where he put it, stays.
func (a *attendant) ally(ctx context.Context, g *roster.Group, jid string, watches bool) {
	group := g.Name() + "@" + a.s.cfg.Link.Domain
	entry, ok := a.roster(ctx, jid, "get", []byte("<query xmlns='"+nsRoster+"'/>"), group)
	if !ok || len(entry) > maxEntry { // we write nothing that might end the stream
		g.NotPreapproved(jid)
		return
	}
	if entry == nil {
		entry = frame.AppendAttr([]byte("name='"), g.Title())
		entry = append(entry, "'>"...)
	}
	b := frame.AppendAttr([]byte("<query xmlns='"+nsRoster+"'><item jid='"), group)
	b = append(append(b, "' subscription='"...), map[bool]string{false: "from", true: "both"}[watches]...)
	b = append(append(append(b, "' "...), entry...), "</item></query>"...)
	if _, ok := a.roster(ctx, jid, "set", b, ""); !ok {
		g.NotPreapproved(jid)
		return
	}
	a.s.workers.put(g.Name(), func(ctx context.Context) {
		if err := g.OnPreapproved(ctx, jid, watches); err != nil {
			a.s.log.Error("contact not stored", "group", g.Name(), "error", err)
		}
	})
}

// roster asks the server to read or write jid's roster (XEP-0356 §5). entry is
// what a roster that was read says of a contact: name and groups, as the text
// that follows the attributes of an <item/> which are ours to say; nil if it
// is not there. ok is false if the server refused. When the link is lost the
// next one is another chance.
func (a *attendant) roster(ctx context.Context, jid, typ string, query []byte, contact string) (entry []byte, ok bool) {
	type answer struct {
		entry []byte
		ok    bool
	}
	over := make(chan answer, 1)
	err := a.s.Link.Request(typ, a.s.cfg.Link.Domain, jid, query, readTime, func(st *frame.Stanza, err error) {
		if err != nil || string(st.Type) != "result" {
			over <- answer{}
			return
		}
		over <- answer{entryOf(st.Inner, contact), true}
	})
	if err != nil {
		return nil, false
	}
	select {
	case x := <-over:
		return x.entry, x.ok
	case <-ctx.Done():
		return nil, false
	}
}

// entryOf finds a contact in a roster that was read: see [attendant.roster].
func entryOf(inner []byte, contact string) []byte {
	if contact == "" {
		return nil
	}
	var in frame.Scanner
	for in.Reset(inner); in.Next(); {
		if in.Kind != frame.Start || string(in.Name) != "item" || string(frame.Unescape(nil, in.Attr("jid"))) != contact {
			continue
		}
		b := frame.AppendAttr([]byte("name='"), string(frame.Unescape(nil, in.Attr("name"))))
		b = append(b, "'>"...)
		for depth := in.Depth; in.Next() && in.Depth > depth; {
			if in.Kind == frame.Start && string(in.Name) == "group" {
				b = append(frame.AppendText(append(b, "<group>"...), string(in.AppendValue(nil))), "</group>"...)
			}
		}
		return b
	}
	return nil
}
