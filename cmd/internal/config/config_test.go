package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// load writes text to rollcall.toml in a fresh directory and loads it.
func load(t *testing.T, text string) (*Config, string, error) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "rollcall.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(path)
	return c, dir, err
}

func noEnv(string) string { return "" }

func env(name, value string) func(string) string {
	return func(n string) string {
		if n == name {
			return value
		}
		return ""
	}
}

func TestDefaults(t *testing.T) {
	c, dir, err := load(t, `domain = "groups.example.org"`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path: filepath.Join(dir, "rollcall.toml"), Domain: "groups.example.org",
		Server:   Server{Address: "127.0.0.1:5347", Host: "example.org"},
		Store:    Store{URL: "sqlite:" + filepath.Join(dir, "rollcall.db")},
		Admin:    Admin{Consent: "ask", Socket: filepath.Join(dir, "rollcall.sock")},
		Presence: Presence{From: Subscription},
		Delivery: Delivery{To: Own, Multicast: Auto},
		Limits:   Limits{Requests: 50, DomainRequests: 500, Changes: 5, Probes: 2000},
		HTTP:     HTTP{Listen: "127.0.0.1:8086"},
		Log:      Log{Level: slog.LevelInfo, Format: "text"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
}

func TestEverything(t *testing.T) {
	c, dir, err := load(t, `
domain = "Groups.Example.ORG"
[server]
address = "[::1]:5348"
host = "xmpp.example.net"
tls = true
ca_file = "ca.pem"
secret = "sesame"
[store]
url = "sqlite:/var/lib/rollcall/rollcall.db"
[admin]
jids = ["Admin@Example.org", "root@example.org"]
creators = ["example.org"]
socket = "run/rollcall.sock"
[http]
listen = ""
[limits]
domains = ["Partner.example"]
requests = 20
domain_requests = 0
changes = 1
probes = 10000
[log]
level = "debug"
format = "json"
`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		Path: filepath.Join(dir, "rollcall.toml"), Domain: "groups.example.org",
		Server: Server{Address: "[::1]:5348", Host: "xmpp.example.net", TLS: true, CAFile: filepath.Join(dir, "ca.pem")},
		Store:  Store{URL: "sqlite:/var/lib/rollcall/rollcall.db"},
		Admin: Admin{JIDs: []string{"admin@example.org", "root@example.org"}, Consent: "ask", Creators: []string{"example.org"},
			Socket: filepath.Join(dir, "run/rollcall.sock")},
		Presence: Presence{From: Subscription},
		Delivery: Delivery{To: Own, Multicast: Auto},
		Limits:   Limits{Domains: []string{"partner.example"}, Requests: 20, Changes: 1, Probes: 10000},
		Log:      Log{Level: slog.LevelDebug, Format: "json"},
		secret:   c.secret,
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got %+v\nwant %+v", c, want)
	}
	if s, err := c.Secret(noEnv); err != nil || s.Reveal() != "sesame" {
		t.Errorf("secret is %q, %v", s.Reveal(), err)
	}
}

// The example in the manual is a configuration.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	var example strings.Builder
	for line := range strings.Lines(string(manual)) {
		if code, ok := strings.CutPrefix(line, "//\t"); ok {
			example.WriteString(code)
		}
	}
	if _, _, err := load(t, example.String()); err != nil {
		t.Fatal(err)
	}
}

// Each row of the table is whole: it has help, its example and its default can
// be read and are told as a change, and it is in force after a reload if and
// only if it says so.
func TestTable(t *testing.T) {
	const start = "domain = \"before.example.net\"\n"
	for _, k := range Keys() {
		if _, ok := Sections()[k.Section()]; !ok {
			t.Errorf("%s: its section has no help", k.Name)
		}
		if k.Type == "" || !strings.HasSuffix(k.Help, ".") {
			t.Errorf("%s: type %q, help %q", k.Name, k.Type, k.Help)
		}
		text, value := start+"["+k.Section()+"]\n", k.Example
		if k.Section() == "" {
			text = ""
		}
		if k.Repeats() {
			text = start + "[[" + k.Section() + "]]\n" + beside(k)
		}
		if value == k.Default {
			value = `"localhost:5999"`
		}
		if k.Name == "delivery.to" {
			text += "pubsub = \"pubsub.example.net\"\n"
		}
		before, _, err := load(t, start)
		if err != nil {
			t.Fatal(err)
		}
		after, _, err := load(t, text+k.Word()+" = "+value+"\n")
		if err != nil {
			t.Errorf("%s: %v", k.Name, err)
			continue
		}
		changed := func(to *Config) bool {
			for _, c := range Diff(before, to) {
				if c.Key.Name == k.Name && c.Old != c.New || c.Key.secret && c.New == hidden {
					return true
				}
			}
			return false
		}
		if !changed(after) {
			t.Errorf("%s: a change is not told", k.Name)
		}
		if changed(Reloaded(before, after)) != k.Reload {
			t.Errorf("%s: reload says %v", k.Name, k.Reload)
		}
		if k.Default != "" {
			if _, _, err := load(t, start+"["+k.Section()+"]\n"+k.Word()+" = "+k.Default+"\n"); err != nil {
				t.Errorf("%s: its default: %v", k.Name, err)
			}
		}
	}
}

const directory = "name = \"x\"\nkind = \"ldap\"\nurl = \"ldap://x\"\nbase = \"dc=x\"\n"

// beside is what else has to stand in a section that repeats.
func beside(k Key) string {
	switch k.Name {
	case "sources.name":
		return "kind = \"file\"\npath = \"a.csv\"\n"
	case "sources.kind":
		return "name = \"x\"\naddress = \"x.example\"\n"
	case "sources.path":
		return "name = \"x\"\nkind = \"file\"\n"
	case "peers.address":
		return "give = true\n"
	case "peers.give":
		return "address = \"x.example\"\n"
	case "peers.grants", "peers.every":
		return "address = \"x.example\"\ngive = true\n"
	case "peers.take":
		return "address = \"x.example\"\n"
	case "peers.by":
		return "address = \"x.example\"\ntake = [\"x.example\"]\n"
	case "sources.address":
		return "name = \"x\"\nkind = \"muc\"\n"
	case "sources.url":
		return "name = \"x\"\nkind = \"ldap\"\nbase = \"dc=x\"\n"
	case "sources.base":
		return "name = \"x\"\nkind = \"ldap\"\nurl = \"ldap://x\"\n"
	case "sources.bind":
		return directory + "password_file = \"x\"\n"
	case "sources.password_file":
		return directory + "bind = \"cn=x\"\n"
	case "sources.tls", "sources.ca_file", "sources.filter", "sources.people", "sources.jid", "sources.nick", "sources.admins", "sources.roles", "sources.attributes":
		return directory
	}
	return "name = \"x\"\nkind = \"muc\"\naddress = \"x.example\"\n"
}

func TestErrors(t *testing.T) {
	for _, test := range []struct {
		text, key string
		line      int
		says      string
	}{
		{"", "domain", 0, `domain = "groups.example.org"`},
		{"domain = \"groups\"\n", "server.host", 0, "write the XMPP server's own domain"},
		{"\ndomain = 5", "domain", 2, `put it in "quotes"`},
		{`domain = "team@groups.example.org"`, "domain", 1, "not a domain"},
		{`domain = ""`, "domain", 1, "not a domain"},
		{"domain = \"g.x\"\ndomian = \"g.x\"", "domian", 2, "did you mean domain, at the top"},
		{"domain = \"g.x\"\n[server]\n# comment\nadress = \"x\"", "server.adress", 4, "did you mean address, below [server]"},
		{"domain = \"g.x\"\nsocket = \"x\"", "socket", 2, "did you mean socket, below [admin]"},
		{"domain = \"g.x\"\n[federation]\nx = 1", "federation", 2, "remove it"},
		{"domain = \"g.x\"\n[server.more]\nx = 1", "server.more", 2, "no such key"},
		{"domain = \"g.x\"\nserver = \"example.org:5347\"", "server", 2, "write [server]"},
		{"domain = \"g.x\"\n[[server]]\naddress = \"example.org:5347\"", "server", 2, "write [server]"},
		{"domain = \"g.x\"\nserver = { address = \"localhost\" }", "server.address", 2, "not host:port"},
		{"domain = \"g.x\"\n[server]\naddress = \":5347\"", "server.address", 3, "not host:port"},
		{"domain = \"g.x\"\n[server]\naddress = \"localhost:0\"", "server.address", 3, "not host:port"},
		{"domain = \"g.x\"\n[server]\naddress = \"localhost:65536\"", "server.address", 3, "not host:port"},
		{"domain = \"g.x\"\n[server]\nhost = \"a@b\"", "server.host", 3, "not a domain"},
		{"domain = \"g.x\"\n[server]\ntls = \"yes\"", "server.tls", 3, "true or false"},
		{"domain = \"g.x\"\n[admin]\nsocket = \"\"", "admin.socket", 3, "is empty"},
		{"domain = \"g.x\"\n[server]\nsecret = \"\"", "server.secret", 3, "is empty"},
		{"domain = \"g.x\"\n[server]\nsecret = \"hunter2\"\nsecret_file = \"s\"", "server.secret_file", 4, "given twice"},
		{"domain = \"g.x\"\n[server]\nsecret = hunter2", "server.secret", 3, "not TOML"},
		{"domain = \"g.x\"\n[server]\nsecret = \"hunter2", "server.secret", 3, "not TOML"},
		{"domain = \"g.x\"\n[store]\nurl = \"postgres://u:hunter2@h/db\"", "store.url", 3, `"sqlite:FILE"`},
		{"domain = \"g.x\"\n[admin]\njids = \"admin@example.org\"", "admin.jids", 3, "must be a list"},
		{"domain = \"g.x\"\n[admin]\njids = [5]", "admin.jids", 3, "must be a list"},
		{"domain = \"g.x\"\n[admin]\ncreators = [\"@\"]", "admin.creators", 3, "not a bare address"},
		{"domain = \"g.x\"\n[admin]\njids = [\"a@b/c\"]", "admin.jids", 3, "not a bare address"},
		{"domain = \"g.x\"\n[limits]\nrequests = \"5\"", "limits.requests", 3, "whole number"},
		{"domain = \"g.x\"\n[limits]\nchanges = -1", "limits.changes", 3, "from 0 to"},
		{"domain = \"g.x\"\n[limits]\ndomains = [\"a@b\"]", "limits.domains", 3, "not a domain"},
		{"domain = \"g.x\"\n[http]\nlisten = \"8086\"", "http.listen", 3, "not host:port"},
		{"domain = \"g.x\"\n[log]\nlevel = \"verbose\"", "log.level", 3, `"debug" or "info" or "warn" or "error"`},
		{"domain = \"g.x\"\n[log]\nformat = \"xml\"", "log.format", 3, `"text" or "json"`},
		{"domain = \"g.x\"\ndomain = \"g.y\"", "", 2, "not TOML"},
		{"domain = \"g.x.y\"\n[sources]\nname = \"x\"", "sources", 2, "write [[sources]]"},
		{"domain = \"g.x.y\"\nsources = 5", "sources", 2, "write [[sources]]"},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x\"\n[[sources]]\n\nnaem = \"y\"", "sources.naem", 6, "did you mean name"},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x y\"", "sources.name", 3, "one word"},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x\"\nkind = \"imap\"", "sources.kind", 4, `"peer" or "muc" or "file" or "ldap"`},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x\"\nkind = \"muc\"", "sources.address of source 1", 0, "missing: where is the muc?"},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x\"\nkind = \"file\"", "sources.path of source 1", 0, "missing"},
		{"domain = \"g.x.y\"\n[[sources]]\nkind = \"file\"", "sources.name of source 1", 0, "missing"},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x\"", "sources.kind of source 1", 0, "missing"},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x\"\nkind = \"muc\"\naddress = \"G.x.y\"", "sources.address of source 1", 0, "our own"},
		{"domain = \"g.x.y\"\n[[sources]]\nname = \"x\"\nkind = \"file\"\npath = \"a.csv\"\n[[sources]]\nname = \"x\"", "sources.name of source 2", 0, "another"},
		{"domain = \"g.x.y\"\n[[sources]]\npath = \"a.doc\"", "sources.path", 3, ".toml .json .csv"},
		{"domain = \"g.x.y\"\n[[sources]]\nevery = \"1ms\"", "sources.every", 3, "not a time"},
		{"domain = \"g.x.y\"\n[[sources]]\ngroups = [\"Te am\"]", "sources.groups", 3, "no group's name"},
	} {
		c, dir, err := load(t, test.text)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: got %+v, %v", test.text, c, err)
			continue
		}
		if e.File != filepath.Join(dir, "rollcall.toml") || e.Line != test.line || test.key != "" && e.Key != test.key {
			t.Errorf("%q: at line %d, key %s: %v", test.text, e.Line, e.Key, err)
		}
		if !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: says %v", test.text, err)
		}
	}
}

func TestNoFile(t *testing.T) {
	_, err := Load(filepath.Join(t.TempDir(), "rollcall.toml"))
	if err == nil || !strings.Contains(err.Error(), "-config FILE") {
		t.Errorf("error is %v", err)
	}
}

func TestSecretSources(t *testing.T) {
	c, dir, err := load(t, "domain = \"g.x\"\n[server]\nsecret_file = \"secret\"")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Secret(noEnv); err == nil || !strings.Contains(err.Error(), "server.secret_file") {
		t.Errorf("with no file the error is %v", err)
	}
	for content, want := range map[string]string{"sesame": "sesame", "sesame\n": "sesame", "sesame\r\n": "sesame", " open \n": " open ", "": "", "\n": "", "a\nb\n": ""} {
		if err := os.WriteFile(filepath.Join(dir, "secret"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if s, err := c.Secret(noEnv); s.Reveal() != want || (err != nil) != (want == "") {
			t.Errorf("of %q the secret is %q, %v", content, s.Reveal(), err)
		}
	}
	if s, err := c.Secret(env("ROLLCALL_SECRET", "louder")); err != nil || s.Reveal() != "louder" {
		t.Errorf("the environment's secret is %q, %v", s.Reveal(), err)
	}

	bare, _, err := load(t, `domain = "g.x"`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bare.Secret(noEnv); err == nil || !strings.Contains(err.Error(), "LoadCredential") {
		t.Errorf("with no secret the error is %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("credential\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := bare.Secret(env("CREDENTIALS_DIRECTORY", dir)); err != nil || s.Reveal() != "credential" {
		t.Errorf("systemd's secret is %q, %v", s.Reveal(), err)
	}
}

func TestSecretHides(t *testing.T) {
	c, _, err := load(t, "domain = \"g.x\"\n[server]\nsecret = \"hunter2\"")
	if err != nil {
		t.Fatal(err)
	}
	s, err := c.Secret(noEnv)
	if err != nil {
		t.Fatal(err)
	}
	var logged strings.Builder
	log := slog.New(slog.NewJSONHandler(&logged, nil))
	log.Info("start", "secret", s, "config", c)
	out := logged.String() + s.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out += fmt.Sprintf(verb+" "+verb+" "+verb, s, c, struct{ s Secret }{s})
	}
	if strings.Contains(out, "hunter2") || strings.Contains(out, "68756e74657232") {
		t.Errorf("the secret shows in %s", out)
	}
}
