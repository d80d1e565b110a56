package demo

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/watch"
)

// describe says on one line what changed in a row.
func describe(d watch.Diff) string {
	switch {
	case d.After == nil:
		return clean(d.Before.Name()) + " is no longer a member"
	case d.Before == nil:
		return clean(d.After.Name()) + " is a member, " + state(d.After)
	}
	var parts []string
	if a, b := state(d.Before), state(d.After); a != b {
		parts = append(parts, a+" → "+b)
	}
	if a, b := basic(d.Before), basic(d.After); a != b {
		parts = append(parts, a+" → "+b)
	}
	if a, b := devices(d.Before), devices(d.After); a != b {
		parts = append(parts, "devices "+a+" → "+b)
	}
	return clean(d.After.Name()) + ": " + strings.Join(parts, "; ")
}

func state(m *watch.Member) string {
	_, s, _ := symbol(m.Show)
	if m.Status != "" {
		s += " “" + clean(m.Status) + "”"
	}
	if !m.Idle.IsZero() {
		s += " idle"
	}
	return s
}

func basic(m *watch.Member) string {
	return clean(strings.TrimSpace(strings.Join(m.Roles, " ") + " " + m.Attribute("title")))
}

func devices(m *watch.Member) string {
	var names []string
	for _, d := range m.Devices {
		names = append(names, clean(d.Name))
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, " ")
}
