package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// contact is one of Gajim's, as its driver tells.
type contact struct {
	Name, Show, Subscription, Avatar string
	Listed                           bool
	Resources                        []resource
}

type resource struct{ Name, Show, Status string }

// until waits for a contact to be as it should.
func (p *anna) until(ctx context.Context, what, jid string, ready func(*contact) bool) error {
	var c contact
	err := p.Until(ctx, what, func() (bool, error) {
		c = contact{}
		err := p.Ask(ctx, &c, "contact", jid)
		return err == nil && ready(&c), err
	})
	if err != nil {
		return fmt.Errorf("%w; it is %+v", err, c)
	}
	return nil
}

// shows waits for the show and the status line of a group, and that it has
// only one of each.
func (p *anna) shows(ctx context.Context, jid, show, line string) error {
	return p.until(ctx, line, jid, func(c *contact) bool {
		return c.Show == show && len(c.Resources) == 1 && c.Resources[0].Status == line
	})
}

// sees waits for a text in a window.
func (p *anna) sees(ctx context.Context, window, text string) error {
	var all []string
	err := p.Until(ctx, fmt.Sprintf("%q in %s", text, window), func() (bool, error) {
		all = nil
		err := p.Ask(ctx, &all, "text", window)
		return slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, text) }), err
	})
	if err != nil {
		return fmt.Errorf("%w; there is %q", err, all)
	}
	return nil
}

// waitsFor waits for a text to vanish from a window.
func (p *anna) waitsFor(ctx context.Context, window, text string) error {
	return p.Until(ctx, fmt.Sprintf("the end of %q in %s", text, window), func() (bool, error) {
		var all []string
		err := p.Ask(ctx, &all, "text", window)
		return !slices.ContainsFunc(all, func(s string) bool { return strings.Contains(s, text) }), err
	})
}

// presses waits for a button that can be pressed, and presses it.
func (p *anna) presses(ctx context.Context, window, button string) error {
	return p.Until(ctx, "the button "+button, func() (bool, error) {
		err := p.Do(ctx, "press", window, button)
		return err == nil, err
	})
}

// opensCommands does what “Execute Command…” in the group's menu does.
func (p *anna) opensCommands(ctx context.Context) error {
	if err := p.Do(ctx, "commands", p.team); err != nil {
		return err
	}
	return p.sees(ctx, commandWindow, "Who is there")
}

// chooses takes a command from the list and waits for what it brings.
func (p *anna) chooses(ctx context.Context, command, brings string) error {
	return inOrder(
		func() error { return p.Do(ctx, "pick", commandWindow, command) },
		func() error { return p.presses(ctx, commandWindow, commandsAction) },
		func() error { return p.sees(ctx, commandWindow, brings) },
	)
}

// says writes a line in the open chat and waits for the answer behind it.
func (p *anna) says(ctx context.Context, line, answer string) error {
	if err := p.Do(ctx, "say", line); err != nil {
		return err
	}
	return p.reads(ctx, answer, line)
}

// reads waits for a message in the open chat that contains text and has come
// behind the line of her own, if one is named.
func (p *anna) reads(ctx context.Context, text string, behind ...string) error {
	var lines [][2]string
	err := p.Until(ctx, fmt.Sprintf("%q in the chat", text), func() (bool, error) {
		lines = nil
		if err := p.Ask(ctx, &lines, "lines"); err != nil {
			return false, err
		}
		first := 0
		for i, l := range lines {
			if slices.Contains(behind, l[1]) {
				first = i + 1
			}
		}
		return slices.ContainsFunc(lines[first:], func(l [2]string) bool { return strings.Contains(l[1], text) }), nil
	})
	if err != nil {
		return fmt.Errorf("%w; there is %q", err, lines)
	}
	return nil
}
