package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/width"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
)

func (s *session) printJSON(v any) error {
	e := json.NewEncoder(s.Stdout)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// viewGroup is a group for people; what is empty is left out.
func viewGroup(jid string, g admin.Group) string {
	rows := [][]string{{"Address", jid}}
	for _, row := range [][]string{{"Name", g.Title}, {"Description", g.Description}, {"Language", g.Language}} {
		if row[1] != "" {
			rows = append(rows, []string{row[0], printable(row[1])})
		}
	}
	if g.Source != "" {
		rows = append(rows, []string{"Kept by", printable(g.Source) + " (it can only be changed there)"})
	}
	if g.Lost != nil {
		rows = append(rows, []string{"", "NOTHING KNOWN SINCE " + g.Lost.Since.UTC().Format(time.RFC3339) + ": " + printable(g.Lost.Why)})
	}
	listed := "no"
	if g.Listed {
		listed = "yes"
	}
	rows = append(rows, []string{"Listed", listed}, []string{"Payload", g.Payload})
	if g.Join != "invite" {
		rows = append(rows, []string{"Join", g.Join})
	}
	if g.Aggregate != "any" {
		rows = append(rows, []string{"Aggregate", printable(g.Aggregate)})
	}
	if g.Avatar != "" {
		rows = append(rows, []string{"Picture", "its own, SHA-1 " + printable(g.Avatar)})
	}
	if g.Delivery != "immediate" {
		rows = append(rows, []string{"Delivery", "every " + g.Delivery + " ms"})
	}
	label := "Attributes"
	for _, a := range viewAttributes(g.Attributes) {
		rows = append(rows, []string{label, a})
		label = ""
	}
	rows = append(rows, []string{"Watched by", watchers(g)}, []string{"Members", strconv.Itoa(len(g.Members))})
	out := table(rows)
	if len(g.Members) > 0 {
		out += "\n" + viewMembers(g.Members)
	}
	return out
}

// watchers counts people, not their subscriptions.
func watchers(g admin.Group) string {
	owners := make(map[string]bool)
	for _, s := range g.Subscriptions {
		owners[s.Owner] = true
	}
	if len(owners) == 0 && len(g.Contacts) == 0 {
		return "nobody"
	}
	return fmt.Sprintf("%d by subscription, %d as a contact", len(owners), len(g.Contacts))
}

func viewMembers(members []admin.Member) string {
	rows := [][]string{{"ADDRESS", "NICK", "AFFILIATION", "ROLES", "PRESENCE", "ATTRIBUTES"}}
	for _, m := range members {
		presence := m.Presence
		if presence == "none" {
			presence = "not asked"
		}
		rows = append(rows, []string{printable(m.JID), printable(m.Nick), m.Affiliation,
			printable(strings.Join(m.Roles, " ")), presence, strings.Join(viewAttributes(m.Attributes), " ")})
	}
	return table(rows)
}

// viewAttributes writes them as they would stand on the command line.
func viewAttributes(attrs map[string]string) []string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(attrs)) {
		list = append(list, printable(name)+"="+shellQuote(printable(attrs[name])))
	}
	return list
}

// table aligns columns by what they take on a terminal. The rows are equally
// long.
func table(rows [][]string) string {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], cells(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(cell)
			line.WriteString(strings.Repeat(" ", widths[i]-cells(cell)+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}

// cells is how many columns of a terminal s takes.
func cells(s string) (n int) {
	for _, r := range s {
		switch kind := width.LookupRune(r).Kind(); {
		case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		case kind == width.EastAsianWide || kind == width.EastAsianFullwidth:
			n += 2
		default:
			n++
		}
	}
	return n
}

// printable shows what a terminal would obey (escapes, line breaks, changes
// of direction) as escapes: names and texts come from strangers.
func printable(s string) string {
	var b strings.Builder
	for _, r := range strings.ToValidUTF8(s, "\ufffd") {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
			continue
		}
		quoted := strconv.QuoteRuneToASCII(r)
		b.WriteString(quoted[1 : len(quoted)-1])
	}
	return b.String()
}

// shellQuote quotes s for a shell if it has to be.
func shellQuote(s string) string {
	plain := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || strings.ContainsRune("_@%+=:,./-", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !plain(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
