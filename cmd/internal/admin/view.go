package admin

import (
	"context"
	"net/http"
	"net/url"
)

// View is what somebody sees of a group.
type View struct {
	XML string `json:"xml"` // the payload of an answer with all items of the node #group
}

func viewGroup(b Backend, r *http.Request) (any, error) {
	q := r.URL.Query()
	xml, err := b.ViewGroup(r.Context(), q.Get("group"), q.Get("as"))
	if err != nil {
		return nil, err
	}
	return View{string(xml)}, nil
}

// ViewGroup returns what as, a bare JID, sees of a group now. ErrNoGroup, also
// if he may not know of it; ErrForbidden.
func (c *Client) ViewGroup(ctx context.Context, group, as string) (v View, err error) {
	return v, c.do(ctx, http.MethodGet, "view", url.Values{"group": {group}, "as": {as}}, nil, &v)
}
