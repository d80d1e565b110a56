package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// hangup is a process on a server whose configuration is changed under it, and
// somebody who watches.
type hangup struct {
	t      *testing.T
	ctx    context.Context
	server lab.Server
	file   string
	base   string // what does not change
	p      *process
	ann    *lab.Client
	group  string
	told   int // hangups that were answered
}

// changed puts other tables behind what does not change, hangs up, and waits
// until that is said.
func (h *hangup) changed(level, tables string) {
	h.t.Helper()
	must(h.t, os.WriteFile(h.file, []byte(strings.Replace(h.base, `"debug"`, `"`+level+`"`, 1)+tables), 0o600))
	must(h.t, h.p.cmd.Process.Signal(syscall.SIGHUP))
	h.told++
	h.p.says(h.ctx, `msg="configuration reloaded"`, h.told)
}

func (h *hangup) does(words ...string) string {
	h.t.Helper()
	status, out := command(h.ctx, h.file, words...)
	if status != exitDone {
		h.t.Fatalf("%q: exit %d: %s", words, status, out)
	}
	return out
}

func (h *hangup) status() (st admin.Status) {
	h.t.Helper()
	must(h.t, json.Unmarshal([]byte(h.does("status", "--json")), &st))
	return st
}

// sources is how they are, on one line.
func (h *hangup) sources() string {
	var all []string
	for _, s := range h.status().Sources {
		how := "in force"
		if s.Lost != "" {
			how = s.Lost
		}
		all = append(all, fmt.Sprintf("%s %s %d %s", s.Name, filepath.Base(s.Address), s.Groups, how))
	}
	return strings.Join(all, "; ")
}

// nick changes one, and sees that ann is told.
func (h *hangup) nick(to string) {
	h.t.Helper()
	h.does("member", "set", h.group, h.ann.Bare(), "--nick", to)
	if _, err := h.ann.Wait(h.ctx, func(s lab.Stanza) bool {
		return s.Name == "message" && s.From == h.group+"@"+h.server.ComponentDomain() && strings.Contains(s.Raw, "nick='"+to+"'")
	}); err != nil {
		h.t.Fatalf("not told of %s: %v", to, err)
	}
}

// administers says whether ann may see who has which power in the group.
func (h *hangup) administers() bool {
	h.t.Helper()
	st, err := h.ann.Query(h.ctx, h.group+"@"+h.server.ComponentDomain(), "get",
		"<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><affiliations node='urn:xmpp:tmp:group-presence:0#group'/></pubsub>")
	must(h.t, err)
	return st.Type == "result"
}

// refused is how many of so many requests are turned away.
func (h *hangup) refused(of int) (n int) {
	h.t.Helper()
	for range of {
		st, err := h.ann.Query(h.ctx, h.server.ComponentDomain(), "get", "<query xmlns='jabber:iq:version'/>")
		if must(h.t, err); st.Type == "error" {
			n++
		}
	}
	return n
}

// A process that is told to read its configuration again takes into force what may
// change: sources, powers, limits, the log. What may not is said. Nobody who
// watches misses anything, and the connection stays.
func TestHangupInService(t *testing.T) {
	program := build(t)
	house.Each(t, func(t *testing.T, server lab.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
		defer cancel()
		h := &hangup{t: t, ctx: ctx, server: server, file: writeConfig(t, server)}
		text, err := os.ReadFile(h.file)
		must(t, err)
		h.base = string(text)
		suffix := "." + strings.ToLower(rand.Text()[:6])
		h.group = "hangup" + suffix
		must(t, server.AddUser(ctx, "ann"+suffix, "secret"))
		h.ann, err = lab.Login(ctx, server, "ann"+suffix, "secret", "r", lab.ClientOptions{Requests: lab.Approve})
		must(t, err)
		defer h.ann.Close()
		must(t, h.ann.Online(ctx))
		for file, group := range map[string]string{"one.csv": "one", "two.csv": "two"} {
			must(t, os.WriteFile(filepath.Join(filepath.Dir(h.file), file), []byte("group,jid\n"+group+suffix+",bob@"+server.Host()+"\n"), 0o600))
		}
		source := func(name string) string {
			return "[[sources]]\nname = \"" + name + "\"\nkind = \"file\"\npath = \"" + name + ".csv\"\n"
		}
		must(t, os.WriteFile(h.file, []byte(strings.Replace(h.base, `"debug"`, `"info"`, 1)+source("one")), 0o600))
		h.p = spawn(t, program, h.file)
		h.p.says(ctx, "msg=ready", 1)
		h.does("group", "create", h.group)
		h.does("member", "add", h.group, h.ann.Bare())
		subscribe := "<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#members' jid='" + h.ann.Bare() + "/r'/></pubsub>"
		st, err := h.ann.Query(ctx, h.group+"@"+server.ComponentDomain(), "set", subscribe)
		if must(t, err); st.Type != "result" {
			t.Fatal(st.Raw)
		}
		h.nick("Before")
		becomes(t, "the sources", "one one.csv 1 in force", h.sources)
		if h.administers() || h.refused(100) > 0 || strings.Contains(h.p.log.String(), "level=DEBUG") {
			t.Errorf("it begins with what comes later: %s", h.p.log)
		}

		// What may change does.
		h.changed("debug", "[admin]\njids = [\""+h.ann.Bare()+"\"]\n[limits]\nrequests = 1\n"+source("two"))
		for _, said := range []string{"key=admin.jids", "key=limits.requests old=50 new=1", "key=log.level old=info new=debug", "key=sources"} {
			h.p.says(ctx, `msg="configuration changed" `+said, 1)
		}
		becomes(t, "the sources", "two two.csv 1 in force", h.sources)
		for group, lost := range map[string]string{"one": "is not configured any more", "two": ""} {
			var g admin.Group
			must(t, json.Unmarshal([]byte(h.does("group", "show", group+suffix, "--json")), &g))
			if g.Source != group || len(g.Members) != 1 || (g.Lost != nil) != (lost != "") || g.Lost != nil && g.Lost.Why != lost {
				t.Errorf("group %s: %+v, lost %v", group, g, g.Lost)
			}
		}
		if !h.administers() {
			t.Error("the new admin has no power")
		}
		must(t, h.ann.Send("<presence to='unused"+suffix+"@"+server.ComponentDomain()+"'/>"))
		h.p.says(ctx, "level=DEBUG", 1)
		if n := h.refused(100); n == 0 {
			t.Error("the new limit does not hold")
		}

		// What may not is said, and as it was. A file with a mistake changes nothing.
		h.changed("info", "[presence]\nfrom = \"both\"\n[delivery]\nmulticast = \"off\"\n[[peers]]\naddress = \"peer.example.net\"\ngive = true\n"+source("one"))
		for _, said := range []string{"key=presence.from old=subscription new=both", "key=delivery.multicast old=auto new=off", "key=peers"} {
			h.p.says(ctx, `msg="configuration needs a restart" `+said, 1)
		}
		becomes(t, "the sources", "one one.csv 1 in force", h.sources)
		if peers := h.status().Peers; len(peers) > 0 || h.administers() {
			t.Errorf("peers %v, or who was admin is it still", peers)
		}
		must(t, os.WriteFile(h.file, []byte(h.base+"[sources]\n"), 0o600))
		must(t, h.p.cmd.Process.Signal(syscall.SIGHUP))
		h.p.says(ctx, `msg="configuration not reloaded"`, 1)
		must(t, os.WriteFile(h.file, []byte(h.base), 0o600)) // the command line reads it too
		becomes(t, "the sources", "one one.csv 1 in force", h.sources)

		// Nothing is lost, however often.
		before := len(h.ann.Received())
		for i := range 10 {
			h.nick(fmt.Sprint("In between ", i))
			h.changed("info", []string{source("one"), source("two")}[i%2])
		}
		h.nick("Afterwards")
		var at string
		for _, s := range h.ann.Received()[before:] {
			if s.Name != "message" || !strings.Contains(s.Raw, "#members") {
				continue
			}
			if from := attributeOf(s.Raw, "from", "<state "); at != "" && from != at {
				t.Errorf("a gap between %s and %s", at, from)
			}
			at = attributeOf(s.Raw, "to", "<state ")
		}
		if st := h.status(); st.Connections != 1 || strings.Count(h.p.log.String(), "msg=attached") != 1 {
			t.Errorf("connected %d times", st.Connections)
		}
		if log := h.p.log.String(); strings.Contains(strings.ReplaceAll(log, server.Host(), ""), "ann"+suffix) {
			t.Errorf("the log names her:\n%s", log)
		}
		if status := h.p.terminate(); status != exitDone {
			t.Errorf("exit %d", status)
		}
	})
}

// attributeOf is that of the first element that begins so.
func attributeOf(raw, name, element string) string {
	_, rest, _ := strings.Cut(raw, element)
	_, rest, _ = strings.Cut(rest, " "+name+"='")
	value, _, _ := strings.Cut(rest, "'")
	return value
}
