package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// A picture is set from a file, shown by its hash, and taken back by an empty
// name; apply finds it beside its own file.
func TestPicture(t *testing.T) {
	b := newBench(t).serve()
	one, two := string(avatar.Default("one@example.org", "One")), string(avatar.Default("two@example.org", "Two"))
	b.write("one.png", one)
	b.write("two.png", two)
	file := func(name string) string { return filepath.Join(b.dir, name) }
	b.done("group", "create", "team", "--avatar", file("one.png"))
	b.settings(roster.Settings{Avatar: one})
	if show := b.done("group", "show", "team"); !strings.Contains(show, "Picture     its own, SHA-1 "+avatar.Hash([]byte(one))+"\n") {
		t.Errorf("shown as\n%s", show)
	}
	b.done("group", "set", "team", "--avatar", file("two.png"))
	b.settings(roster.Settings{Avatar: two})
	b.write("groups.yaml", "groups:\n  team:\n    avatar: one.png\n")
	same(t, b.done("apply", file("groups.yaml")), "~ group team  avatar \"one.png\"\n1 step done\n")
	same(t, b.done("apply", file("groups.yaml")), "nothing to do\n")
	b.settings(roster.Settings{Avatar: one})
	b.done("group", "set", "team", "--avatar", "")
	b.settings(roster.Settings{})
}

func TestPictureIsRefused(t *testing.T) {
	b := newBench(t).serve()
	b.done("group", "create", "team")
	b.write("large.png", string(avatar.Default("a@b", "A"))+strings.Repeat("\x00", avatar.MaxSize))
	b.write("text.png", "<svg/>")
	b.write("groups.yaml", "groups:\n  team:\n    avatar: none.png\n")
	for _, c := range [][]string{
		{"read picture: DIR/large.png has more than 64 KiB", "group", "set", "team", "--avatar", filepath.Join(b.dir, "large.png")},
		{"read picture: DIR/text.png is no PNG, JPEG, GIF or WebP picture", "group", "set", "team", "--avatar", filepath.Join(b.dir, "text.png")},
		{"read picture: open DIR/none.png", "group", "set", "team", "--avatar", filepath.Join(b.dir, "none.png")},
		{"group team: avatar: open DIR/none.png", "apply", filepath.Join(b.dir, "groups.yaml")},
	} {
		if code, _, stderr := b.run(c[1:]...); code != exitFailed || !strings.Contains(stderr, c[0]) {
			t.Errorf("%q: exit %d: %s", c[1:], code, stderr)
		}
	}
	b.settings(roster.Settings{})
}
