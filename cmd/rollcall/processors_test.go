package main

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// Several processors help until all groups are loaded, and one does the rest;
// whoever stops before that changes nothing.
func TestOneProcessorWhenReady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		ready := func() (time.Duration, bool) { return time.Minute, time.Since(began) >= time.Minute }
		var said []int
		processors := func(n int) { said = append(said, n) }
		stopped, stop := context.WithTimeout(t.Context(), 59*time.Second)
		defer stop()
		if beAlone(stopped, ready, processors); len(said) != 0 {
			t.Errorf("before it was ready: %v processors", said)
		}
		if beAlone(t.Context(), ready, processors); fmt.Sprint(said) != "[1]" || time.Since(began) > time.Minute+readyPoll {
			t.Errorf("%v processors after %v", said, time.Since(began))
		}
		beAlone(t.Context(), func() (time.Duration, bool) { t.Error("asked although nobody wants to know"); return 0, true }, nil)
	})
}
