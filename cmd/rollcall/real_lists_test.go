package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

// A file keeps the groups. It is replaced, half written, removed; a group that
// is ours stays ours.
func TestFileSource(t *testing.T) {
	s := labtest.Start(t, "fake", lab.Options{})
	dir := t.TempDir()
	path := filepath.Join(dir, "groups.csv")
	write := func(text string) {
		t.Helper()
		next := filepath.Join(dir, ".next")
		must(t, os.WriteFile(next, []byte(text), 0o600))
		must(t, os.Rename(next, path))
	}
	write("group,jid,nick,roles,title\nteam,alice@example.org,Alice,lead,Dr\nteam,bob@example.org\nours,bob@example.org\n")
	us := newMirror(t, s, "[[sources]]\nname = \"sheet\"\nkind = \"file\"\npath = \""+path+"\"\n")
	us.listed(t, "team", `sheet "": alice=Alice/member[lead] bob=/member[]`)
	us.listed(t, "ours", `sheet "": bob=/member[]`)
	if out, status, _ := us.Rollcall(t.Context(), "group", "release", "ours"); status != exitDone {
		t.Fatal(out)
	}
	write("group,jid,nick\nteam,alice@example.org,Al\nours,carol@example.org\n")
	us.listed(t, "team", `sheet "": alice=Al/member[]`)
	us.listed(t, "ours", ` "": bob=/member[]`)
	write("group,jid,nick\nteam,alice@example.org,Al\nteam,bo") // half of it
	us.missed(t, "sheet", "")
	us.listed(t, "team", `sheet "": alice=Al/member[]`)
	if out, _, _ := us.Rollcall(t.Context(), "group", "show", "team"); !strings.Contains(out, "Kept by") || !strings.Contains(out, "NOTHING KNOWN SINCE") {
		t.Errorf("group show says\n%s", out)
	}
	write("group,jid,nick\nteam,alice@example.org,Al\nteam,bob@example.org,Bob\n")
	us.listed(t, "team", `sheet "": alice=Al/member[] bob=Bob/member[]`)
	us.found(t, "sheet", "team")
	must(t, os.Remove(path))
	us.missed(t, "sheet", "")
	write("group,jid,nick\nother,alice@example.org,Al\n") // team is gone from there, and stays
	us.listed(t, "other", `sheet "": alice=Al/member[]`)
	us.found(t, "sheet", "other")
	us.missed(t, "sheet", "team")
	us.listed(t, "team", `sheet "": alice=Al/member[] bob=Bob/member[]`)
	for _, words := range [][]string{{"member", "remove", "team", "bob@example.org"}, {"member", "add", "team", "eve@example.org"},
		{"group", "set", "team", "--name", "x"}, {"group", "delete", "team"}, {"member", "set", "team", "bob@example.org", "--nick", "x"}} {
		if out, status, _ := us.Rollcall(t.Context(), words...); status != exitFailed || !strings.Contains(out, "sheet keeps the list") {
			t.Errorf("%q: exit %d, %s", words, status, out)
		}
	}
}

// The rooms of a MUC service keep the groups.
func playMUC(t *testing.T, s lab.Server, group, every string) {
	ctx := t.Context()
	alice := users(t, s, "alice")["alice"]
	room := group + "@conference.example.org"
	query := func(payload string) {
		t.Helper()
		if st, err := alice.Query(ctx, room, "set", payload); err != nil || st.Type != "result" {
			t.Fatal(err, st.Raw)
		}
	}
	affiliate := func(jid, affiliation, more string) {
		t.Helper()
		query("<query xmlns='http://jabber.org/protocol/muc#admin'><item jid='" + jid + "' affiliation='" + affiliation + "'" + more + "/></query>")
	}
	configure := func(title string) {
		t.Helper()
		field := func(name, value string) string {
			return "<field var='muc#roomconfig_" + name + "'><value>" + value + "</value></field>"
		}
		query("<query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>" +
			field("roomname", title) + field("roomdesc", "On shift") + field("membersonly", "1") + field("publicroom", "0") + field("persistentroom", "1") + "</x></query>")
	}
	must(t, alice.Send("<presence to='"+room+"/Alice'><x xmlns='http://jabber.org/protocol/muc'/></presence>"))
	if _, err := alice.Wait(ctx, func(x lab.Stanza) bool { return x.Name == "presence" && x.From == room+"/Alice" }); err != nil {
		t.Fatal(err)
	}
	configure("The Room")
	affiliate("bob@example.org", "admin", "")
	affiliate("carol@example.org", "member", " nick='Caz'")
	affiliate("eve@example.org", "outcast", "")
	us := newMirror(t, s, "[[sources]]\nname = \"rooms\"\nkind = \"muc\"\naddress = \"conference.example.org\"\ngroups = [\""+group+"\"]\nevery = \""+every+"\"\n")
	us.found(t, "rooms", "") // it was asked
	if got := us.list(group); got != "no such group" {
		t.Errorf("a room that does not trust us is %s", got)
	}

	power := map[string]string{"prosody": "owner", "ejabberd": "admin"}[s.Name()]
	affiliate("groups.example.org", power, "")
	caz := map[string]string{"prosody": "Caz", "ejabberd": ""}[s.Name()]
	us.listed(t, group, `rooms "The Room": alice=/owner[] bob=/admin[] carol=`+caz+`/member[]`)
	us.found(t, "rooms", group)
	affiliate("dave@example.org", "member", "")
	affiliate("bob@example.org", "none", "")
	us.listed(t, group, `rooms "The Room": alice=/owner[] carol=`+caz+`/member[] dave=/member[]`)
	if every != "0s" {
		query("<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>")
		return
	}
	affiliate("dave@example.org", "outcast", "")
	us.listed(t, group, `rooms "The Room": alice=/owner[] carol=`+caz+`/member[]`)
	configure("Renamed")
	us.listed(t, group, `rooms "Renamed": alice=/owner[] carol=`+caz+`/member[]`)

	// A hidden room stays hidden here.
	if out, status, _ := us.Rollcall(ctx, "group", "set", group, "--listed"); status != exitFailed {
		t.Errorf("a hidden room is listed: %s", out)
	}
	d, err := us.roster().Loaded([]byte(group)).Describe("mallory@example.org")
	if err == nil {
		t.Errorf("a stranger is told %+v", d)
	}
	// Who was killed in the room, and has no use for it when he is back, leaves it.
	table, err := os.ReadFile(us.file)
	must(t, err)
	must(t, us.Kill(ctx))
	must(t, alice.FenceVia(ctx, room))
	alice.Unread()
	without, _, _ := strings.Cut(string(table), "[[sources]]")
	must(t, os.WriteFile(us.file, []byte(without), 0o600))
	must(t, us.Start(ctx))
	if _, err := alice.Wait(ctx, func(x lab.Stanza) bool {
		return x.Name == "presence" && x.Type == "unavailable" && x.From == room+"/groups.example.org"
	}); err != nil {
		t.Error("it is still in the room:", err)
	}
	becomes(t, "what others tell us", "{Held:0 Leaving:0}", us.ties)
	must(t, us.Stop(ctx))
	must(t, os.WriteFile(us.file, table, 0o600))
	must(t, us.Start(ctx))
	us.found(t, "rooms", group)
	query("<query xmlns='http://jabber.org/protocol/muc#owner'><destroy/></query>")
	us.missed(t, "rooms", group)
	us.listed(t, group, `rooms "Renamed": alice=/owner[] carol=`+caz+`/member[]`)
	silent(t, alice, room)
}

// silent: who sits in a room to be told says nothing there.
func silent(t *testing.T, c *lab.Client, room string) {
	t.Helper()
	said := slices.DeleteFunc(c.Received(), func(x lab.Stanza) bool {
		return x.Name != "message" || !strings.HasPrefix(x.From, room+"/")
	})
	if len(said) > 0 {
		t.Errorf("said in the room: %v", said)
	}
}
