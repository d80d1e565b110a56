package pubsub

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// View is what the user at that bare JID sees of a group now, as the payload of
// an answer that has all items of NS#group (XEP-0060 §6.5.2). It is rendered in
// the group's turn, and so only while the service is attached; until then it
// waits. ErrNoGroup, ErrForbidden, ErrLimit, the error of ctx.
func (r *Renderer) View(ctx context.Context, g *roster.Group, jid string) ([]byte, error) {
	d, err := g.Describe(jid)
	if err != nil {
		return nil, err
	}
	type view struct {
		xml []byte
		err error
	}
	answered := make(chan view, 1)
	q := &roster.Question{Node: roster.NodeGroup, Watcher: jid, To: jid, Max: -1, Index: -1}
	q.Picture = func(b []byte, p *roster.Picture, err error) []byte {
		if err != nil {
			answered <- view{nil, err}
		} else {
			answered <- view{r.picture(g.Name(), d, p), nil}
		}
		return b
	}
	if err := g.Ask(q); err != nil {
		return nil, err
	}
	select {
	case v := <-answered:
		return v.xml, v.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Fetch is the answer that the watcher at that bare JID is given to a pubsub
// request for items (XEP-0060 §6.5), as a whole stanza, an error included. It
// is rendered in the group's turn, as [Renderer.View] is. ErrLimit, ErrNoGroup,
// the error of ctx.
func (s *Service) Fetch(ctx context.Context, g *roster.Group, watcher, payload string) ([]byte, error) {
	var w wirePubSub
	if err := decode([]byte(payload), &w); err != nil || w.Items == nil {
		return nil, BadRequest
	}
	n, err := requiredNode(w.Items.Node)
	if err != nil {
		return nil, err
	}
	q, err := w.question(&Request{From: watcher, To: g.Name() + "@" + s.Domain, ID: "0"}, n)
	if err != nil {
		return nil, err
	}
	answered := make(chan []byte, 1)
	q.Into = func(answer []byte) { answered <- answer }
	if err := g.Ask(q); err != nil {
		return nil, err
	}
	select {
	case answer := <-answered:
		return answer, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (r *Renderer) picture(name string, d *roster.Description, p *roster.Picture) []byte {
	b := attr([]byte("<pubsub xmlns='"+NSPubSub+"'><items"), "node", nodeName(roster.NodeGroup))
	s := &roster.Settings{Title: p.Title, Description: d.Description, Language: d.Language, Attributes: d.Attributes}
	b = r.Info(append(b, '>'), s, name, true) // d has only what he may see
	b = r.Summary(b, p.Line.Summary)
	for it := range p.Members {
		b = r.Member(b, roster.NodeGroup, it)
	}
	return append(b, "</items></pubsub>"...)
}
