package component

import (
	"testing"
	"time"
)

func TestBackoff(t *testing.T) {
	var b backoff
	seen := map[time.Duration]bool{}
	for range 20 {
		b.reset()
		limit := firstWait
		for range 12 {
			d := b.next()
			if d < limit/2 || d >= limit {
				t.Fatalf("waits %v, want half of %v to all of it", d, limit)
			}
			seen[d] = true
			limit = min(2*limit, longWait)
		}
	}
	if len(seen) < 200 {
		t.Errorf("only %d different waits: everybody comes back at once", len(seen))
	}
}
