package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"
)

// Client talks to the service behind an admin socket. Its errors are the
// service's, as the same sentinels of package roster, or ErrNotRunning.
type Client struct {
	socket string
	http   http.Client
}

// NewClient makes a client for the socket at path. Nothing is opened yet.
func NewClient(path string) *Client {
	c := &Client{socket: path}
	c.http.Transport = &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		},
		// A command asks once or twice; a kept connection would only have
		// to be closed.
		DisableKeepAlives: true,
	}
	return c
}

// ListGroups returns the names of all groups, sorted.
func (c *Client) ListGroups(ctx context.Context) (list GroupList, err error) {
	return list, c.do(ctx, http.MethodGet, "groups", nil, nil, &list)
}

// ShowGroup returns everything about one group. ErrNoGroup.
func (c *Client) ShowGroup(ctx context.Context, name string) (g Group, err error) {
	return g, c.do(ctx, http.MethodGet, "group", url.Values{"name": {name}}, nil, &g)
}

// CreateGroup establishes a group, with the defaults for what settings leaves
// out. ErrGroupExists, InvalidError.
func (c *Client) CreateGroup(ctx context.Context, name string, settings GroupChange) error {
	return c.do(ctx, http.MethodPost, "groups", nil, newGroup{name, settings}, nil)
}

// ChangeGroup changes what change names. ErrNoGroup, InvalidError.
func (c *Client) ChangeGroup(ctx context.Context, name string, change GroupChange) error {
	return c.do(ctx, http.MethodPatch, "group", url.Values{"name": {name}}, change, nil)
}

// DeleteGroup ends a group. ErrNoGroup.
func (c *Client) DeleteGroup(ctx context.Context, name string) error {
	return c.do(ctx, http.MethodDelete, "group", url.Values{"name": {name}}, nil, nil)
}

// AddMembers adds all or none. ErrNoGroup, ErrMemberExists, InvalidError.
func (c *Client) AddMembers(ctx context.Context, group string, m ...NewMember) error {
	return c.do(ctx, http.MethodPost, "members", url.Values{"group": {group}}, newMembers{m}, nil)
}

// ChangeMember changes what change names. ErrNoGroup, ErrNoMember,
// InvalidError.
func (c *Client) ChangeMember(ctx context.Context, group, jid string, change MemberChange) error {
	return c.do(ctx, http.MethodPatch, "member", url.Values{"group": {group}, "jid": {jid}}, change, nil)
}

// RemoveMember ends a membership. ErrNoGroup, ErrNoMember.
func (c *Client) RemoveMember(ctx context.Context, group, jid string) error {
	return c.do(ctx, http.MethodDelete, "member", url.Values{"group": {group}, "jid": {jid}}, nil, nil)
}

func (c *Client) do(ctx context.Context, method, path string, query url.Values, body, answer any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode request: %w", err)
	}
	// The host is never looked up: every connection goes to the socket.
	target := url.URL{Scheme: "http", Host: "rollcall", Path: "/" + path, RawQuery: query.Encode()}
	req, err := http.NewRequestWithContext(ctx, method, target.String(), bytes.NewReader(text))
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreachable(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= http.StatusBadRequest {
		var f failure
		if err := json.NewDecoder(resp.Body).Decode(&f); err != nil || f.Text == "" {
			return fmt.Errorf("ask the service at %s: it answered %s", c.socket, resp.Status)
		}
		return fromWire(f)
	}
	if answer == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(answer); err != nil {
		return fmt.Errorf("read the service's answer: %w", err)
	}
	return nil
}

// unreachable says what an admin needs to know about a request that did not
// get through, without the URL that he never wrote.
func (c *Client) unreachable(err error) error {
	if wrapped := (*url.Error)(nil); errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return fmt.Errorf("%w at %s", ErrNotRunning, c.socket)
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s belongs to another user: run this as the user that runs the service: %w", c.socket, fs.ErrPermission)
	}
	if err := checkLength(c.socket); err != nil {
		return err
	}
	return fmt.Errorf("ask the service at %s: %w", c.socket, err)
}
