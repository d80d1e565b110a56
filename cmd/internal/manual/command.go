package manual

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"
)

// Note is a section of the manual page beside the commands.
type Note struct{ Heading, Text string }

// Commands makes the manual page of a program: every command with its flags,
// then the notes.
func Commands(app *kong.Application, summary string, notes []Note) string {
	p := newPage(app.Name, "1", "User Commands")
	p.heading("Name")
	p.line(`%s \- %s`, escape(app.Name), escape(summary))
	p.heading("Synopsis")
	p.line(`\fB%s\fR [\fB\-config\fR \fIFILE\fR] \fICOMMAND\fR ...`, escape(app.Name))
	p.heading("Description")
	p.text(app.Help)
	p.heading("Options")
	p.line("Behind any command, or before it:")
	flags(p, app.Flags)
	p.heading("Commands")
	for _, leaf := range app.Leaves(true) {
		command(p, leaf)
	}
	for _, note := range notes {
		p.heading(note.Heading)
		p.text(note.Text)
	}
	return p.String()
}

func command(p *page, n *kong.Node) {
	usage := n.FullPath()
	for _, a := range n.Positional {
		usage += " " + a.Summary()
	}
	p.subheading(usage)
	p.text(n.Help)
	p.text(n.Detail)
	for _, a := range n.Positional {
		p.item(a.Summary(), a.Help)
	}
	flags(p, n.Flags)
}

func flags(p *page, all []*kong.Flag) {
	for _, f := range all {
		if f.Hidden {
			continue
		}
		p.item(flagUsage(f), f.Help)
	}
}

// flagUsage is how the flag is written, such as --listed, --no-listed.
func flagUsage(f *kong.Flag) string {
	usage := "--" + f.Name
	if f.Short != 0 {
		usage = fmt.Sprintf("-%c, %s", f.Short, usage)
	}
	switch {
	case f.Tag.Negatable != "":
		usage += ", --no-" + f.Name
	case !f.IsBool():
		usage += " " + f.FormatPlaceHolder()
	}
	return usage
}

// firstSentence is enough where there is one line for it.
func firstSentence(help string) string {
	if i := strings.Index(help, ". "); i > 0 {
		help = help[:i]
	}
	return strings.TrimSuffix(help, ".")
}
