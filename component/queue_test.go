package component

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
)

// As many ready groups as anybody has: taking turns costs no more than a turn.
func BenchmarkReady(b *testing.B) {
	o := newOutbox(NewLink(Config{Domain: "d"}).cfg)
	groups := make([]Bulk, 10_000)
	for i := range groups {
		groups[i] = turnFunc(func(b []byte, _ int) ([]byte, bool) { return b, false }).bulk()
		o.Ready(groups[i])
	}
	b.ReportAllocs()
	for b.Loop() {
		t := o.queue.take()
		o.Ready(t)
	}
}

func TestQueue(t *testing.T) {
	q := queue{in: map[Bulk]struct{}{}}
	var want []Bulk
	rnd := rand.New(rand.NewPCG(1, 2))
	all := make([]Bulk, 50)
	for i := range all {
		all[i] = &talker{name: strconv.Itoa(i)}
	}
	for range 10_000 {
		if rnd.IntN(2) == 0 {
			b := all[rnd.IntN(len(all))]
			q.put(b)
			if !slices.Contains(want, b) {
				want = append(want, b)
			}
			continue
		}
		var first Bulk
		if len(want) > 0 {
			first, want = want[0], want[1:]
		}
		if got := q.take(); got != first {
			t.Fatalf("took %v, want %v", got, first)
		}
		if slices.ContainsFunc(q.items[:q.head], func(b Bulk) bool { return b != nil }) {
			t.Fatal("remembers what was taken")
		}
		if len(q.in) != len(want) || cap(q.items) > 4*len(all) {
			t.Fatalf("holds %d of %d in %d", len(q.in), len(want), cap(q.items))
		}
	}
}
