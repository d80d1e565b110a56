package pubsub_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// To make a member of somebody by PubSub is to invite him, and counts so: who
// may not invite more does not get around it.
func TestAffiliationsInviteAsMuchAsInvitations(t *testing.T) {
	o := open(t, roster.Settings{})
	left := 2
	o.s.Invites = func(bare string) bool { left--; return bare == "alice@example.org" && left >= 0 }
	var entries string
	for i := range 5 {
		entries += fmt.Sprintf("<affiliation jid='u%d@example.org' affiliation='member'/>", i)
	}
	entries += "<affiliation jid='bob@example.org' affiliation='member'/>" // is one
	o.refuses(o.ask("alice", "set", "team", ownerXML("<affiliations node='NS#group'>"+entries+"</affiliations>")), "modify", "not-acceptable", "")
	if len(o.told) != 2 || left != -3 {
		t.Errorf("%d people are written to", len(o.told))
	}
}

// A list that is too long for one stanza comes in pages, asked for or not.
func TestOwnersListsHavePages(t *testing.T) {
	o := open(t, roster.Settings{})
	for i := range 100 {
		jid := fmt.Sprintf("%s%02d@example.org", strings.Repeat("x", 1000), i)
		if err := o.team().Ban(t.Context(), "", jid); err != nil {
			t.Fatal(err)
		}
	}
	seen, after := map[string]bool{}, ""
	for pages := 0; pages == 0 || after != ""; pages++ {
		if pages > 5 {
			t.Fatal("it has no end")
		}
		set := ""
		if after != "" {
			set = "<set xmlns='http://jabber.org/protocol/rsm'><after>" + after + "</after></set>"
		}
		answer := o.ask("alice", "get", "team", ownerXML("<affiliations node='NS#group'/>"+set))
		if len(answer) > 64<<10 {
			t.Errorf("%d bytes", len(answer))
		}
		o.has(answer, "<count>103</count>")
		for _, part := range strings.Split(answer, "<affiliation jid='")[1:] {
			jid, _, _ := strings.Cut(part, "'")
			seen[jid] = true
		}
		_, after, _ = strings.Cut(answer, "<last>")
		after, _, _ = strings.Cut(after, "</last>")
	}
	if len(seen) != 103 {
		t.Errorf("%d are listed", len(seen))
	}
	rsm := func(inside string) string {
		return o.ask("alice", "get", "team", ownerXML("<subscriptions node='NS#group'/><set xmlns='http://jabber.org/protocol/rsm'>"+inside+"</set>"))
	}
	o.refuses(rsm("<after>nobody</after>"), "cancel", "item-not-found", "")
	o.refuses(rsm("<before>nobody</before>"), "cancel", "item-not-found", "")
	o.refuses(rsm("<max>x</max>"), "modify", "bad-request", "")
	o.has(rsm("<max>0</max>"), "<count>0</count>")
	o.has(rsm("<max>5</max><before/>"), "<count>0</count>")
	o.has(rsm("<index>9</index>"), "<count>0</count>")
}
