package roster_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Whoever came and went, exactly those are found who are in it.
func TestIndex(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var x roster.Index
		in := map[string]bool{}
		jid := rapid.Map(rapid.IntRange(0, 40), func(n int) string { return fmt.Sprintf("%d@example.org", n) })
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			j := jid.Draw(t, "jid")
			if in[j] = !in[j]; in[j] {
				x.Enter(j)
			} else {
				x.Strike(j)
			}
			for n := range 41 {
				if j := fmt.Sprintf("%d@example.org", n); x.Has(j) != in[j] {
					t.Fatalf("%s: found %v, entered %v", j, x.Has(j), in[j])
				}
			}
		}
	})
}
