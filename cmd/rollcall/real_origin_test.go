package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// privileged lets each server tell the component of its users' presence.
func privileged() map[string]lab.Extra {
	return map[string]lab.Extra{
		"prosody": {
			Host:      "privileged_entities = { [\"groups.example.org\"] = { presence = \"managed_entity\" } }\n\tmodules_enabled = { \"privilege\" }",
			Component: "modules_enabled = { \"privilege\" }",
		},
		"ejabberd": {
			ACL: "  rollcall:\n    server: \"groups.example.org\"", Rules: "  rollcall:\n    allow: rollcall",
			Modules: "  mod_privilege:\n    presence:\n      managed_entity: rollcall",
		},
	}
}

// A server that tells the component of its users' presence (XEP-0356 §6).
func TestOrigin(t *testing.T) {
	from := func(value string) func(string) string {
		return func(config string) string { return config + "[presence]\nfrom = \"" + value + "\"\n" }
	}
	for name, x := range privileged() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := labtest.Start(t, name, lab.Options{Extra: x})
			perform(t, server, "origin/both", from("both"))
			if name == "prosody" {
				perform(t, server, "origin/server-prosody", from("server"))
				cannotBeAsked(t, server)
			} else {
				refusesToStart(t, server, from("server"))
			}
		})
	}
	t.Run("without privilege", func(t *testing.T) {
		t.Parallel()
		refusesToStart(t, house.Server(t, "prosody"), from("server"))
	})
}

// cannotBeAsked holds why who becomes a member while he is there has no show and
// no status until his next word: the server tells by itself, and answers no
// probe but of whom the user lets see him.
func cannotBeAsked(t *testing.T, server lab.Server) {
	t.Helper()
	ctx := t.Context()
	ned := users(t, server, "ned")["ned"]
	must(t, ned.Send("<presence><show>dnd</show><status>On a call</status></presence>"))
	must(t, ned.Fence(ctx))
	us, err := lab.Attach(ctx, server, lab.ClientOptions{})
	must(t, err)
	defer us.Drop()
	if _, err := us.Wait(ctx, func(x lab.Stanza) bool { // what it says by itself when we attach
		return x.Name == "presence" && x.From == ned.JID() && strings.Contains(x.Raw, "On a call")
	}); err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{"groups.example.org", "team@groups.example.org", "team@groups.example.org/group"} {
		for _, to := range []string{ned.Bare(), ned.JID()} {
			must(t, us.Send("<presence type='probe' from='"+from+"' to='"+to+"'/>"))
		}
	}
	must(t, us.Send("<iq type='get' id='behind' from='groups.example.org' to='"+server.Host()+"'><ping xmlns='urn:xmpp:ping'/></iq>"))
	if _, err := us.Wait(ctx, func(x lab.Stanza) bool { return x.ID == "behind" }); err != nil {
		t.Fatal(err)
	}
	for _, x := range us.Unread() {
		if x.Name == "presence" && x.Type == "" && strings.HasPrefix(x.From, ned.Bare()) {
			t.Errorf("it can be asked, and should: %s", x.Raw)
		}
	}
}

// refusesToStart runs the whole program where the server does not tell as the
// configuration wants it to: it says so and ends.
func refusesToStart(t *testing.T, server lab.Server, edit func(config string) string) {
	t.Helper()
	file := writeConfig(t, server)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(edit(string(text))+"[http]\nlisten = \"\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var stderr bytes.Buffer
	m := &Main{Stdout: io.Discard, Stderr: &stderr, Getenv: os.Getenv}
	if code := m.Run(ctx, []string{"run", "-config", file}); code != exitFailed {
		t.Errorf("exit code is %d", code)
	}
	if last := stderr.String(); !strings.Contains(last, "does not tell of its users") || !strings.Contains(last, `write from = "both"`) {
		t.Errorf("it says %s", last)
	}
}
