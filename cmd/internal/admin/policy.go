package admin

import (
	"context"
	"net/http"
	"net/url"
)

// Policy is an authorization policy as JSON.
type Policy struct {
	Text string `json:"text"` // a line for each sentence; "" in a request: the default again
	Own  bool   `json:"own"`  // it was set; else it is the group's default
}

func showPolicy(b Backend, r *http.Request) (any, error) {
	text, own, err := b.ShowPolicy(r.Context(), r.URL.Query().Get("group"), r.URL.Query().Get("jid"))
	if err != nil {
		return nil, err
	}
	return Policy{text, own}, nil
}

func setPolicy(b Backend, r *http.Request) (any, error) {
	var body struct {
		Text string `json:"text"`
	}
	if err := read(r, &body); err != nil {
		return nil, err
	}
	return nil, b.SetPolicy(r.Context(), r.URL.Query().Get("group"), r.URL.Query().Get("jid"), body.Text)
}

// ShowPolicy returns what jid lets others see in a group. ErrNoGroup.
func (c *Client) ShowPolicy(ctx context.Context, group, jid string) (p Policy, err error) {
	return p, c.do(ctx, http.MethodGet, "policy", url.Values{"group": {group}, "jid": {jid}}, nil, &p)
}

// SetPolicy sets it; "" goes back to the default. ErrNoGroup, InvalidError.
func (c *Client) SetPolicy(ctx context.Context, group, jid, text string) error {
	return c.do(ctx, http.MethodPut, "policy", url.Values{"group": {group}, "jid": {jid}}, map[string]string{"text": text}, nil)
}
