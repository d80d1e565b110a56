package main

import (
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/doctor"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/manual"
)

// viewFinding is a finding for a terminal of 80 columns. all: with the lines
// for what is optional as well.
func viewFinding(f doctor.Finding, all bool) string {
	const indent = "                 "
	var b strings.Builder
	level := string(f.Level)
	if f.Level == doctor.Bad {
		level = "BAD" // to be found by the eye
	}
	text := manual.Wrap(f.Says, 80-len(indent))
	fmt.Fprintf(&b, "%-7s %-9s %s\n", level, f.Check, strings.Join(text, "\n"+indent[1:]+" "))
	if f.Means != "" {
		for _, line := range manual.Wrap(f.Means, 80-len(indent)-1) {
			fmt.Fprintf(&b, "%s %s\n", indent, line)
		}
	}
	if f.Level == doctor.Note && !all {
		return b.String()
	}
	for _, l := range f.Remedy {
		fmt.Fprintf(&b, "%s > %s:\n", indent, l.Where)
		for line := range strings.SplitSeq(l.Text, "\n") {
			fmt.Fprintf(&b, "%s   %s\n", indent, line)
		}
	}
	return b.String()
}
