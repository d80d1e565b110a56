package labtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// Invalid checks documents by an XML Schema, with xmllint, and says what is
// wrong with those, by their index, that are not valid.
func Invalid(t testing.TB, schema string, documents []string) map[int]string {
	t.Helper()
	if err := lab.Install(t.Context(), t.Output(), "libxml2-utils"); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	args := []string{"--noout", "--nonet", "--schema", schema}
	for i, d := range documents {
		name := filepath.Join(dir, fmt.Sprintf("%d.xml", i))
		if err := os.WriteFile(name, []byte(d), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, name)
	}
	out, err := exec.CommandContext(t.Context(), "xmllint", args...).CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(out), dir+"/", "")
	wrong := map[int]string{}
	for line := range strings.Lines(text) {
		var i int
		if _, err := fmt.Sscanf(line, "%d.xml:", &i); err == nil && strings.Contains(line, "error") {
			wrong[i] += line
		}
	}
	if good := strings.Count(text, ".xml validates\n"); good+len(wrong) != len(documents) {
		t.Fatalf("of %d documents %d are valid and %d are not:\n%s", len(documents), good, len(wrong), text)
	}
	return wrong
}
