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
	const indent = "                  "
	var b strings.Builder
	level := string(f.Level)
	if f.Level == doctor.Bad {
		level = "BAD" // to be found by the eye
	}
	head := fmt.Sprintf("%-8s%-10s", level, f.Check)
	for _, text := range []string{f.Says, f.Means} {
		if text == "" {
			continue
		}
		for _, line := range manual.Wrap(text, 80-len(indent)) {
			fmt.Fprintf(&b, "%s%s\n", head, line)
			head = indent
		}
	}
	if f.Level == doctor.Note && !all {
		return b.String()
	}
	for _, l := range f.Remedy {
		fmt.Fprintf(&b, "%s> %s:\n", indent, l.Where)
		for line := range strings.SplitSeq(l.Text, "\n") {
			fmt.Fprintf(&b, "%s  %s\n", indent, line)
		}
	}
	return b.String()
}
