package admin

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Webhook is a webhook as JSON. Its secret is told when it is made, and never
// again.
type Webhook struct {
	Name    string     `json:"name"`
	Where   string     `json:"where"` // scheme and host of its URL
	Format  string     `json:"format"`
	Address string     `json:"address"`           // by which policies name it
	By      string     `json:"by,omitempty"`      // who set it; "" = the command line
	Ended   string     `json:"ended,omitempty"`   // why it is told nothing any more
	Posts   uint64     `json:"posts"`             // accepted since the service started
	Last    *time.Time `json:"last,omitempty"`    // when the latest of them was
	Failing *time.Time `json:"failing,omitempty"` // since when none is
	Said    string     `json:"said,omitempty"`    // what came of the latest post
}

// WebhookList is the webhooks of a group, by name.
type WebhookList struct {
	Webhooks []Webhook `json:"webhooks"`
}

// NewWebhook is what a webhook is made of.
type NewWebhook struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	Format string `json:"format"`
}

// MadeWebhook is what its receiver and the members have to know of it.
type MadeWebhook struct {
	Address string `json:"address"`
	Secret  string `json:"secret"`
}

// Tested is what came of a test.
type Tested struct {
	OK   bool   `json:"ok"`
	Said string `json:"said"`
}

// WithHooks offers the webhooks:
//
//	GET    /webhooks?group=team                 WebhookList
//	PUT    /webhook?group=team                  NewWebhook, answered with MadeWebhook
//	DELETE /webhook?group=team&name=ci
//	POST   /webhook/test?group=team&name=ci     Tested
func WithHooks(r *roster.Roster, k *hook.Keeper) Extra {
	h := hooks{r, k}
	return func(routes map[string]handler, _ *http.ServeMux) {
		routes["GET /webhooks"] = h.list
		routes["PUT /webhook"] = h.set
		routes["DELETE /webhook"] = h.remove
		routes["POST /webhook/test"] = h.test
	}
}

type hooks struct {
	roster *roster.Roster
	keeper *hook.Keeper
}

func (h *hooks) list(_ Backend, req *http.Request) (any, error) {
	g, err := h.roster.Group(req.Context(), req.URL.Query().Get("group"))
	if err != nil {
		return nil, err
	}
	all, err := g.Hooks("")
	list := WebhookList{Webhooks: []Webhook{}}
	for _, rec := range all {
		w := Webhook{Name: rec.Name, Where: rec.Where(), Format: rec.Format, By: rec.By, Ended: rec.Ended, Address: h.roster.HookJID(g.Name(), rec.Name)}
		if s, told := h.keeper.State(g.Name(), rec.Name); told {
			w.Posts, w.Last, w.Failing, w.Said = s.Posts, moment(s.Last), moment(s.Failing), s.Said
		}
		list.Webhooks = append(list.Webhooks, w)
	}
	return list, err
}

func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func (h *hooks) set(_ Backend, req *http.Request) (any, error) {
	var body NewWebhook
	if err := read(req, &body); err != nil {
		return nil, err
	}
	g, err := h.roster.Group(req.Context(), req.URL.Query().Get("group"))
	if err != nil {
		return nil, err
	}
	made := MadeWebhook{Address: h.roster.HookJID(g.Name(), body.Name), Secret: hook.NewSecret()}
	return made, g.SetHook(req.Context(), "", roster.HookRecord{Name: body.Name, URL: body.URL, Format: body.Format, Secret: made.Secret})
}

func (h *hooks) remove(_ Backend, req *http.Request) (any, error) {
	q := req.URL.Query()
	g, err := h.roster.Group(req.Context(), q.Get("group"))
	if err != nil {
		return nil, err
	}
	return nil, g.RemoveHook(req.Context(), "", q.Get("name"))
}

func (h *hooks) test(_ Backend, req *http.Request) (any, error) {
	q := req.URL.Query()
	g, err := h.roster.Group(req.Context(), q.Get("group"))
	if err != nil {
		return nil, err
	}
	all, err := g.Hooks("")
	if err != nil {
		return nil, err
	}
	for i := range all {
		if all[i].Name == q.Get("name") {
			ok, said, err := h.keeper.Test(req.Context(), g.Name(), &all[i])
			return Tested{ok, said}, err
		}
	}
	return nil, roster.ErrNoHook
}

// Webhooks lists those of a group. ErrNoGroup.
func (c *Client) Webhooks(ctx context.Context, group string) (list WebhookList, err error) {
	return list, c.do(ctx, http.MethodGet, "webhooks", url.Values{"group": {group}}, nil, &list)
}

// SetWebhook makes one, or replaces the one of that name. ErrNoGroup, ErrLimit,
// InvalidError.
func (c *Client) SetWebhook(ctx context.Context, group string, w NewWebhook) (made MadeWebhook, err error) {
	return made, c.do(ctx, http.MethodPut, "webhook", url.Values{"group": {group}}, w, &made)
}

// RemoveWebhook ends one. ErrNoGroup, ErrNoHook.
func (c *Client) RemoveWebhook(ctx context.Context, group, name string) error {
	return c.do(ctx, http.MethodDelete, "webhook", url.Values{"group": {group}, "name": {name}}, nil, nil)
}

// TestWebhook posts a test. ErrNoGroup, ErrNoHook.
func (c *Client) TestWebhook(ctx context.Context, group, name string) (t Tested, err error) {
	return t, c.do(ctx, http.MethodPost, "webhook/test", url.Values{"group": {group}, "name": {name}}, nil, &t)
}
