package main

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

const mebi = 1 << 20

// What a burst has left is given back when it is over, not while it goes on, and
// not for a trifle; and how much garbage there may be follows from what lives.
func TestMemoryIsGivenBackAtRest(t *testing.T) {
	tests := []struct { // a look each
		what      string
		allocated uint64 // since the last one
		slack     uint64
		live      uint64
		want      string // done
	}{
		{"the start", 0, 0, 8 * mebi, ""},
		{"a burst", 50 * mebi, 50 * mebi, 8 * mebi, ""},
		{"its end, in a small service", 1, 50 * mebi, 8 * mebi, "free"},
		{"nothing", 1, 1, 8 * mebi, ""},
		{"a trifle", 1, 3 * mebi, 8 * mebi, ""},
		{"more lives now", 1, 30 * mebi, 20 * mebi, "free 50"},
		{"much more", 1, 30 * mebi, 200 * mebi, "free 25"},
		{"little of much", 1, 20 * mebi, 200 * mebi, ""},
		{"steady work", 10 * mebi, 60 * mebi, 200 * mebi, ""},
		{"most is deleted", 1, 200 * mebi, 8 * mebi, "free 100"},
	}
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		look := func() int { return int(time.Since(began) / memoryPoll) }
		done := make([]string, len(tests))
		m := memory{
			read: func() (h heap) {
				for _, tt := range tests[:look()+1] {
					h = heap{h.allocated + tt.allocated, tt.live, tt.slack}
				}
				return h
			},
			free:   func() { done[look()] += "free" },
			permit: func(p int) { done[look()] += fmt.Sprint(" ", p) },
		}
		ctx, stop := context.WithTimeout(t.Context(), time.Duration(len(tests))*memoryPoll-1)
		defer stop()
		m.giveBack(ctx)
		for i, tt := range tests {
			if done[i] != tt.want {
				t.Errorf("%s: %q, want %q", tt.what, done[i], tt.want)
			}
		}
	})
}

// An admin who has set how much garbage there may be has his way.
func TestMemoryWithoutPermit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		frees := 0
		m := processMemory(nil)
		m.read, m.free = func() heap { return heap{live: 100 * mebi, slack: 100 * mebi} }, func() { frees++ }
		ctx, stop := context.WithTimeout(t.Context(), memoryPoll+1)
		defer stop()
		if m.giveBack(ctx); frees != 1 {
			t.Errorf("given back %d times", frees)
		}
	})
}

// What the runtime calls things is what it is asked for.
func TestHeapIsRead(t *testing.T) {
	runtime.GC() // there was one
	before := readHeap()
	kept := make([]byte, 8*mebi)
	after := readHeap()
	runtime.KeepAlive(kept)
	if grew := after.allocated - before.allocated; grew < 8*mebi || after.slack == 0 || after.live == 0 {
		t.Errorf("before %+v, then %+v", before, after)
	}
}
