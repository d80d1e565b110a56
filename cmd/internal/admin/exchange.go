package admin

import (
	"context"
	"net/http"
	"net/url"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/exchange"
)

// WithImport offers groups with all that belongs to them:
//
//	GET  /export?name=team      exchange.Group
//	POST /import                exchange.Group: a group that is not there yet
func WithImport() Extra {
	return func(routes map[string]handler, _ *http.ServeMux) {
		routes["GET /export"] = func(b Backend, req *http.Request) (any, error) {
			rec, err := b.ExportGroup(req.Context(), req.URL.Query().Get("name"))
			if err != nil {
				return nil, err
			}
			return exchange.Of(rec), nil
		}
		routes[importing] = func(b Backend, req *http.Request) (any, error) {
			var g exchange.Group
			if err := read(req, &g); err != nil {
				return nil, err
			}
			rec, err := g.Record()
			if err != nil {
				return nil, err
			}
			return nil, b.CreateGroup(req.Context(), rec)
		}
	}
}

const (
	importing = "POST /import"
	maxImport = 256 << 20 // bytes: the largest group there can be, and then some
)

// Export returns everything about one group. ErrNoGroup.
func (c *Client) Export(ctx context.Context, name string) (g exchange.Group, err error) {
	return g, c.do(ctx, http.MethodGet, "export", url.Values{"name": {name}}, nil, &g)
}

// Import makes a group with all that g says. ErrGroupExists, InvalidError.
func (c *Client) Import(ctx context.Context, g *exchange.Group) error {
	return c.do(ctx, http.MethodPost, "import", nil, g, nil)
}
