package gajim

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the acts ask the driver to do, it can.
func TestDriver(t *testing.T) {
	var can []string
	for _, m := range regexp.MustCompile(`(?m)^    def ([a-z]\w*)\(self`).FindAllStringSubmatch(driver, -1) {
		can = append(can, m[1])
	}
	files, err := filepath.Glob("../clients/*.go")
	if err != nil {
		t.Fatal(err)
	}
	var asked []string
	for _, file := range append(files, "gajim.go") {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\.(?:Do\(ctx|Ask\(ctx, &?\w+), "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
			asked = append(asked, m[1])
		}
	}
	if len(asked) < 20 {
		t.Errorf("only %d requests found", len(asked))
	}
	for _, name := range asked {
		if !slices.Contains(can, name) {
			t.Errorf("the driver cannot %s; it can %s", name, strings.Join(can, ", "))
		}
	}
	for _, name := range can {
		if !slices.Contains(asked, name) {
			t.Errorf("nobody asks the driver to %s", name)
		}
	}
}
