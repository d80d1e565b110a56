package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/lists"
)

// What docs/manners.md says of sources can be written so.
func TestSourcesOfTheManual(t *testing.T) {
	page, err := os.ReadFile("../../docs/manners.md")
	must(t, err)
	_, text, ok := strings.Cut(string(page), "## Where groups come from")
	if text, _, _ = strings.Cut(text, "\n## "); !ok {
		t.Fatal("there is no such chapter")
	}
	kinds := ""
	for _, block := range regexp.MustCompile("(?s)```toml\n(.*?)```").FindAllStringSubmatch(text, -1) {
		file := filepath.Join(t.TempDir(), "rollcall.toml")
		must(t, os.WriteFile(file, []byte("domain = \"groups.example.org\"\n"+block[1]), 0o600))
		cfg, err := config.Load(file)
		must(t, err)
		kinds += cfg.Sources[0].Kind + " "
	}
	if kinds != "peer muc file ldap " {
		t.Errorf("it explains %s", kinds)
	}
	csv := regexp.MustCompile("(?s)```csv\n(.*?)```").FindStringSubmatch(text)
	toml := regexp.MustCompile("(?s)```\n(\\[groups.*?)```").FindStringSubmatch(text)
	for name, example := range map[string][]string{"a.csv": csv, "a.toml": toml} {
		if example == nil {
			t.Fatalf("no example of %s", name)
		}
		groups, err := lists.Read(name, []byte(example[1]))
		if err != nil || len(groups) != 1 || len(groups[0].Members) != 2 {
			t.Errorf("%s: %+v, %v", name, groups, err)
		}
	}
}

// manualSource is the first example of a kind of source in docs/manners.md.
func manualSource(t *testing.T, kind string) string {
	t.Helper()
	page, err := os.ReadFile("../../docs/manners.md")
	must(t, err)
	for _, block := range regexp.MustCompile("(?s)```toml\n(\\[\\[sources.*?)```").FindAllStringSubmatch(string(page), -1) {
		if strings.Contains(block[1], "kind = \""+kind+"\"\n") {
			return block[1]
		}
	}
	t.Fatalf("there is no example of %s", kind)
	return ""
}
