package admin

import (
	"context"
	"net/http"
	"net/url"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Sources knows who keeps groups: a *roster.Roster.
type Sources interface {
	Lost(source, group string) (roster.Lost, bool)
	Adopt(ctx context.Context, actor, group, source string) error
	Release(ctx context.Context, actor, group string) error
}

// WithSources says of a group that is shown what became of its source, and lets
// it go over to one, or come from one:
//
//	PUT /source?group=team    {"source": "hr"}
func WithSources(s Sources) Extra {
	return func(routes map[string]handler, _ *http.ServeMux) {
		routes["GET /group"] = func(b Backend, r *http.Request) (any, error) {
			rec, err := b.ShowGroup(r.Context(), r.URL.Query().Get("name"))
			if err != nil {
				return nil, err
			}
			g := shapeGroup(rec)
			if l, is := s.Lost(g.Source, g.Name); is && g.Source != "" {
				g.Lost = &Lost{l.Since.UTC(), l.Why}
			}
			return g, nil
		}
		routes["PUT /source"] = func(_ Backend, r *http.Request) (any, error) {
			var body newSource
			if err := read(r, &body); err != nil {
				return nil, err
			}
			group := r.URL.Query().Get("group")
			if body.Source == "" {
				return nil, s.Release(r.Context(), "", group)
			}
			return nil, s.Adopt(r.Context(), "", group, body.Source)
		}
	}
}

type newSource struct {
	Source string `json:"source"` // "" = this service
}

// SetSource gives a group to a source, or with "" takes it from one. ErrNoGroup,
// ErrForeign, InvalidError.
func (c *Client) SetSource(ctx context.Context, group, source string) error {
	return c.do(ctx, http.MethodPut, "source", url.Values{"group": {group}}, newSource{source}, nil)
}
