package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// overTCP are the servers that an account logs in to by the network.
func overTCP(t *testing.T, f func(t *testing.T, s lab.Server)) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) { f(t, house.Server(t, name)) })
	}
}

// watching is a stage with a group of anna, bo and cy, whose names are this
// test's alone.
type watching struct {
	*stage
	ctx    context.Context
	suffix string
	group  string
	bo     *lab.Client
}

func newWatching(t *testing.T, server lab.Server) *watching { return newWatchingWith(t, server, nil) }

func newWatchingWith(t *testing.T, server lab.Server, edit func(config string) string) *watching {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	w := &watching{stage: newStageWith(t, server, edit), ctx: ctx, suffix: "-" + strings.ToLower(rand.Text()[:6]), group: "team@" + server.ComponentDomain()}
	w.admin("group", "create", "team", "--name", "Team")
	for _, name := range []string{"anna", "bo", "cy"} {
		if err := server.AddUser(ctx, name+w.suffix, "secret"); err != nil {
			t.Fatal(err)
		}
		role := map[string]string{"anna": "lead", "bo": "ops", "cy": "lead"}[name]
		w.admin("member", "add", "team", w.bare(name), "--nick", strings.ToUpper(name[:1])+name[1:], "--role", role)
	}
	var err error
	if w.bo, err = lab.Login(ctx, server, "bo"+w.suffix, "secret", "phone", lab.ClientOptions{Requests: lab.Approve}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.bo.Drop)
	if err := w.bo.Online(ctx); err != nil {
		t.Fatal(err)
	}
	// Until the group has his consent.
	if _, err := w.bo.Wait(ctx, func(s lab.Stanza) bool { return s.Name == "presence" && s.Type == "subscribe" }); err != nil {
		t.Fatal(err)
	}
	if err := w.bo.FenceVia(ctx, w.group); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *watching) bare(name string) string { return name + w.suffix + "@" + w.server.Host() }

func (w *watching) admin(words ...string) {
	w.t.Helper()
	out, status, err := w.Rollcall(w.ctx, words...)
	if err != nil || status != 0 {
		w.t.Fatalf("%q: %v, exit %d: %s", words, err, status, out)
	}
}

// command runs rollcall watch as anna until it ends or ctx does.
func (w *watching) command(ctx context.Context, out io.Writer, words ...string) (code int, errs string) {
	var b bytes.Buffer
	env := map[string]string{"ROLLCALL_ACCOUNT": w.bare("anna"), "ROLLCALL_PASSWORD": "secret"}
	m := Main{Stdout: out, Stderr: &b, Getenv: func(name string) string { return env[name] }}
	code = m.Run(ctx, append([]string{"watch", w.group, "--server", w.server.C2SAddr(), "--insecure"}, words...))
	return code, b.String()
}

// line is what --json prints.
type line struct {
	Kind    string
	Time    time.Time
	Before  *watch.Member
	After   *watch.Member
	Info    *watch.Info
	Summary *watch.Summary
	Error   string
}

// follow runs the command and returns what it prints, and how to end it.
func (w *watching) follow(words ...string) (lines <-chan line, end func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	r, out := io.Pipe()
	ended := make(chan struct{})
	all := make(chan line, 1000)
	go func() {
		defer close(ended)
		code, errs := w.command(ctx, out, append([]string{"--json"}, words...)...)
		if code != exitDone || errs != "" {
			w.t.Errorf("exit %d: %s", code, errs)
		}
		_ = out.Close()
	}()
	go func() {
		defer close(all)
		for in := bufio.NewScanner(r); in.Scan(); {
			var l line
			if err := json.Unmarshal(in.Bytes(), &l); err != nil || l.Time.IsZero() {
				w.t.Errorf("%s: %v", in.Bytes(), err)
			}
			all <- l
		}
	}()
	end = func() {
		cancel()
		<-ended
		for range all {
		}
	}
	w.t.Cleanup(end)
	return all, end
}

// until reads lines up to the one for which f is true.
func (w *watching) until(lines <-chan line, what string, f func(l *line) bool) {
	w.t.Helper()
	var seen []line
	for l := range lines {
		if seen = append(seen, l); f(&l) {
			return
		}
	}
	text, _ := json.Marshal(seen)
	w.t.Fatalf("waited for %s in vain: %s", what, text)
}

func (w *watching) synced(lines <-chan line) {
	w.t.Helper()
	w.until(lines, "synced", func(l *line) bool { return l.Kind == "synced" })
}

func (w *watching) say(xml string) {
	w.t.Helper()
	if err := w.bo.Send(xml); err != nil {
		w.t.Fatal(err)
	}
}

func (w *watching) boIs(lines <-chan line, show watch.Show, status string) {
	w.t.Helper()
	w.until(lines, "bo "+string(show)+" "+status, func(l *line) bool {
		return l.After != nil && l.After.JID == w.bare("bo") && l.After.Show == show && l.After.Status == status
	})
}

func TestWatchLines(t *testing.T) {
	overTCP(t, func(t *testing.T, s lab.Server) {
		w := newWatching(t, s)
		lines, end := w.follow()
		w.synced(lines)
		w.say("<presence><show>dnd</show><status>On a call</status></presence>")
		w.boIs(lines, watch.DND, "On a call")
		w.say("<presence type='unavailable'/>")
		w.boIs(lines, watch.Offline, "")
		end()
		out, _, _ := w.Rollcall(w.ctx, "group", "show", "team", "--json")
		if !strings.Contains(out, `"subscriptions": []`) {
			t.Errorf("a subscription is left behind: %s", out)
		}
	})
}

// The service restarts, then the whole server: the watcher is told what it
// missed.
func TestWatchComesBack(t *testing.T) {
	w := newWatching(t, house.Server(t, "prosody"))
	lines, _ := w.follow()
	w.say("<presence><status>one</status></presence>")
	w.boIs(lines, watch.Available, "one")
	if err := w.Restart(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.say("<presence><status>two</status></presence>")
	w.boIs(lines, watch.Available, "two")
	if err := w.server.Restart(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.until(lines, "lost", func(l *line) bool { return l.Kind == "lost" && l.Error != "" })
	bo, err := lab.Login(w.ctx, w.server, "bo"+w.suffix, "secret", "phone", lab.ClientOptions{})
	if err != nil {
		t.Fatal(err)
	}
	w.bo = bo
	t.Cleanup(bo.Drop)
	w.say("<presence><status>three</status></presence>")
	w.boIs(lines, watch.Available, "three")
}

// A member who is not available, but connected, is told what he subscribed to:
// as long as the server knows of no device of his, too.
func TestWatchUnavailable(t *testing.T) {
	s := house.Server(t, "prosody")
	w := newWatching(t, s)
	anna, err := lab.Login(w.ctx, s, "anna"+w.suffix, "secret", "home", lab.ClientOptions{Requests: lab.Approve})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(anna.Drop)
	if err := anna.Online(w.ctx); err != nil {
		t.Fatal(err)
	}
	lines, _ := w.follow()
	w.until(lines, "anna", func(l *line) bool {
		return l.After != nil && l.After.JID == w.bare("anna") && l.After.Show == watch.Available
	})
	if err := anna.Close(); err != nil {
		t.Fatal(err)
	}
	w.until(lines, "anna", func(l *line) bool {
		return l.After != nil && l.After.JID == w.bare("anna") && l.After.Show == watch.Offline
	})
	if err := w.Restart(w.ctx); err != nil {
		t.Fatal(err)
	}
	if err := w.Settle(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.say("<presence><status>here</status></presence>")
	w.boIs(lines, watch.Available, "here")
}

func TestWatchOnce(t *testing.T) {
	s := house.Server(t, "ejabberd")
	w := newWatching(t, s)
	for want, words := range map[string]string{
		"Anna Bo Cy": "--once", "Anna Cy": "--once --same-role", "Bo": "--once --roles ops", "": "--once --refuse",
		"Cy": "--once --attributes show --members " + w.bare("cy"),
	} {
		var out bytes.Buffer
		if code, errs := w.command(w.ctx, &out, strings.Fields(words)...); code != exitDone || errs != "" {
			t.Fatalf("%s: exit %d: %s", words, code, errs)
		}
		if got := namesIn(out.String()); got != want {
			t.Errorf("%s shows %q, want %q:\n%s", words, got, want, out.String())
		}
	}
}

// namesIn is the first column of the table, behind the symbols.
func namesIn(text string) string {
	var list []string
	_, rows, _ := strings.Cut(text, "NAME")
	for row := range strings.Lines(rows) {
		if f := strings.Fields(row); len(f) > 1 && strings.ContainsAny(f[0], "◆●◐◌■○") {
			list = append(list, f[1])
		}
	}
	return strings.Join(list, " ")
}

func TestWatchRefusals(t *testing.T) {
	s := house.Server(t, "prosody")
	w := newWatching(t, s)
	wrong := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(wrong, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		code   int
		stderr string
		words  string
	}{
		{1, "the server accepts neither account nor password: ", "--password-file " + wrong},
		{1, "read password: open /no/such/file", "--password-file /no/such/file"},
		{1, "bad-request, invalid-options", "--attributes shoe"},
	} {
		code, errs := w.command(w.ctx, io.Discard, strings.Fields(test.words)...)
		if code != test.code || !strings.HasPrefix(errs, "rollcall: ") || !strings.Contains(errs, test.stderr) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%s: exit %d: %s", test.words, code, errs)
		}
	}
	w.group = "nobody@" + s.ComponentDomain()
	code, errs := w.command(w.ctx, io.Discard)
	if code != exitFailed || !strings.Contains(errs, "item-not-found (there is no such group, or "+w.bare("anna")+" may not know of it)") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
