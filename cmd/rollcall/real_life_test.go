package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// The life of the process on each server: it ends with a reason when its
// secret is wrong, waits for its place when another has it, and leaves no
// contact that looks alive.
func TestLife(t *testing.T) {
	program := build(t)
	house.Each(t, func(t *testing.T, server lab.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()

		wrong := writeConfig(t, server)
		text, err := os.ReadFile(wrong)
		if err != nil {
			t.Fatal(err)
		}
		text = regexp.MustCompile(`(?m)^secret = .*$`).ReplaceAll(text, []byte(`secret = "wrong"`))
		if err := os.WriteFile(wrong, text, 0o600); err != nil {
			t.Fatal(err)
		}
		p := spawn(t, program, wrong)
		if status := p.status(); status != exitFailed || !strings.Contains(p.log.String(), "does not accept our secret") {
			t.Errorf("with a wrong secret: exit %d\n%s", status, p.log)
		}

		config := writeConfig(t, server)
		p = spawn(t, program, config)
		p.says(ctx, "msg=attached", 1)
		suffix := "." + strings.ToLower(rand.Text()[:6])
		if err := server.AddUser(ctx, "ann"+suffix, "secret"); err != nil {
			t.Fatal(err)
		}
		ann, err := lab.Login(ctx, server, "ann"+suffix, "secret", "r", lab.ClientOptions{Requests: lab.Approve})
		if err != nil {
			t.Fatal(err)
		}
		defer ann.Close()
		if err := ann.Online(ctx); err != nil {
			t.Fatal(err)
		}
		group := "life" + suffix
		contact := group + "@" + server.ComponentDomain() + "/group"
		for _, words := range [][]string{{"group", "create", group}, {"member", "add", group, ann.Bare()}} {
			if status, out := command(ctx, config, words...); status != exitDone {
				t.Fatalf("%q: exit %d: %s", words, status, out)
			}
		}
		if err := ann.Send("<presence type='subscribe' to='" + group + "@" + server.ComponentDomain() + "'/>"); err != nil {
			t.Fatal(err)
		}
		shown := func(typ string) {
			t.Helper()
			if _, err := ann.Wait(ctx, func(s lab.Stanza) bool { return s.Name == "presence" && s.From == contact && s.Type == typ }); err != nil {
				t.Fatalf("contact type %q: %v", typ, err)
			}
		}
		shown("")

		// Prosody has one place for a component; who comes second waits for it.
		if server.Name() == "prosody" {
			second := spawn(t, program, writeConfig(t, server))
			second.says(ctx, "conflict", 1)
			if status := p.terminate(); status != exitDone {
				t.Errorf("the first: exit %d", status)
			}
			attached(t, ctx, ann, server.ComponentDomain())
			p = second
		}
		if status := p.terminate(); status != exitDone {
			t.Errorf("at SIGTERM: exit %d\n%s", status, p.log)
		}
		shown("unavailable")
	})
}

// A hangup lets the process read its configuration again, and the secret shows
// neither in its log nor in the process list.
func TestHangup(t *testing.T) {
	server := house.Server(t, "fake")
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	config := writeConfig(t, server)
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	p := spawn(t, build(t), config)
	p.says(ctx, "msg=attached", 1)
	write := func(level, secret string) {
		t.Helper()
		changed := strings.NewReplacer(`"debug"`, `"`+level+`"`, `secret = "secret"`, `secret = "`+secret+`"`).Replace(string(text))
		if err := os.WriteFile(config, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
	}
	write("info", "5ecret-of-the-test")
	p.says(ctx, "msg=\"configuration reloaded\"", 1)
	p.says(ctx, "key=log.level old=debug new=info", 1)
	for _, name := range []string{"cmdline", "environ"} {
		seen, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, name))
		if err != nil || bytes.Contains(seen, []byte("5ecret")) {
			t.Errorf("%s: %q, %v", name, seen, err)
		}
	}
	write("loud", "5ecret-of-the-test")
	p.says(ctx, "msg=\"configuration not reloaded\"", 1)
	if status := p.terminate(); status != exitDone {
		t.Errorf("exit %d", status)
	}
	if strings.Contains(p.log.String(), "5ecret") {
		t.Error("the secret shows in the log")
	}
}

// With TLS to ejabberd's component port the service attaches; without, it
// keeps trying and says what is wrong.
func TestSecuredLink(t *testing.T) {
	server, authority := labtest.StartSecured(t, lab.Options{Modules: lab.Minimal})
	program := build(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	config := writeConfig(t, server)
	p := spawn(t, program, config)
	p.says(ctx, "seems to speak TLS, but none is configured", 1)
	if status := p.terminate(); status != exitDone {
		t.Errorf("exit %d", status)
	}
	text, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	secured := strings.Replace(string(text), "[log]", "tls = true\nca_file = \""+authority+"\"\n[log]", 1)
	if err := os.WriteFile(config, []byte(secured), 0o600); err != nil {
		t.Fatal(err)
	}
	p = spawn(t, program, config)
	p.says(ctx, "msg=attached", 1)
	if status := p.terminate(); status != exitDone {
		t.Errorf("exit %d", status)
	}
}
