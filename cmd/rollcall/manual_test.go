package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The copies in packaging/ are what the code says now.
func TestDocumentsAreCurrent(t *testing.T) {
	b := newBench(t)
	b.done("docs", b.dir)
	for _, name := range []string{"man/rollcall.1", "man/rollcall.toml.5", "rollcall.toml"} {
		want, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if have, err := os.ReadFile(filepath.Join("../../packaging", name)); err != nil || string(have) != string(want) {
			t.Errorf("packaging/%s is not what the code says (%v): run `make docs` and commit it", name, err)
		}
	}
}

// What a terminal of 80 columns shows is not cut: examples cannot be wrapped.
func TestExamplesFitTheTerminal(t *testing.T) {
	b := newBench(t)
	b.done("docs", b.dir)
	for _, name := range []string{"man/rollcall.1", "man/rollcall.toml.5", "rollcall.toml"} {
		text, err := os.ReadFile(filepath.Join(b.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		example := name == "rollcall.toml"
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSuffix(line, "\n")
			switch line {
			case ".nf":
				example = true
			case ".fi":
				example = false
			}
			shown := strings.NewReplacer(`\-`, "-", `\(dq`, `"`, `\(aq`, `'`, `\e`, `\`).Replace(line)
			room := 80
			if name != "rollcall.toml" {
				room = 78 - 11 // what man leaves of 80, and two indentations
			}
			if example && len([]rune(shown)) > room {
				t.Errorf("%s: too long: %s", name, shown)
			}
		}
	}
}

// The file that is installed is a configuration once domain is given.
func TestExampleIsAConfiguration(t *testing.T) {
	text, err := os.ReadFile("../../packaging/rollcall.toml")
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	b.write("rollcall.toml", strings.NewReplacer("#domain", "domain").Replace(string(text)))
	b.write("secret", "sesame")
	if out := b.done("snippet", "prosody"); !strings.Contains(out, `component_secret = "sesame"`) {
		t.Error(out)
	}
}

func TestComplete(t *testing.T) {
	b := newBench(t).serve()
	b.done("group", "create", "team")
	b.done("member", "add", "team", "alice@example.org")
	for words, want := range map[string]string{
		"group sh":            "show\tShow a group: its settings, its members, who watches\n",
		"group show te":       "team\t\n",
		"member remove team ": "alice@example.org\t\n",
		"member remove no ":   "",
		"-config ":            ":files\t\n",
	} {
		same(t, b.done(append([]string{"complete", "--"}, strings.Split(words, " ")...)...), want)
	}
}
