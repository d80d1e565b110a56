package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/interchange"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// An export is what its watcher may see, and nothing else.
func TestExportView(t *testing.T) {
	s := house.Server(t, "ejabberd")
	w := newWatching(t, s)
	w.say("<presence><show>dnd</show><status>On a call</status></presence>")
	bo := w.export("anna").Member(w.bare("bo"))
	for bo != nil && bo.Status == "" && w.ctx.Err() == nil { // the group may not have heard of him yet
		bo = w.export("anna").Member(w.bare("bo"))
	}
	if bo == nil || bo.Show != watch.DND || bo.Status != "On a call" || bo.Nick != "Bo" {
		t.Errorf("bo is %+v", bo)
	}
	xml, _ := w.ok("export", "team", "--as", w.bare("anna"), "--format", "xml")
	if wrong := labtest.Invalid(t, "../../docs/group-presence.xsd", elementsOf(t, xml)); len(wrong) > 0 {
		t.Errorf("not valid: %v", wrong)
	}
	if out, _ := w.ok("export", "team", "--as", w.bare("anna"), "--format", "multipart"); strings.Count(out, "application/pidf+xml") != 3 {
		t.Errorf("exported %s", out)
	}
	if out, _ := w.ok("export", "team", "--as", w.bare("anna"), "--format", "pidf", "--member", w.bare("bo")); !strings.Contains(out, "<busy>") {
		t.Errorf("exported %s", out)
	}
	w.admin("policy", "set", "team", w.bare("bo"), "members: all", "hide "+w.bare("anna"))
	if bo := w.export("anna").Member(w.bare("bo")); bo.Show != watch.Offline || bo.Status != "" || len(bo.Devices) > 0 {
		t.Errorf("hidden, bo is %+v", bo)
	}
	if bo := w.export("cy").Member(w.bare("bo")); bo.Show != watch.DND {
		t.Errorf("for cy bo is %+v", bo)
	}
	out, status, _ := w.Rollcall(w.ctx, "export", "team", "--as", "eve@"+s.Host())
	if status != exitFailed || !strings.Contains(out, "no such group") {
		t.Errorf("exit %d: %s", status, out)
	}
	out, status, _ = w.Rollcall(w.ctx, "export", "team", "--as", w.bare("anna"), "--format", "pidf", "--member", "eve@"+s.Host())
	if status != exitFailed || !strings.Contains(out, "sees no member") {
		t.Errorf("exit %d: %s", status, out)
	}
	out, status, _ = w.Rollcall(w.ctx, "export", "team", "--as", w.bare("anna"), "--format", "pidf")
	if status != exitUsage || !strings.Contains(out, "--member") {
		t.Errorf("exit %d: %s", status, out)
	}
}

func (w *watching) ok(words ...string) (out string, status int) {
	w.t.Helper()
	out, status, err := w.Rollcall(w.ctx, words...)
	if err != nil || status != 0 {
		w.t.Fatalf("%q: %v, exit %d: %s", words, err, status, out)
	}
	return out, status
}

func (w *watching) export(as string) *interchange.Group {
	w.t.Helper()
	out, _ := w.ok("export", "team", "--as", w.bare(as))
	var g interchange.Group
	if err := json.Unmarshal([]byte(out), &g); err != nil {
		w.t.Fatalf("%v in %s", err, out)
	}
	return &g
}
