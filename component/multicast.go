package component

import (
	"context"
	"encoding/xml"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Where the server has a multicast service (XEP-0033), what is the same for
// many of its users leaves once (see package roster). It is looked for among
// what the server lists, below its own domain only: whoever the service is
// reads what it copies. What it does not take comes back, and is told again one
// by one.

// The bounds.
const (
	discoTime      = 10 * time.Second // for an answer
	maxDiscoItems  = 32               // of the server's services, how many are looked at
	usualAddresses = 20               // where a service says nothing (XEP-0033 §7)
	mostAddresses  = 1000             // in one stanza, whatever the service says
	lookAgain      = 10 * time.Minute // for a service, while there is none
)

// multicast is what is known of the server's service.
type multicast struct {
	s *Service

	mu   sync.Mutex
	in   roster.Multicast // in force; no Service = none
	lost chan struct{}    // closed when it turned out to be of no use

	sought chan struct{} // closed when the connection's first search is over; nil = there is none
}

// begin looks for a service while the connection lasts.
func (m *multicast) begin(ctx context.Context) {
	m.use(roster.Multicast{})
	sought := make(chan struct{})
	m.mu.Lock()
	m.sought = sought
	m.mu.Unlock()
	m.s.attend.all.Go(func() { m.watch(ctx, sync.OnceFunc(func() { close(sought) })) })
}

// settled returns when it is known whether there is a service.
func (m *multicast) settled(ctx context.Context) {
	m.mu.Lock()
	sought := m.sought
	m.mu.Unlock()
	if sought == nil {
		return
	}
	select {
	case <-sought:
	case <-ctx.Done():
	}
}

// use puts what was found in force.
func (m *multicast) use(in roster.Multicast) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.in, m.lost = in, make(chan struct{})
	if in.Service != "" {
		m.s.Link.Out.Multicast(in.Service)
	}
	m.s.Roster.SetMulticast(in)
}

// watch looks for a service as long as the connection lasts and none is found.
func (m *multicast) watch(ctx context.Context, sought func()) {
	defer sought()
	for ctx.Err() == nil {
		in := m.find(ctx)
		if ctx.Err() != nil {
			return
		}
		m.use(in)
		sought()
		m.mu.Lock()
		lost := m.lost
		m.mu.Unlock()
		if in.Service != "" {
			m.s.log.Info("the server has a multicast service", slog.String("service", in.Service),
				slog.Int("messages", in.Messages), slog.Int("presences", in.Presences))
			select {
			case <-ctx.Done():
				return
			case <-lost:
			}
		}
		if !m.s.attend.sleep(ctx, lookAgain) {
			return
		}
	}
}

// find asks the server and what it lists who is a multicast service.
func (m *multicast) find(ctx context.Context) roster.Multicast {
	host := m.s.Link.cfg.ServerHost
	if host == m.s.cfg.Link.Domain {
		return roster.Multicast{} // nobody knows the server's name
	}
	list := []string{host}
	var items struct {
		Items []struct {
			JID  string `xml:"jid,attr"`
			Node string `xml:"node,attr"`
		} `xml:"query>item"`
	}
	if m.s.disco(ctx, host, pubsub.NSItems, &items) {
		for _, i := range items.Items {
			if strings.HasSuffix(i.JID, "."+host) && i.JID != m.s.cfg.Link.Domain && !strings.ContainsAny(i.JID, "@/") &&
				i.Node == "" && len(list) < maxDiscoItems {
				list = append(list, i.JID)
			}
		}
	}
	for _, jid := range list {
		var info discoInfo
		if !m.s.disco(ctx, jid, pubsub.NSInfo, &info) || !info.has(pubsub.NSAddress) {
			continue
		}
		return roster.Multicast{Service: jid, Domain: host, Messages: info.limit("message"), Presences: info.limit("presence")}
	}
	return roster.Multicast{}
}

// discoInfo is what an entity says about itself (XEP-0030, XEP-0128).
type discoInfo struct {
	Features []struct {
		Var string `xml:"var,attr"`
	} `xml:"query>feature"`
	Fields []discoField `xml:"query>x>field"`
}

type discoField struct {
	Var   string `xml:"var,attr"`
	Value string `xml:"value"`
}

func (i *discoInfo) has(feature string) bool {
	for _, f := range i.Features {
		if f.Var == feature {
			return true
		}
	}
	return false
}

// limit is how many addresses a stanza of that name may have. What a service
// says is for whoever asks: that is us.
func (i *discoInfo) limit(name string) int {
	at := slices.Index(i.Fields, discoField{"FORM_TYPE", pubsub.NSAddress})
	if at < 0 {
		return usualAddresses
	}
	for _, f := range i.Fields[at:] {
		if f.Var != name {
			continue
		}
		if n, err := strconv.Atoi(f.Value); err == nil {
			return min(max(n, 0), mostAddresses)
		}
		return mostAddresses // infinite
	}
	return usualAddresses
}

// disco asks an entity something and decodes its answer.
func (s *Service) disco(ctx context.Context, jid, space string, into any) bool {
	answered := make(chan bool, 1)
	err := s.Link.Request("get", s.cfg.Link.Domain, jid, []byte("<query xmlns='"+space+"'/>"), discoTime, func(st *frame.Stanza, err error) {
		answered <- err == nil && string(st.Type) == "result" && xml.Unmarshal(st.Raw, into) == nil
	})
	if err != nil {
		return false
	}
	select {
	case ok := <-answered:
		return ok
	case <-ctx.Done():
		return false
	}
}

// returned takes a stanza that the service did not copy. False: it is not from
// the service.
func (m *multicast) returned(st *frame.Stanza) bool {
	m.mu.Lock()
	in := m.in
	m.mu.Unlock()
	if in.Service == "" || string(st.From) != in.Service {
		return false
	}
	why, id := condition(st), plain(st.ID)
	if string(st.Name) == "presence" {
		id = ""
	}
	most := 0
	if g := m.s.Roster.Loaded(local(st.To)); g != nil {
		most = g.Returned(id, why == badRequest || why == jidMalformed)
	}
	m.s.log.Warn("a multicast stanza came back", slog.String("service", in.Service), slog.String("condition", why), slog.Int("addresses", most))
	m.fault(string(st.Name), why, most)
	return true
}

// The conditions of which some address of the stanza may be the reason.
const (
	badRequest   = "bad-request"
	jidMalformed = "jid-malformed"
)

// fault draws the conclusion from what came back, with so many addresses: the
// service takes fewer, or nothing of ours.
func (m *multicast) fault(name, why string, most int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch why {
	case badRequest, jidMalformed:
	case "not-acceptable": // "too many receiver fields"
		limit := &m.in.Messages
		if name == "presence" {
			limit = &m.in.Presences
		}
		*limit = min(*limit, most/2)
		m.s.Roster.SetMulticast(m.in)
	default:
		if m.in.Service != "" {
			m.s.Roster.SetMulticast(roster.Multicast{})
			m.in.Messages, m.in.Presences = 0, 0
			if !isClosed(m.lost) {
				close(m.lost)
			}
		}
	}
}

// stats are for the figures.
func (m *multicast) stats() MulticastStats {
	m.mu.Lock()
	defer m.mu.Unlock()
	return MulticastStats{CopyStats: m.s.Roster.Copies(), Messages: m.in.Messages, Presences: m.in.Presences}
}

// MulticastStats says what leaves by the server's multicast service.
type MulticastStats struct {
	roster.CopyStats
	Messages, Presences int // addresses in a stanza; 0 = not used
}

// condition is the defined condition of a stanza error (RFC 6120 §8.3.3), "" if
// there is none.
func condition(st *frame.Stanza) string {
	var in frame.Scanner
	for in.Reset(st.Inner); in.Next(); {
		if in.Kind == frame.Start && in.Depth == 2 && string(in.NS()) == nsStanzas && string(in.Local()) != "text" {
			return string(in.Local())
		}
	}
	return ""
}
