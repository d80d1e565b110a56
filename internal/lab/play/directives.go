package play

import (
	"context"
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// directives are the forms of a line, in the order in which they are tried.
func directives() []directive {
	const who = `([^\s/]+(?:/\S+)?)`
	return []directive{
		{form: `group (\S+) "([^"]*)"((?: [^\s:]+(?::[^\s:]+)?)*)`, read: readGroup},
		{form: `rollcall (?:(refuses|misunderstands) )?(.+)`, loose: true, read: readRollcall},
		{form: `(\S+) (logs in|connects) as (\S+?)(?: and (approves|denies))?(?: hearing of ([^,]+))?`, read: readLogin},
		{form: who + ` sends`, block: true, read: readSends},
		{form: who + ` receives nothing else|nobody receives anything else`, read: readNothingElse},
		{form: who + ` receives`, block: true, read: readReceives},
		{form: who + ` never received`, block: true, read: readNever},
		{form: who + ` (closes|drops)`, read: readLeaves},
		{form: `all is quiet`, read: readQuiet},
		{form: `only on real servers`, read: readReal},
		{form: `(server|service) (restarts|stops|is killed|starts)`, read: readLife},
	}
}

func readGroup(s *Script, m []string, _ string) (action, error) {
	name, title, members := m[0], m[1], strings.Fields(m[2])
	for _, member := range members {
		user, _, _ := strings.Cut(member, ":")
		s.needs(user)
	}
	return func(ctx context.Context, p *performance) error {
		if err := p.rollcall(ctx, []string{"group", "create", name, "--name", title}, 0, ""); err != nil {
			return err
		}
		for _, member := range members {
			user, roles, _ := strings.Cut(member, ":")
			words := []string{"member", "add", name, user + "@" + p.server.Host(), "--nick", capital(user)}
			for role := range strings.SplitSeq(roles, ",") {
				if role != "" {
					words = append(words, "--role", role)
				}
			}
			if err := p.rollcall(ctx, words, 0, ""); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func readRollcall(_ *Script, m []string, block string) (action, error) {
	words, err := splitWords(m[1])
	if err != nil {
		return nil, err
	}
	status := map[string]int{"": 0, "refuses": 1, "misunderstands": 2}[m[0]]
	return func(ctx context.Context, p *performance) error {
		return p.rollcall(ctx, words, status, block)
	}, nil
}

func readLogin(s *Script, m []string, _ string) (action, error) {
	user, resource, online := m[0], m[2], m[1] == "logs in"
	opts := lab.ClientOptions{Requests: map[string]lab.Subscriptions{"approves": lab.Approve, "denies": lab.Deny}[m[3]]}
	for _, node := range strings.Fields(m[4]) {
		opts.Features = append(opts.Features, node+"+notify")
	}
	s.needs(user)
	return func(ctx context.Context, p *performance) error {
		return p.login(ctx, user, resource, online, opts)
	}, nil
}

func readSends(_ *Script, m []string, block string) (action, error) {
	return func(_ context.Context, p *performance) error {
		d, err := p.device(m[0])
		if err != nil {
			return err
		}
		text, err := p.bound.expand(block, lab.Text)
		if err != nil {
			return err
		}
		return d.client.Send(p.toWire(unindent(text)))
	}, nil
}

// unindent takes the block's indentation away, so that only XML is sent.
func unindent(block string) string {
	var b strings.Builder
	for line := range strings.Lines(block) {
		b.WriteString(strings.TrimSpace(line))
		if !strings.HasSuffix(strings.TrimSpace(line), ">") {
			b.WriteByte('\n') // within a tag or a text
		}
	}
	return strings.TrimSpace(b.String())
}

func readReceives(_ *Script, m []string, block string) (action, error) {
	patterns, err := parseTrees(block)
	return func(ctx context.Context, p *performance) error {
		d, err := p.device(m[0])
		if err != nil {
			return err
		}
		for _, pattern := range patterns {
			if err := p.receive(ctx, d, pattern); err != nil {
				return err
			}
		}
		return nil
	}, err
}

func readNothingElse(_ *Script, m []string, _ string) (action, error) {
	return func(ctx context.Context, p *performance) error {
		if err := p.quiet(ctx); err != nil {
			return err
		}
		if m[0] != "" {
			d, err := p.device(m[0])
			if err != nil {
				return err
			}
			return p.nothingElse(d)
		}
		for _, d := range p.devices {
			if err := p.nothingElse(d); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

func readNever(_ *Script, m []string, block string) (action, error) {
	patterns, err := parseTrees(block)
	return func(ctx context.Context, p *performance) error {
		if err := p.quiet(ctx); err != nil {
			return err
		}
		return p.never(m[0], patterns)
	}, err
}

func readLeaves(_ *Script, m []string, _ string) (action, error) {
	return func(_ context.Context, p *performance) error {
		d, err := p.device(m[0])
		if err != nil {
			return err
		}
		if m[1] == "drops" {
			d.client.Drop()
			return nil
		}
		return d.client.Close()
	}, nil
}

func readReal(s *Script, _ []string, _ string) (action, error) {
	s.Real = true
	return func(context.Context, *performance) error { return nil }, nil
}

func readQuiet(*Script, []string, string) (action, error) {
	return func(ctx context.Context, p *performance) error { return p.quiet(ctx) }, nil
}

func readLife(s *Script, m []string, _ string) (action, error) {
	if m[0] == "server" {
		s.life = true
		if m[1] == "stops" {
			return nil, fmt.Errorf("a server restarts or is killed")
		}
	}
	return func(ctx context.Context, p *performance) error {
		if m[0] == "server" {
			return p.serverLife(ctx, m[1])
		}
		return p.serviceLife(ctx, m[1])
	}, nil
}
