package component

import (
	"context"
	"encoding/xml"
	"log/slog"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// A process that was killed has left nodes at the server's PubSub service. Those
// that subscriptions name are made anew when it is their turn; nobody would
// ever come back to the others, such as those of groups that were deleted just
// then. They are looked for in each connection, and deleted one after the other.

// The bounds: for an answer, which may be long, and how many nodes are looked
// at in one connection.
const (
	leftTime = 30 * time.Second
	mostLeft = 10_000
)

// clearLeft deletes the nodes that are ours and that no subscription names. All
// groups are in memory.
func (s *Service) clearLeft(ctx context.Context) {
	list, sure, ok := s.outpostsThere(ctx)
	if !ok {
		return
	}
	named, gone := s.Roster.OutpostNames(), 0
	for _, node := range list {
		if ctx.Err() != nil {
			return
		}
		if named[node] || !sure && !s.owns(ctx, node) {
			continue
		}
		if s.enquire(ctx, "set", s.cfg.PubSub, pubsub.DeleteNode(node), nil) == "" {
			gone++
		}
	}
	if gone > 0 {
		s.log.Info("left nodes at the PubSub service deleted", slog.Int("nodes", gone))
	}
}

// affiliations are those of XEP-0060 §5.7, and of §8.9.1.
type affiliations struct {
	All []struct {
		Node string `xml:"node,attr"`
		JID  string `xml:"jid,attr"`
		Is   string `xml:"affiliation,attr"`
	} `xml:"pubsub>affiliations>affiliation"`
}

// outpostsThere lists the nodes that may be ours. sure says that they are;
// Prosody does not say whose, only which there are.
func (s *Service) outpostsThere(ctx context.Context) (list []string, sure, ok bool) {
	add := func(node string) {
		if roster.IsOutpostName(node) && len(list) < mostLeft {
			list = append(list, node)
		}
	}
	var ours affiliations
	why := s.enquire(ctx, "get", s.cfg.PubSub, "<pubsub xmlns='"+pubsub.NSPubSub+"'><affiliations/></pubsub>", &ours)
	if why == "" {
		for _, a := range ours.All {
			if a.Is == "owner" {
				add(a.Node)
			}
		}
		return list, true, true
	}
	var all struct {
		Items []struct {
			Node string `xml:"node,attr"`
		} `xml:"query>item"`
	}
	if why := s.enquire(ctx, "get", s.cfg.PubSub, "<query xmlns='"+pubsub.NSItems+"'/>", &all); why != "" {
		if ctx.Err() == nil {
			s.log.Warn("the PubSub service does not say which nodes were left there", slog.String("condition", why))
		}
		return nil, false, false
	}
	for _, i := range all.Items {
		add(i.Node)
	}
	return list, false, true
}

// owns asks whether node is ours.
func (s *Service) owns(ctx context.Context, node string) bool {
	var all affiliations
	ask := string(frame.AppendAttr([]byte("<pubsub xmlns='"+pubsub.NSOwner+"'><affiliations node='"), node)) + "'/></pubsub>"
	if s.enquire(ctx, "get", s.cfg.PubSub, ask, &all) != "" {
		return false
	}
	for _, a := range all.All {
		if a.JID == s.cfg.Link.Domain && a.Is == "owner" {
			return true
		}
	}
	return false
}

// enquire asks jid and reads the answer, if into is not nil. It returns the
// condition of an error; timeout if there was no answer.
func (s *Service) enquire(ctx context.Context, typ, jid, payload string, into any) (why string) {
	const timeout = "remote-server-timeout"
	answered := make(chan string, 1)
	err := s.Link.Request(typ, s.cfg.Link.Domain, jid, []byte(payload), leftTime, func(st *frame.Stanza, err error) {
		switch {
		case err != nil:
			answered <- timeout
		case string(st.Type) != "result":
			answered <- conditionOf(st)
		case into != nil && xml.Unmarshal(st.Raw, into) != nil:
			answered <- "bad-format"
		default:
			answered <- ""
		}
	})
	if err != nil {
		return timeout
	}
	select {
	case why = <-answered:
		return why
	case <-ctx.Done():
		return timeout
	}
}
