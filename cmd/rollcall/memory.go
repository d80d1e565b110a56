package main

import (
	"context"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// memoryPoll is how often it is looked whether memory can be given back.
const memoryPoll = time.Second

// heap is what the runtime says of its own, in bytes.
type heap struct {
	allocated uint64 // since the start
	live      uint64 // what the last collection found in use
	slack     uint64 // what the system could have back: garbage, and free room
}

func readHeap() heap {
	const allocated, live, objects, free = "/gc/heap/allocs:bytes", "/gc/heap/live:bytes", "/memory/classes/heap/objects:bytes", "/memory/classes/heap/free:bytes"
	s := []metrics.Sample{{Name: allocated}, {Name: live}, {Name: objects}, {Name: free}}
	metrics.Read(s)
	h := heap{allocated: s[0].Value.Uint64(), live: s[1].Value.Uint64(), slack: s[3].Value.Uint64()}
	if all := s[2].Value.Uint64(); all > h.live {
		h.slack += all - h.live
	}
	return h
}

// minSlack is not worth a collection.
const minSlack = 4 << 20

// idles says whether much more could be given back than is taken from was to h,
// one look to the next: a burst is over, such as a start, or a new connection,
// or an admin's long list.
func (h heap) idles(was heap) bool {
	return h.slack >= max(minSlack, h.live/8) && h.allocated-was.allocated < h.slack/8
}

// garbage is how much of it, in percent of what lives, there may be until it is
// collected. Small changes leave hardly any, so that a large service has no use
// for as much again as it holds; for a small one that is not worth a thought.
func (h heap) garbage() int {
	const little = 16 << 20
	switch {
	case h.live <= little:
		return 100
	case h.live <= 2*little:
		return 50
	}
	return 25
}

// memory is how the process is told what to do with its own.
type memory struct {
	read   func() heap
	free   func()    // gives all slack back
	permit func(int) // garbage, as debug.SetGCPercent does; nil = an admin has set it
}

func processMemory(permit func(int)) memory {
	return memory{read: readHeap, free: debug.FreeOSMemory, permit: permit}
}

// giveBack returns memory to the system whenever there is nothing to do, and
// keeps garbage in bounds from the first time on.
func (m memory) giveBack(ctx context.Context) {
	tick := time.NewTicker(memoryPoll)
	defer tick.Stop()
	for was, permitted := m.read(), 100; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := m.read()
		if now.idles(was) {
			m.free()
			now = m.read()
			if p := now.garbage(); m.permit != nil && p != permitted {
				m.permit(p)
				permitted = p
			}
		}
		was = now
	}
}
