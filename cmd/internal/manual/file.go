package manual

import (
	"cmp"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

// File makes the manual page of the configuration file.
func File() string {
	p := newPage("rollcall.toml", "5", "File Formats")
	p.heading("Name")
	p.line(`rollcall.toml \- configuration of the group presence service rollcall`)
	p.heading("Description")
	p.text(fileIntroduction)
	section := "-"
	for _, k := range config.Keys() {
		if k.Section() != section {
			section = k.Section()
			p.heading(sectionTitle(k))
			p.text(config.Sections()[section])
		}
		p.line(".TP\n\\fB%s\\fR (%s)\n%s", escape(k.Word()), escape(facts(k)), escape(k.Help))
	}
	for _, note := range fileNotes() {
		p.heading(note.Heading)
		p.text(note.Text)
	}
	return p.String()
}

func sectionTitle(k config.Key) string {
	switch section := k.Section(); {
	case section == "":
		return "At the top"
	case k.Repeats():
		return "[[" + section + "]]"
	default:
		return "[" + section + "]"
	}
}

// facts are a key's type, default, and whether it needs a restart.
func facts(k config.Key) string {
	facts := k.Type
	if k.Default != "" {
		facts += ", default " + k.Default
	}
	if k.Reload {
		facts += ", reloadable"
	}
	return facts
}

const fileIntroduction = `One TOML file. Only the domain and a secret have to be written; everything else has a good default:

    domain = "groups.example.org"
    [server]
    secret_file = "secret"

Relative file names are relative to the directory of this file. A key that is not known is an error, as it is more often misspelt than meant to do nothing; the error says the file, the line, the key and what would be right. "rollcall check" looks at the file, and at what it names, without starting anything.

What is marked as reloadable is read again when the service gets SIGHUP (systemctl reload rollcall). The log says what changed and what has to wait for a restart; a file with an error changes nothing.`

func fileNotes() []Note {
	return []Note{
		{"The secret", `The secret that the XMPP server shares with this component is looked for in this order:

    1. the environment variable ROLLCALL_SECRET
    2. secret or secret_file in the file (one of them)
    3. systemd's credential secret (LoadCredential=secret:FILE)

It is never logged, and no command takes it as an argument, so that it shows in no process list. One line break at the end of a file is not part of it.`},
		{"Files", `Without -config, the file is rollcall.toml in the working directory or, where there is none, /etc/rollcall/rollcall.toml.`},
		{"See also", `rollcall(1)`},
	}
}

// Example makes a configuration file in which every key is explained. What
// stands behind a single # may be uncommented; the keys of set, by their whole
// names, stand there with these values.
func Example(set map[string]string) string {
	var b strings.Builder
	b.WriteString("# Configuration of rollcall; see rollcall.toml(5), and run: rollcall check\n" +
		"# What is commented out is the default or, where there is none, an example.\n")
	section := ""
	for _, k := range config.Keys() {
		if k.Section() != section {
			section = k.Section()
			b.WriteString("\n")
			comment(&b, config.Sections()[section])
			if k.Repeats() { // there is none unless it is uncommented
				fmt.Fprintf(&b, "#[[%s]]\n", section)
			} else {
				fmt.Fprintf(&b, "[%s]\n", section)
			}
		}
		b.WriteString("\n")
		comment(&b, k.Help)
		if value, ok := set[k.Name]; ok {
			fmt.Fprintf(&b, "%s = %s\n", k.Word(), value)
		} else {
			fmt.Fprintf(&b, "#%s = %s\n", k.Word(), cmp.Or(k.Default, k.Example))
		}
	}
	return b.String()
}

func comment(b *strings.Builder, text string) {
	for _, line := range Wrap(text, 76) {
		fmt.Fprintf(b, "## %s\n", line)
	}
}

// Wrap breaks text into lines of at most width characters, where it has spaces.
func Wrap(text string, width int) (lines []string) {
	line := ""
	for word := range strings.FieldsSeq(text) {
		if line != "" && utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
