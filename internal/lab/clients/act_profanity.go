package main

import (
	"context"

	"github.com/rollcall-xmpp/rollcall/internal/lab/terminal"
)

func playProfanity(ctx context.Context, a *act) (err error) {
	p := &profanity{cy{act: a, team: a.world.group("team")}}
	defer func() { err = p.end(ctx, "profanity", err) }()
	return p.play(ctx, []scene{
		{"start Profanity and log in", p.logIn},
		{"be invited, say yes by chat", p.sayYes},
		{"have the group as a contact, with its status line", p.subscribe},
		{"see the status line change with Anna's presence", p.watch},
		{"ask who is there, by chat", p.ask},
		{"ask who is there, by command", p.command},
		{"set what others see of him by a form; Anna sees no more", p.setPolicy},
		{"leave the group by chat", p.leave},
	})
}

type profanity struct{ cy }

func (p *profanity) logIn(ctx context.Context) error {
	return p.settle(ctx, "profanity", terminal.Profanity)
}

func (p *profanity) sayYes(ctx context.Context) error {
	return inOrder(
		func() error { return p.anna.asks(ctx, p.team, "invite "+p.world.jid("cy"), "invited") },
		func() error { return p.Line(ctx, "/msg "+p.team) },
		func() error { return p.Shows(ctx, "invites you to the group") },
		func() error { return p.Line(ctx, "yes") },
		func() error { return p.Shows(ctx, "You are a member of The Team now.") },
		func() error { return p.keep(ctx, "profanity-invited") },
	)
}

func (p *profanity) subscribe(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "/sub allow "+p.team) },
		func() error { return p.Line(ctx, "/sub request "+p.team) },
		func() error { return p.Line(ctx, "/info") },
		func() error { return p.Shows(ctx, "2 of 2 available: Anna") },
		func() error { return p.keep(ctx, "profanity-contact") },
	)
}

func (p *profanity) watch(ctx context.Context) error {
	return inOrder(
		func() error { return p.anna.Send("<presence type='unavailable'/>") },
		func() error { return p.Shows(ctx, "1 of 2 available: cy") },
		func() error { return p.anna.Send("<presence><show>dnd</show><status>On a call</status></presence>") },
		func() error { return p.keep(ctx, "profanity-watch") },
	)
}

func (p *profanity) ask(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "who") },
		func() error { return p.Shows(ctx, "Anna: busy, On a call") },
		func() error { return p.keep(ctx, "profanity-who") },
	)
}

func (p *profanity) command(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "/cmd list "+p.team) },
		func() error { return p.Shows(ctx, "#authorize") },
		func() error { return p.Line(ctx, "/cmd exec urn:xmpp:tmp:group-presence:0#who") },
		func() error { return p.Shows(ctx, "Form title: The Team: 2 of 2 available") },
		func() error { return p.Shows(ctx, "Anna: busy, On a call") },
		func() error { return p.keep(ctx, "profanity-command") },
		func() error { return p.Line(ctx, "/win 2") },
	)
}

func (p *profanity) setPolicy(ctx context.Context) error {
	return inOrder(
		func() error { return p.anna.asks(ctx, p.team, "who", "cy: available") },
		func() error { return p.Line(ctx, "/cmd exec urn:xmpp:tmp:group-presence:0#authorize") },
		func() error { return p.Shows(ctx, "Who sees what of you in The Team") },
		func() error { return p.keep(ctx, "profanity-form") },
		func() error { return p.Line(ctx, "/field1 nothing") },
		func() error { return p.Line(ctx, "/form submit") },
		func() error { return p.anna.hears(ctx, "presence", "<show>dnd</show><status>1 of 2 available: Anna") },
		func() error { return p.anna.asks(ctx, p.team, "who", "Not there: cy") },
		func() error { return p.Line(ctx, "/win 2") },
		func() error { return p.keep(ctx, "profanity-form-done") },
	)
}

func (p *profanity) leave(ctx context.Context) error {
	return inOrder(
		func() error { return p.Line(ctx, "/msg "+p.team+" leave") },
		func() error { return p.Shows(ctx, "You have left The Team.") },
		func() error { return p.keep(ctx, "profanity-left") },
	)
}
