package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"
)

// restTime is how long the program has nothing to do: by then it has given back
// what it needed for its start.
const restTime = 3 * time.Second

// counts says whether so many members are there that memory can be told for
// each of them.
func (s *site) counts() bool { return s.Groups*s.Members >= 10_000 }

// measure finds out what the site costs; memory, of large ones, beyond that of
// none, the site with next to nothing.
func (s *site) measure(ctx context.Context, program string, none *site) (*site, error) {
	if none == nil || s.counts() {
		m, err := s.run(ctx, program, false)
		if err != nil {
			return nil, err
		}
		s.Absent = m.rest
	}
	m, err := s.run(ctx, program, true)
	if err != nil {
		return nil, err
	}
	s.There, s.Busy, s.CPU = m.rest, m.busy, m.change
	switch all := float64(s.Groups * s.Members); {
	case none != nil && s.counts():
		s.Absent, s.There, s.Busy = (s.Absent-none.Absent)/all, (s.There-none.There)/all, (s.Busy-none.Busy)/all
	case none != nil:
		s.Absent, s.There, s.Busy = 0, 0, 0
	}
	return s, nil
}

// figures are of one start: what the program has in RAM when it rests, and, if
// somebody is there, what a change costs, and what it has in RAM behind some.
type figures struct{ rest, busy, change float64 }

func (s *site) run(ctx context.Context, program string, there bool) (m figures, err error) {
	ctx, cancel := context.WithTimeout(ctx, siteTime)
	defer cancel()
	v, err := s.serve(ctx, program, there, 0)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	if err := v.await(ctx, 50*time.Millisecond, true); err != nil {
		return m, err
	}
	if err := v.rest(ctx); err != nil {
		return m, err
	}
	m.rest = float64(rss(v.pids()))
	if there {
		m.change, err = v.changes(ctx, s)
		m.busy = float64(rss(v.pids()))
	}
	return m, err
}

// rest waits until the program has done what it does behind its start, slowly,
// such as reading what members publish.
func (v *service) rest(ctx context.Context) error {
	tick := time.NewTicker(quietTime)
	defer tick.Stop()
	calm := time.Duration(0)
	for last := cpu(v.pids()); calm < restTime; calm += quietTime {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		now := cpu(v.pids())
		if now-last > quietTime/20 {
			calm = 0
		}
		last = now
	}
	return nil
}

// idle waits until the program has heard all that was sent and has told what
// follows: until nothing more comes.
func (v *service) idle(ctx context.Context) error {
	if err := v.wire.fence(ctx); err != nil {
		return err
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for calm, last := 0, v.wire.told.Load(); calm < 5; {
		text, err := v.fetch(ctx, statusPath)
		var says struct{ Waiting int }
		if err == nil {
			err = json.Unmarshal(text, &says)
		}
		if err != nil {
			return err
		}
		now := v.wire.told.Load()
		if calm++; says.Waiting > 0 || now != last {
			calm = 0
		}
		last = now
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// changes lets members change one after the other, each when all were told of
// the one before, and returns the CPU time of each, in µs: the median of three
// runs.
func (v *service) changes(ctx context.Context, s *site) (float64, error) {
	groups := min(s.Groups, active)
	first := s.Watchers // who does not watch, if there is somebody
	if first == s.Members {
		first = 0
	}
	seq, m := uint32(1), first
	one := func(n int) {
		v.wire.change(n%groups, m, seq+1)
		if m++; m == s.Members {
			m, seq = first, seq+1
		}
	}
	for n := range groups { // the first one finds room for what is kept
		one(n)
	}
	if err := v.idle(ctx); err != nil {
		return 0, err
	}
	before := v.wire.told.Load()
	one(0)
	if err := v.idle(ctx); err != nil {
		return 0, err
	}
	each := v.wire.told.Load() - before
	if each == 0 {
		return 0, errors.New("nobody is told of a change")
	}
	var runs []float64
	for range 3 {
		c0, began, n := cpu(v.pids()), time.Now(), 0
		for ; n < maxChanges && time.Since(began) < changeTime; n++ {
			want := v.wire.told.Load() + each
			one(n)
			if err := v.wire.until(ctx, "a change", func() bool { return v.wire.told.Load() >= want }); err != nil {
				return 0, err
			}
		}
		runs = append(runs, float64((cpu(v.pids())-c0).Nanoseconds())/1000/float64(n))
	}
	slices.Sort(runs)
	return runs[1], nil
}

// change tells of a member's new state.
func (w *wire) change(group, member int, seq uint32) {
	w.send(func(b []byte) []byte {
		b = append(append(b, "<presence from='"...), bareJID(member)...)
		b = append(append(append(b, "/r' to='"...), groupName(group)...), '@')
		b = append(append(b, ours...), "'>"...)
		return append(state(b, member, seq), "</presence>"...)
	})
}

// fence waits until the component has handled all that was sent.
func (w *wire) fence(ctx context.Context) error {
	want := w.fences.Load() + 1
	w.say(fmt.Sprintf("<iq type='get' id='fence' from='%s/fence' to='%s'><ping xmlns='urn:xmpp:ping'/></iq>", bareJID(0), ours))
	return w.until(ctx, "a fence", func() bool { return w.fences.Load() >= want })
}

// isFence says whether it is the answer to one.
func isFence(id []byte) bool { return bytes.Equal(id, []byte("fence")) }
