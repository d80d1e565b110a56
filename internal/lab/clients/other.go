package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// other is a person on a client of the laboratory: he does his part in an act
// and hears what came of it.
type other struct{ *lab.Client }

// hears waits for a stanza with one of the texts.
func (o other) hears(ctx context.Context, name string, texts ...string) error {
	_, err := o.Wait(ctx, func(s lab.Stanza) bool {
		return s.Name == name && slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(s.Raw, t) })
	})
	if err != nil {
		return fmt.Errorf("await %q: %w; there is %s", texts, err, o.unread())
	}
	return nil
}

// asks writes a line to a group and waits for the answer.
func (o other) asks(ctx context.Context, whom, line, answer string) error {
	if err := o.Send("<message type='chat' to='" + whom + "'><body>" + lab.Text(line) + "</body></message>"); err != nil {
		return err
	}
	return o.hears(ctx, "message", answer)
}

// unread is what came and was not waited for, as it came.
func (o other) unread() string {
	var b strings.Builder
	for _, s := range o.Unread() {
		b.WriteString("\n\t" + s.Raw)
	}
	return b.String()
}

// inOrder does one thing after the other until one goes wrong.
func inOrder(all ...func() error) error {
	for _, do := range all {
		if err := do(); err != nil {
			return err
		}
	}
	return nil
}
