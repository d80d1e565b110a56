package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Whatever the file holds, it is read or refused with a reason on one line,
// and what stands for the secret is told to nobody.
func FuzzLoad(f *testing.F) {
	f.Add("domain = \"groups.example.org\"\n[server]\nsecret = \"%s\"\n")
	f.Add("domain = \"groups.example.org\"\nserver = { secret = \"%s\", address = 5 }\n")
	f.Add("[server]\nsecret = '''\n%s'''\nsecret_file = \"x\"\n")
	f.Add("[server]\nsecret = %s\n")
	f.Add("domain = \"a\\nb\"\n\"c\\nd\" = 1\n")
	f.Add("\"c\\nd\" = 1\n")
	f.Add("server.secret = \"%s\"\n[[server]]\n\"a.b\" = [1, {x = 2}]\n")
	f.Fuzz(func(t *testing.T, text string) {
		const secret = "hunter2hunter2"
		path := filepath.Join(t.TempDir(), "rollcall.toml")
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "%s", secret)), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(path)
		if err == nil {
			if c.Domain == "" || c.Server.Host == "" || !filepath.IsAbs(c.Admin.Socket) {
				t.Errorf("incomplete: %+v", c)
			}
			return
		}
		var e *Error
		if !errors.As(err, &e) || strings.ContainsAny(err.Error(), "\n\r") {
			t.Errorf("refused with %q", err)
		}
		if strings.Contains(text, "secret = \"%s\"") && strings.Contains(err.Error(), secret) && strings.Count(text, "%s") == 1 {
			t.Errorf("the secret shows: %v", err)
		}
	})
}
