package main

import (
	"bufio"
	"bytes"
	"io"
	"os/exec"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// The PubSub clients of slixmpp and of aioxmpp, as Debian has them, on both
// sides of the service.
func TestPubSubClients(t *testing.T) {
	overTCP(t, func(t *testing.T, s lab.Server) {
		if err := lab.Install(t.Context(), t.Output(), "python3-slixmpp", "python3-aioxmpp"); err != nil {
			t.Fatal(err)
		}
		for _, library := range []string{"slixmpp", "aioxmpp"} {
			t.Run(library, func(t *testing.T) {
				w := newWatching(t, s)
				w.admin("member", "set", "team", w.bare("anna"), "--affiliation", "owner")
				cmd := exec.CommandContext(w.ctx, "/usr/bin/python3", "-B", "testdata/pubsub/"+library+"_client.py", s.C2SAddr(), w.group, w.bare("anna"), w.bare("bo"))
				out, err := cmd.CombinedOutput()
				if err != nil || !bytes.HasSuffix(out, []byte("ok\n")) {
					t.Errorf("%v\n%s", err, out)
				}
			})
		}
	})
}

// The plugin for slixmpp, the example bots and slixmpp's own PubSub client, as
// Debian has it, against the service.
func TestPython(t *testing.T) {
	overTCP(t, func(t *testing.T, s lab.Server) {
		if err := lab.Install(t.Context(), t.Output(), "python3-slixmpp"); err != nil {
			t.Fatal(err)
		}
		w := newWatching(t, s)
		w.admin("member", "set", "team", w.bare("cy"), "--no-roles")
		w.bo.Drop()
		cmd := exec.CommandContext(w.ctx, "/usr/bin/python3", "-B", "../../examples/python/check.py", s.C2SAddr(), s.Host(), w.group,
			w.bare("anna"), w.bare("bo"), w.bare("cy"))
		out, err := cmd.CombinedOutput()
		if err != nil || !bytes.HasSuffix(out, []byte("ok\n")) {
			t.Errorf("%v\n%s", err, out)
		}
	})
}

// slixmpp publishes everything that group presence can show of a member, and
// sees it: pushed, read because it was there before, and read again after the
// service was away.
func TestPublishingClient(t *testing.T) {
	overTCP(t, func(t *testing.T, s lab.Server) {
		if err := lab.Install(t.Context(), t.Output(), "python3-slixmpp"); err != nil {
			t.Fatal(err)
		}
		w := newWatching(t, s)
		cmd := exec.CommandContext(w.ctx, "/usr/bin/python3", "-B", "testdata/pubsub/slixmpp_publisher.py", s.C2SAddr(), w.group, w.bare("anna"), w.bare("bo"))
		var errs bytes.Buffer
		cmd.Stderr = &errs
		in, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		last := ""
		for said := bufio.NewScanner(out); said.Scan(); {
			switch last = said.Text(); last {
			case "away?":
				err = w.Stop(w.ctx)
				io.WriteString(in, "away\n")
			case "back?":
				err = w.Start(w.ctx)
				io.WriteString(in, "back\n")
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		if err := cmd.Wait(); err != nil || last != "ok" {
			t.Errorf("%v, %q\n%s", err, last, errs.Bytes())
		}
	})
}
