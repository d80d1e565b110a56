package component

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"strings"

	"mellium.im/xmpp/version"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// A server may tell a component of the presence of all its users (XEP-0356 §6):
// copies of what they broadcast, addressed to the component's domain. Prosody
// begins with everybody who is there, and tells of devices whose connection
// just ends. ejabberd does neither, so that there the subscription has to be
// the truth.

// ErrPrivilege: the presence of the server's users was to come from the server
// itself, and it does not, or not in a way that could be relied on.
var ErrPrivilege = errors.New("component: the server does not tell of its users reliably")

// unsafePrivilege is the namespace of servers that say nothing at the
// beginning, or at an unclean end.
const unsafePrivilege = nsPrivilege + "1"

// privileges is what the server's last word lets us do.
type privileges struct {
	space  string // its namespace, "" = it has said nothing
	writes bool   // the rosters of its users
	tells  bool   // it tells of their presence
}

// scanPerms reads what is inside <privilege/>.
func scanPerms(in *frame.Scanner) (p privileges) {
	p.space = string(in.NS())
	for in.Next() && in.Depth > 1 {
		if in.Kind != frame.Start || string(in.Name) != "perm" {
			continue
		}
		switch typ := string(in.Attr("type")); string(in.Attr("access")) {
		case "roster":
			p.writes = p.writes || typ == "both"
		case "presence":
			p.tells = p.tells || typ == "managed_entity" || typ == "roster"
		}
	}
	return p
}

// privileged puts the server's word in force.
func (s *Service) privileged(p privileges) {
	was := s.tells.Load()
	s.granted.Store(&p)
	s.writes.Store(p.writes)
	now := p.tells && s.cfg.Origin != roster.FromSubscription && (s.cfg.Origin == roster.FromBoth || p.space != unsafePrivilege)
	if s.tells.Store(now); was && !now {
		s.log.Warn("the server tells of its users no more")
		s.Roster.Estranged()
	}
}

// onCopy takes a copy of what a user of the server's own broadcasts. A user may
// as well send it himself: it is about nobody but him.
func (s *Service) onCopy(st *frame.Stanza) {
	bare, resource := split(st.From)
	typ := string(st.Type)
	if !s.tells.Load() || typ != "" && typ != "unavailable" || len(resource) == 0 || local(st.From) == nil || string(st.To) != s.cfg.Link.Domain {
		return
	}
	s.counts.copies.Add(1)
	if bytes.IndexByte(resource, '&') >= 0 {
		s.resource = frame.Unescape(s.resource[:0], resource)
		resource = s.resource
	}
	s.decodePresence(st)
	s.Roster.HearServer(bare, resource, &s.presence, func(g *roster.Group) {
		if typ != "" {
			s.herald.gone(g.Name(), bare, resource)
			g.Departed(bare, resource)
		}
		if s.presence.Can = nil; typ == "" && len(s.caps.ver) > 0 && g.Keeps(bare, policy.Capabilities) {
			s.presence.Can = s.herald.hear(g, bare, resource, &s.caps)
		}
		s.pace.hear(g, bare, resource, &s.presence)
	})
}

// muster finds out, behind everything that the server says by itself when a
// connection begins, whether that is all there is to know of its users.
func (a *attendant) muster(ctx context.Context) {
	defer close(a.mustered)
	s := a.s
	if s.cfg.Origin == roster.FromSubscription || !s.Fence(ctx) {
		return
	}
	err := s.unreliable(ctx)
	switch {
	case ctx.Err() != nil:
	case err == nil:
		s.relied.Store(true)
		s.Roster.Mustered()
	case s.cfg.Origin == roster.FromBoth:
		s.log.Info("members are asked, as the server alone cannot be relied on", "reason", err)
	default:
		s.tells.Store(false)
		s.Roster.Estranged()
		if s.log.Error("nothing is known of the presence of the server's users", "error", err); !s.relied.Load() {
			s.abandon(err)
		}
	}
}

// unreliable says why what the server tells of its users is not all there is to
// know; nil if it is.
func (s *Service) unreliable(ctx context.Context) error {
	host := s.cfg.Link.ServerHost
	p := s.granted.Load()
	switch {
	case p == nil || !p.tells:
		return fmt.Errorf("%w: %s has not granted it (XEP-0356: presence = \"managed_entity\")", ErrPrivilege, host)
	case p.space == unsafePrivilege:
		return fmt.Errorf("%w: %s speaks %s, which tells nothing when we attach, and nothing of a device whose connection just ends", ErrPrivilege, host, p.space)
	case strings.Contains(strings.ToLower(s.software(ctx)), "ejabberd"):
		return fmt.Errorf("%w: %s is ejabberd, which tells nothing when we attach, and nothing of a device whose connection just ends", ErrPrivilege, host)
	}
	return nil
}

// software is what the server calls itself (XEP-0092), "" if it does not say.
func (s *Service) software(ctx context.Context) string {
	name := make(chan string, 1)
	err := s.Link.Request("get", s.cfg.Link.Domain, s.cfg.Link.ServerHost, []byte("<query xmlns='"+version.NS+"'/>"), readTime, func(st *frame.Stanza, err error) {
		var v struct {
			Name string `xml:"query>name"`
		}
		if err == nil && string(st.Type) == "result" {
			_ = xml.Unmarshal(st.Raw, &v) // what cannot be read says nothing
		}
		name <- v.Name
	})
	if err != nil {
		return ""
	}
	select {
	case n := <-name:
		return n
	case <-ctx.Done():
		return ""
	}
}
