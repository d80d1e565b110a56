package watch_test

import (
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// Whatever comes in the group's name, a table stays one: it can be shown, what
// it says it changed is what looks different, and a full state mends it.
func FuzzTable(f *testing.F) {
	f.Add([]byte(message(row("anna", "hi"), "to='1' full='true'")), []byte("<iq type='result'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items/></pubsub></iq>"))
	f.Add([]byte(message(retract("anna"), "from='1' to='2' part='1/2'")), []byte("<iq type='error'><error/></iq>"))
	f.Add([]byte(message(`<item id='json'><json xmlns='urn:xmpp:json:0'>{"members":[{"jid":"anna@example.org","show":"dnd"},{"jid":"bo@example.org","gone":true}],"to":"1","full":true}</json></item>`, "to='0'")), []byte("<iq"))
	f.Add([]byte("<message from='"+group+"'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>"), []byte("<iq"))
	f.Fuzz(func(t *testing.T, event, answer []byte) {
		table := watch.NewTable(group, watch.NodeGroup)
		table.Filter("anna@example.org", watch.Want{SameRole: true, Attributes: []string{"show"}})
		rows := 0
		count := func(u watch.Update, _ error) {
			for _, d := range u.Members {
				switch {
				case d.Before == nil && d.After == nil:
					t.Fatal("a difference of nobody")
				case d.Before == nil:
					rows++
				case d.After == nil:
					rows--
				}
			}
			if n := len(table.Members()); n != rows {
				t.Fatalf("%d rows, but the changes make %d", n, rows)
			}
		}
		for range 2 {
			count(table.Take(event, time.Time{}))
			if table.Request() != "" {
				count(table.Answer(answer, time.Time{}))
			}
		}
		count(table.Take([]byte(message(row("bo", ""), "to='9' full='true'")), time.Time{}))
		if !table.Synced() && table.Request() != "" {
			t.Fatal("a full state leaves a gap")
		}
	})
}
