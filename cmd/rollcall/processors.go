package main

import (
	"context"
	"time"
)

// readyPoll is how often it is looked whether all groups are loaded.
const readyPoll = 250 * time.Millisecond

// beAlone lets the Go code use one processor as soon as all groups are loaded,
// for which several help. From then on one does ten times what a server can
// take; with two, each stanza wakes the other, which costs a third of all the
// time, and the collector has to wait, for milliseconds on a busy machine, until
// the system lets the other's thread stop. The store's own code and whatever
// waits for the disk or the network is not counted. Whoever sets GOMAXPROCS has
// his way (see main).
func beAlone(ctx context.Context, ready func() (time.Duration, bool), processors func(int)) {
	if processors == nil {
		return
	}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	for {
		if _, ok := ready(); ok {
			processors(1)
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
