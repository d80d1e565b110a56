package lab

import (
	"context"
	"fmt"
	"slices"
)

// Received returns the log: every stanza so far, in the order of arrival.
func (c *Client) Received() []Stanza {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.log)
}

// Unread returns those stanzas that neither Wait nor Query has returned.
func (c *Client) Unread() []Stanza {
	c.mu.Lock()
	defer c.mu.Unlock()
	var left []Stanza
	for i := c.first; i < len(c.log); i++ {
		if !c.taken[i] {
			left = append(left, c.log[i])
		}
	}
	return left
}

// Wait returns the first stanza that match accepts and that Wait has not
// returned before, out of those that came already, else of those to come. What
// does not match stays for later calls. The error is that of ctx, or wraps
// [ErrClosed].
//
// match is called under the client's lock and must not call its methods.
func (c *Client) Wait(ctx context.Context, match func(Stanza) bool) (Stanza, error) {
	c.mu.Lock()
	next := c.first
	for {
		for ; next < len(c.log); next++ {
			if !c.taken[next] && match(c.log[next]) {
				s := c.log[next]
				c.taken[next] = true
				for c.first < len(c.log) && c.taken[c.first] {
					c.first++
				}
				c.mu.Unlock()
				return s, nil
			}
		}
		news, err := c.news, c.err
		c.mu.Unlock()
		if err != nil {
			return Stanza{}, err
		}
		select {
		case <-news:
		case <-ctx.Done():
			return Stanza{}, fmt.Errorf("wait at %s: %w", c.jid, ctx.Err())
		}
		c.mu.Lock()
	}
}

// Query sends an iq of type typ (`get` or `set`) with the payload to an entity
// ("" = the user's own account) and returns its answer, be it result or error.
func (c *Client) Query(ctx context.Context, to, typ, payload string) (Stanza, error) {
	answer := make(chan Stanza, 1)
	c.mu.Lock()
	if err := c.err; err != nil {
		c.mu.Unlock()
		return Stanza{}, err
	}
	id := c.newID()
	c.queries[id] = answer
	c.mu.Unlock()
	head := "<iq id='" + id + "' type='" + typ + "'"
	if to != "" {
		head += " from=" + Attr(c.jid) + " to=" + Attr(to)
	}
	err := c.Send(head + ">" + payload + "</iq>")
	if err == nil {
		select {
		case s, ok := <-answer:
			if ok {
				return s, nil
			}
			err = c.Err()
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	c.mu.Lock()
	delete(c.queries, id)
	c.mu.Unlock()
	return Stanza{}, fmt.Errorf("query %s: %w", to, err)
}

// Fence returns when the server has handled everything that the client sent
// before: it answers a stream's stanzas in order.
func (c *Client) Fence(ctx context.Context) error { return c.FenceVia(ctx, c.host) }

// FenceVia returns when entity has answered a ping. If it answers in order,
// all that it had sent to this client before is in the log by then. An error
// answer serves as well.
func (c *Client) FenceVia(ctx context.Context, entity string) error {
	_, err := c.Query(ctx, entity, "get", "<ping xmlns='urn:xmpp:ping'/>")
	return err
}
