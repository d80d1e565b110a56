package roster_test

import (
	"fmt"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// What a source costs that tells again what it told, and one that changes one
// member of 10,000.
func BenchmarkMirror(b *testing.B) {
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}})
	list := &roster.Basic{Name: "team"}
	for i := range 10_000 {
		list.Members = append(list.Members, roster.BasicMember{JID: fmt.Sprintf("u%05d@a.example", i), Nick: "Nick", Roles: []string{"ops"}})
	}
	if _, err := r.Mirror(b.Context(), "hr", list); err != nil {
		b.Fatal(err)
	}
	n := 0
	for name, change := range map[string]bool{"same": false, "one": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if n++; change {
					list.Members[n%len(list.Members)].Nick = fmt.Sprint(n)
				}
				if changed, err := r.Mirror(b.Context(), "hr", list); err != nil || changed != change {
					b.Fatal(changed, err)
				}
			}
		})
	}
}
