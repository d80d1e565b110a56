package demo

import (
	"os"
	"strings"
	"testing"
)

// What the manual tells people to write is what runs here.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("../../../docs/manners.md")
	if err != nil {
		t.Fatal(err)
	}
	for number, m := range manners() {
		for _, p := range m.posts {
			if p.text == "" {
				t.Fatalf("manner %d: a post without a configuration", number)
			}
			if !strings.Contains(string(manual), "```toml\n"+p.text+"```\n") {
				t.Errorf("manner %d: the manual does not have\n%s", number, p.text)
			}
			if !strings.HasPrefix(p.text, "domain = \""+p.domain+"\"\n") || !strings.Contains(p.text, standardAddress) {
				t.Errorf("manner %d, %s:\n%s", number, p.domain, p.text)
			}
		}
		for _, line := range m.after {
			said := `rollcall policy set team group "` + strings.Join(line[3:], `" "`) + `"`
			if !strings.Contains(string(manual), said) {
				t.Errorf("manner %d: the manual does not have %s", number, said)
			}
		}
	}
}
