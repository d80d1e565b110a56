package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every example in docs/protocol.md is a stanza of a play: the play passes on
// real servers, so the example is true. What a play leaves open (`*`, `{name}`)
// may be anything in the example; what only plays say (play:…, an attribute
// that must be absent) is left out.
func TestProtocolExamplesArePlayed(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	plays, err := filepath.Glob("testdata/plays/*.play")
	if err != nil || len(plays) == 0 {
		t.Fatalf("no plays: %v", err)
	}
	var played []string
	for _, name := range plays {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		played = append(played, patterns(string(text))...)
	}
	examples := regexp.MustCompile("(?s)```xml\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 8 {
		t.Fatalf("only %d examples found", len(examples))
	}
	all := regexp.MustCompile("^(" + strings.Join(played, "|") + ")$")
	for _, e := range examples {
		if x := flat(e[1]); !all.MatchString(x) {
			t.Errorf("no play has this example:\n%s", e[1])
		}
	}
}

var (
	between = regexp.MustCompile(`>\s+<`)
	stanza  = regexp.MustCompile(`(?m)^    <(?:iq|message|presence)(?:[^\n]*/>$|[^\n]*</(?:iq|message|presence)>$|(?s:.*?)^    </(?:iq|message|presence)>$)`)
	notes   = regexp.MustCompile(` (play:[a-z]+='[^']*'|[a-z]+='')`)
	absent  = regexp.MustCompile(`<[^<>]* play:absent='1'/>`)
	empty   = regexp.MustCompile(`<([a-z]+)([^<>]*[^/])?></([a-z]+)>`)
	open    = regexp.MustCompile(`\\\*|\\\{[a-z]+\\\}`)
)

// flat is XML without the space that indents it.
func flat(s string) string {
	return empty.ReplaceAllString(between.ReplaceAllString(strings.TrimSpace(s), "><"), "<$1$2/>")
}

// patterns are a play's stanzas as expressions for what they allow.
func patterns(play string) (all []string) {
	for _, s := range stanza.FindAllString(play, -1) {
		s = notes.ReplaceAllString(absent.ReplaceAllString(s, ""), "")
		all = append(all, open.ReplaceAllString(regexp.QuoteMeta(flat(s)), `[^<>']*`))
	}
	return all
}

// The programs in docs/bots.md are parts of programs that are compiled, or
// run, with the tests.
func TestBotExamplesAreReal(t *testing.T) {
	page, err := os.ReadFile("../../docs/bots.md")
	if err != nil {
		t.Fatal(err)
	}
	for language, files := range map[string][]string{"go": {"../../watch/example_test.go"},
		"python": {"../../examples/python/group_presence.py", "../../examples/python/webhook.py"}} {
		var program []byte
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			program = append(program, text...)
		}
		examples := regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(page), -1)
		if len(examples) == 0 {
			t.Errorf("no example in %s", language)
		}
		for _, e := range examples {
			if !strings.Contains(string(program), e[1]) {
				t.Errorf("%s: none has\n%s", files, e[1])
			}
		}
	}
}
