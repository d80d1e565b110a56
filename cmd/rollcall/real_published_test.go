package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// Whoever follows a group by one of ours follows it to the server's own PubSub
// service: the Go package and `rollcall watch`, the plugin, the class.
func TestPublished(t *testing.T) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := labtest.Start(t, name, lab.Options{Extra: armOf(name)})
			t.Run("watch", func(t *testing.T) { publishedToWatch(newPublished(t, s)) })
			t.Run("python", func(t *testing.T) { publishedToPython(newPublished(t, s)) })
			if name == "prosody" { // as in TestJavaScript
				t.Run("javascript", func(t *testing.T) { publishedToJavaScript(newPublished(t, s)) })
			}
		})
	}
}

func newPublished(t *testing.T, s lab.Server) *watching {
	t.Helper()
	return newWatchingWith(t, s, func(config string) string {
		return config + "[delivery]\nto = \"pubsub\"\npubsub = \"" + pubsubDomain + "\"\n"
	})
}

// posts are the nodes of all subscribers that are in use, and what was
// published in them.
func (w *watching) posts() (nodes int, published uint64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	stats := w.svc.Roster.Outposts()
	if stats.Refused > 0 {
		w.t.Errorf("told from the group: %+v", stats)
	}
	return stats.Nodes, stats.Published
}

// publishedToWatch: the service restarts, then the whole server.
func publishedToWatch(w *watching) {
	lines, end := w.follow()
	w.synced(lines)
	w.say("<presence><show>dnd</show><status>On a call</status></presence>")
	w.boIs(lines, watch.DND, "On a call")
	if nodes, published := w.posts(); nodes != 1 || published == 0 {
		w.t.Errorf("%d nodes, %d items", nodes, published)
	}
	must(w.t, w.Restart(w.ctx))
	w.say("<presence><status>two</status></presence>")
	w.boIs(lines, watch.Available, "two")

	must(w.t, w.server.Restart(w.ctx))
	w.until(lines, "lost", func(l *line) bool { return l.Kind == "lost" && l.Error != "" })
	bo, err := lab.Login(w.ctx, w.server, "bo"+w.suffix, "secret", "phone", lab.ClientOptions{})
	must(w.t, err)
	w.bo = bo
	w.t.Cleanup(bo.Drop)
	w.say("<presence><status>three</status></presence>")
	w.boIs(lines, watch.Available, "three")
	w.admin("member", "remove", "team", w.bare("cy"))
	w.until(lines, "cy to leave", func(l *line) bool { return l.Kind == "left" && l.Before.JID == w.bare("cy") })
	end()
	if out, _, _ := w.Rollcall(w.ctx, "group", "show", "team", "--json"); !strings.Contains(out, `"subscriptions": []`) {
		w.t.Errorf("a subscription is left behind: %s", out)
	}
}

func publishedToPython(w *watching) {
	must(w.t, lab.Install(w.t.Context(), w.t.Output(), "python3-slixmpp"))
	w.admin("member", "set", "team", w.bare("cy"), "--no-roles")
	w.bo.Drop()
	cmd := exec.CommandContext(w.ctx, "/usr/bin/python3", "-B", "../../examples/python/check.py", w.server.C2SAddr(), w.server.Host(), w.group,
		w.bare("anna"), w.bare("bo"), w.bare("cy"), pubsubDomain)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	in, err := cmd.StdinPipe()
	must(w.t, err)
	out, err := cmd.StdoutPipe()
	must(w.t, err)
	must(w.t, cmd.Start())
	last := ""
	for said := bufio.NewScanner(out); said.Scan(); {
		if last = said.Text(); last == "restart?" {
			must(w.t, w.Restart(w.ctx))
			_, _ = io.WriteString(in, "\n") // an error: it has ended
		}
	}
	if err := cmd.Wait(); err != nil || last != "ok" {
		w.t.Errorf("%v, %q\n%s", err, last, errs.Bytes())
	}
}

func publishedToJavaScript(w *watching) {
	must(w.t, lab.Install(w.t.Context(), w.t.Output(), "npm"))
	dir := javascriptModules(w.t)
	text, err := os.ReadFile("testdata/javascript/place.mjs")
	must(w.t, err)
	must(w.t, os.WriteFile(filepath.Join(dir, "place.mjs"), text, 0o600))
	cmd := exec.CommandContext(w.ctx, "node", "place.mjs")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "ok\n" {
		w.t.Errorf("%v\n%s", err, out)
	}

	kept := filepath.Join(w.t.TempDir(), "team.json")
	first := w.node(dir, kept)
	first.until("5 items told how it is now; available: Bo")
	w.say("<presence><show>dnd</show><status>On a call</status></presence>")
	first.until("Bo dnd On a call")
	if nodes, published := w.posts(); nodes != 1 || published == 0 {
		w.t.Errorf("%d nodes, %d items", nodes, published)
	}
	must(w.t, w.Restart(w.ctx))
	w.say("<presence><status>two</status></presence>")
	first.until("Bo available two")
	first.stop()

	w.say("<presence><show>away</show></presence>")
	must(w.t, w.bo.FenceVia(w.ctx, w.group))
	second := w.node(dir, kept)
	second.until("Bo away")
	second.until("told how it is now; available: Bo")
	second.stop()
}
