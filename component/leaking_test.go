package component

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/leak"
)

// TestLeakingBuilds: TestFaces finds the leak in builds that leak. Three of
// them here, that leak in the group, to strangers and at the edge; all of them
// by make leaks.
func TestLeakingBuilds(t *testing.T) {
	if leak.Face != "" {
		return // this is one
	}
	for _, face := range []string{"item", "error", "log"} {
		t.Run(face, func(t *testing.T) {
			out, err := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-ldflags=-s -w",
				"-tags", "leak leak_"+face, "-run", "^TestFaces$", ".").CombinedOutput()
			if err == nil || !strings.Contains(string(out), "face "+face+" leaks to ") {
				t.Errorf("nobody notices that it leaks: %v\n%s", err, out)
			}
		})
	}
}
