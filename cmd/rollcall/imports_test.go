package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/rollcall-xmpp/rollcall/"

// Which of our own packages each may import. What is not listed may import
// nothing of ours.
var directions = map[string][]string{
	"policy":            {},
	"roster":            {"policy", "internal/leak", "internal/avatar"},
	"store":             {"roster", "internal/audit"},
	"pubsub":            {"internal/interchange", "watch", "roster", "policy", "internal/frame", "internal/avatar", "internal/leak"},
	"component":         {"component/command", "component/hook", "component/source", "pubsub", "roster", "policy", "internal/frame", "internal/audit", "internal/discreet", "internal/leak"},
	"component/command": {"component/hook", "pubsub", "roster", "policy", "internal/frame", "internal/audit"},
	"component/hook":    {"roster", "internal/interchange", "watch"},
	"component/source":  {"roster", "watch", "internal/discreet"},
	"internal/audit":    {},
	"internal/avatar":   {},
	"internal/discreet": {},
	"internal/frame":    {},
	"internal/model":    {}, // what the service is tested against shares nothing with it
	"watch":             {}, // bots import it: nothing of the service comes with it
}

// Imports run cmd → component → pubsub → roster → policy and store → roster;
// policy is pure, roster knows no XML and no SQL, only component touches the
// socket.
func TestImportDirections(t *testing.T) {
	never := map[string][]string{
		"policy":            {"encoding/xml", "database/sql", "net", "os", "sync"},
		"roster":            {"encoding/xml", "database/sql", "net", "os"},
		"pubsub":            {"database/sql", "net", "os"},
		"component/command": {"database/sql", "net", "os"},
		"store":             {"encoding/xml", "net"},
		"watch":             {"database/sql", "net", "os"},
	}
	for pkg, allowed := range directions {
		for _, imported := range imports(t, pkg) {
			ours, isOurs := strings.CutPrefix(imported, module)
			if isOurs && !slices.Contains(allowed, ours) {
				t.Errorf("%s imports %s", pkg, ours)
			}
			if slices.Contains(never[pkg], imported) {
				t.Errorf("%s imports %s", pkg, imported)
			}
		}
	}
}

func imports(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{join .Imports "\n"}}`, module+pkg).CombinedOutput()
	if err != nil {
		t.Fatalf("go list %s: %v\n%s", pkg, err, out)
	}
	list := strings.Fields(string(out))
	if len(list) == 0 {
		t.Fatalf("go list %s: no imports", pkg)
	}
	return list
}
