package fault

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

const root = "../.."

// fault is a build without one safeguard.
type fault struct {
	name string // of the safeguard: a word or two
	file string // below the root
	old  string // the safeguard, as it stands there once
	new  string // what stands there without it
	test string // package and name of the test that has to fail
	fast bool   // make test tries it too
}

func (f *fault) split() (pkg, test string) {
	pkg, test, _ = strings.Cut(f.test, " ")
	return pkg, test
}

// without is the file without the safeguard.
func (f *fault) without() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(root, f.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(text, []byte(f.old)); n != 1 {
		return nil, fmt.Errorf("%s: what is to be taken out stands there %d times", f.file, n)
	}
	return format.Source(bytes.Replace(text, []byte(f.old), []byte(f.new), 1))
}

// The list fits the source: what each entry takes out is there, and so is the
// test that has to notice.
func TestListFits(t *testing.T) {
	names := map[string]bool{}
	for _, f := range faults() {
		if names[f.name] {
			t.Errorf("%s is listed twice", f.name)
		}
		names[f.name] = true
		if _, err := f.without(); err != nil {
			t.Errorf("%s: %v", f.name, err)
		}
		pkg, test := f.split()
		test, _, _ = strings.Cut(test, "/")
		if !declares(t, pkg, test) {
			t.Errorf("%s: there is no %s in %s", f.name, test, pkg)
		}
	}
}

func declares(t *testing.T, pkg, test string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, pkg, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("\nfunc "+test+"(t *testing.T)")) {
			return true
		}
	}
	return false
}

// TestFaults: without its safeguard each test fails. A few of them here, all
// of them by make faults (ROLLCALL_TEST_FAULTS, a regular expression of names).
func TestFaults(t *testing.T) {
	only := os.Getenv("ROLLCALL_TEST_FAULTS")
	chosen, err := regexp.Compile(only)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults() {
		if only == "" && !f.fast || !chosen.MatchString(f.name) {
			continue
		}
		t.Run(f.name, func(t *testing.T) {
			began := time.Now()
			out, err := f.run(t)
			if err == nil || !caught(out) {
				t.Errorf("nobody notices that it is missing: %v\n%s", err, out)
			}
			t.Logf("%s: noticed by %s (%.0f s)", f.name, f.test, time.Since(began).Seconds())
		})
	}
}

// caught says whether a test has failed: it was built, and ran.
func caught(out []byte) bool {
	return bytes.Contains(out, []byte("--- FAIL: ")) || bytes.Contains(out, []byte("panic: test timed out"))
}

// run runs the test without the safeguard.
func (f *fault) run(t *testing.T) (out []byte, err error) {
	t.Helper()
	text, err := f.without()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, err := filepath.Abs(filepath.Join(root, f.file))
	if err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: filepath.Join(dir, "without.go")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"without.go": text, "overlay.json": overlay} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pkg, test := f.split()
	cmd := exec.CommandContext(t.Context(), "go", "test", "-vet=off", "-count=1", "-ldflags=-s -w", "-timeout=90s",
		"-overlay", filepath.Join(dir, "overlay.json"), "-run", pattern(test), "./"+pkg)
	cmd.Dir = root
	return cmd.CombinedOutput()
}

// pattern matches a test, or one of its parts, by its name.
func pattern(test string) string {
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}
