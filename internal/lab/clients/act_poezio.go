package main

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/internal/lab/terminal"
)

func playPoezio(ctx context.Context, a *act) (err error) {
	p := &poezio{cy{act: a, team: a.world.group("team")}}
	defer func() { err = p.end(ctx, "poezio", err) }()
	return p.play(ctx, []scene{
		{"start Poezio and log in", p.logIn},
		{"add an open group as a contact, and so join it", p.add},
		{"read its status line in the contact's pane", p.read},
		{"see the status line change with Anna's presence", p.watch},
		{"ask who is there, by command", p.command},
		{"set what others see of him by a form; Anna sees no more", p.setPolicy},
		{"ask who is there, by chat", p.ask},
		{"leave the group by chat", p.leave},
	})
}

type poezio struct{ cy }

func (p *poezio) logIn(ctx context.Context) error {
	if err := p.settle(ctx, "poezio", terminal.Poezio); err != nil {
		return err
	}
	_, err := p.world.rollcall(ctx, "group", "set", "team", "--join", "open", "--listed")
	return err
}

func (p *poezio) add(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "/add "+p.team) },
		func() error { return p.Shows(ctx, "contact proposal") },
		func() error { return p.keep(ctx, "poezio-add") },
		func() error { return p.Line(ctx, "/accept "+p.team) },
		func() error { return p.anna.hears(ctx, "presence", "2 of 2 available: Anna, cy") },
	)
}

func (p *poezio) read(ctx context.Context) error {
	return inOrder(
		func() error { return p.Key(ctx, "Down", "Down") },
		func() error { return p.Shows(ctx, "Status: 2 of 2 available: Anna, cy") },
		func() error { return p.keep(ctx, "poezio-contact") },
	)
}

func (p *poezio) watch(ctx context.Context) error {
	return inOrder(
		func() error { return p.anna.Send("<presence type='unavailable'/>") },
		func() error { return p.Shows(ctx, "Status: 1 of 2 available: cy") },
		func() error { return p.anna.Send("<presence><show>dnd</show><status>On a call</status></presence>") },
		func() error { return p.Shows(ctx, "Status: 2 of 2 available: Anna, cy") },
	)
}

func (p *poezio) command(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "/ad-hoc "+p.team) },
		func() error { return p.Shows(ctx, "Who is there") },
		func() error { return p.keep(ctx, "poezio-commands") },
		func() error { return p.Key(ctx, "Enter") },
		func() error { return p.Shows(ctx, "busy, On a call") },
		func() error { return p.keep(ctx, "poezio-command") },
		func() error { return p.Key(ctx, "C-g") },
		func() error { return p.Shows(ctx, "Ad-hoc commands of JID") },
	)
}

func (p *poezio) setPolicy(ctx context.Context) error {
	return inOrder(
		func() error { return p.Key(ctx, "Down", "Enter") },
		func() error { return p.Shows(ctx, "Members see") },
		func() error { return p.Key(ctx, "Left") },
		func() error { return p.Shows(ctx, "  Nothing  ") },
		func() error { return p.keep(ctx, "poezio-form") },
		func() error { return p.Key(ctx, "C-y") },
		func() error { return p.Shows(ctx, "What others see of you in The Team") },
		func() error { return p.anna.hears(ctx, "presence", "<show>dnd</show><status>1 of 2 available: Anna") },
		func() error { return p.anna.asks(ctx, p.team, "who", "Not there: cy") },
		func() error { return p.Key(ctx, "C-g") },
		func() error { return p.Shows(ctx, "Ad-hoc commands of JID") },
	)
}

func (p *poezio) ask(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "/message "+p.team+" who") },
		func() error { return p.Shows(ctx, "Anna: busy, On a call") },
		func() error { return p.keep(ctx, "poezio-who") },
	)
}

func (p *poezio) leave(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "leave") },
		func() error { return p.Shows(ctx, "You have left The Team.") },
		func() error { return p.keep(ctx, "poezio-left") },
	)
}
