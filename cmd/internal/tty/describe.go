package tty

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// Describe says on one line what changed in a row.
func Describe(d watch.Diff) string {
	switch {
	case d.After == nil:
		return Clean(d.Before.Name()) + " is no longer a member"
	case d.Before == nil:
		return Clean(d.After.Name()) + " is a member, " + state(d.After)
	}
	var parts []string
	for _, part := range []struct {
		name string
		of   func(*watch.Member) string
	}{{"", state}, {"", basic}, {"on ", devices}, {"", beside}} {
		if part.name != "" && (d.Before.Show == watch.Offline || d.After.Show == watch.Offline) {
			continue // who comes or goes does so with all he has
		}
		switch a, b := part.of(d.Before), part.of(d.After); {
		case a == b:
		case a == "":
			parts = append(parts, part.name+b)
		default:
			parts = append(parts, part.name+a+" → "+b)
		}
	}
	return Clean(d.After.Name()) + ": " + strings.Join(parts, "; ")
}

func state(m *watch.Member) string {
	_, s, _ := Symbol(m.Show)
	if m.Status != "" {
		s += " “" + Clean(m.Status) + "”" + by(m)
	}
	if !m.Idle.IsZero() {
		s += " idle"
	}
	if c := connection(m); c != "" {
		s += " " + c
	}
	for _, p := range published(m) {
		s += " " + p
	}
	return s
}

// by is who said the status on the member's behalf.
func by(m *watch.Member) string {
	if who := m.Source("status"); who != "" && m.Status != "" {
		return " (" + Clean(who) + ")"
	}
	return ""
}

// unwilling is what the member does not want, and what all the same.
func unwilling(m *watch.Member) (all []string) {
	none := len(m.Willing) > 0 && m.Willing[0].App == "" && !m.Willing[0].Value
	for _, x := range m.Willing {
		what := ""
		switch {
		case x.App == "" && !x.Value:
			what = "not willing"
		case x.App != "" && !x.Value && !none:
			what = "no " + x.App
		case x.App != "" && x.Value && none:
			what = "but " + x.App
		default:
			continue
		}
		if !x.Until.IsZero() {
			what += x.Until.Local().Format(" until 2 Jan 15:04")
		}
		if x.Source != "" {
			what += " (" + x.Source + ")"
		}
		all = append(all, Clean(what))
	}
	return all
}

func basic(m *watch.Member) string {
	return Clean(m.Attribute("title") + " (" + strings.Join(m.Roles, " ") + ")")
}

// connection says how he is connected, "" for well, or not said.
func connection(m *watch.Member) string {
	switch m.Reach() {
	case "interrupted":
		return "interrupted"
	case "off":
		return "switched off"
	}
	return ""
}

// devices names each, with what is the matter with its connection.
func devices(m *watch.Member) string {
	var names []string
	for _, d := range m.Devices {
		name := Clean(d.Name)
		if d.Connection != "" && d.Connection != "on" {
			name += " (" + Clean(d.Connection) + ")"
		}
		names = append(names, name)
	}
	if names == nil {
		return "nothing"
	}
	return strings.Join(names, " and ")
}
