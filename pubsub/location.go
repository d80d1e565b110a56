package pubsub

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// location answers get and set of how exactly others see where the requester
// is; the result of a set is empty.
func location(ctx context.Context, b []byte, g *roster.Group, q *Request) ([]byte, error) {
	if !q.Set {
		p, err := g.Precision(q.Bare())
		if err != nil {
			return b, err
		}
		return append(attr(append(b, "<location xmlns='"+NS+"'"...), "precision", p.String()), "/>"...), nil
	}
	var w struct {
		Precision string `xml:"precision,attr"`
	}
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	p, err := roster.ParsePrecision(w.Precision)
	if err != nil {
		return b, err
	}
	return b, g.SetPrecision(ctx, q.Bare(), p)
}
