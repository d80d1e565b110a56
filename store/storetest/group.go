package storetest

import (
	"fmt"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// DrawGroup draws any group that a store has to be able to keep.
func DrawGroup(t *rapid.T, name string) *roster.GroupRecord {
	rec := &roster.GroupRecord{Name: name, Source: texts.Draw(t, "source"), Settings: drawSettings(t)}
	for i := range rapid.IntRange(0, 3).Draw(t, "members") {
		rec.Members = append(rec.Members, drawMember(t, fmt.Sprintf("member%d@example.org", i)))
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "others") {
		rec.Subscriptions = append(rec.Subscriptions, drawSubscription(t, fmt.Sprint("id", i)))
		rec.Contacts = append(rec.Contacts, fmt.Sprintf("contact%d@example.org", i))
		rec.Visitors = append(rec.Visitors, drawVisitor(t, fmt.Sprintf("visitor%d@example.org", i)))
		rec.Hooks = append(rec.Hooks, drawHook(t, fmt.Sprint("hook", i)))
		rec.Authorizations = append(rec.Authorizations, roster.AuthorizationRecord{JID: fmt.Sprintf("user%d@example.org", i), Rules: rapid.String().Draw(t, "rules")})
	}
	return rec
}
