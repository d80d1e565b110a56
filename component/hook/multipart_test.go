package hook_test

import (
	"bytes"
	"fmt"
	"mime"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

func TestMultipart(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	w.rules(alice, "everyone: all\n")
	w.rules(bob, "everyone: availability\n")
	w.is(alice, "dnd", "on a call")
	rec := r.hook()
	rec.Format = roster.HookMultipart
	w.set(rec)
	root, parts := entity(t, r.next())
	if !strings.Contains(root, `fullState="true"`) || !strings.Contains(root, `version="0"`) || parts != 2 {
		t.Errorf("%d parts: %s", parts, root)
	}
	w.is(alice, "", "")
	root, parts = entity(t, r.next())
	if !strings.Contains(root, `fullState="false"`) || !strings.Contains(root, `version="1"`) || parts != 1 {
		t.Errorf("%d parts: %s", parts, root)
	}
	w.must(w.roster.RemoveMember(t.Context(), "team", alice))
	root, parts = entity(t, r.next())
	if !strings.Contains(root, `<resource uri="pres:alice@example.org">`) || !strings.Contains(root, `state="terminated"`) || parts != 0 {
		t.Errorf("%d parts: %s", parts, root)
	}
}

// entity is the root of a multipart body, and how many parts follow it.
func entity(t *testing.T, p post) (root string, parts int) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(p.header.Get("Content-Type"))
	if err != nil || kind != "multipart/related" || params["type"] != "application/rlmi+xml" {
		t.Fatalf("%s: %v", p.header.Get("Content-Type"), err)
	}
	form := multipart.NewReader(strings.NewReader(p.text), params["boundary"])
	for {
		part, partErr := form.NextPart()
		if partErr != nil {
			return root, parts - 1
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(part); err != nil {
			t.Fatal(err)
		}
		if parts++; parts == 1 {
			root = text.String()
		}
	}
}

// What does not fit in one post is told in several: the first says that all
// begins anew, the last that it is whole.
func TestLarge(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	var all []roster.MemberRecord
	for i := range 1500 {
		all = append(all, roster.MemberRecord{JID: fmt.Sprintf("m%04d@example.org", i), Affiliation: roster.Plain,
			Attributes: []roster.Attribute{{Name: "title", Value: strings.Repeat("x", 300)}}})
	}
	w.must(w.roster.AddMembers(t.Context(), "team", all...))
	w.must(w.roster.UpdateGroup(t.Context(), "team", func(s *roster.Settings) error { s.Policy = "watch anyone\nbasic anyone"; return nil }))
	w.set(r.hook())
	first := r.next()
	rows := strings.Count(line(first.Message), "joined")
	if !first.Full || strings.Contains(line(first.Message), "synced") || len(first.text) > 300<<10 {
		t.Errorf("the first of them: %d bytes", len(first.text))
	}
	for {
		p := r.next()
		rows += strings.Count(line(p.Message), "joined")
		if p.Full {
			t.Error("full again")
		}
		if strings.HasSuffix(line(p.Message), "synced") {
			break
		}
	}
	if rows != 1502 {
		t.Errorf("%d rows", rows)
	}
}
