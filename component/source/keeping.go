package source

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/discreet"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// keeping is one source that is kept.
type keeping struct {
	Spec
	k *Keeper

	// Only tend uses these.
	stop context.CancelFunc // nil = it does not run
	done chan struct{}
	up   context.Context

	mu      sync.Mutex
	heard   map[string]time.Time // groups
	last    time.Time
	changed uint64
	refused uint64
	only    []string          // which groups there are; nil = not known yet
	owed    map[string]bool   // groups that it told, and that are somebody else's
	again   bool              // it is to tell everything once more
	said    map[string]string // what was logged of a group last: not again and again
}

// move starts the source, or ends it, as the connection comes and goes.
func (s *keeping) move(ctx, up context.Context, all *sync.WaitGroup) {
	if !s.Remote {
		up = ctx
	}
	if s.up == up {
		return
	}
	s.halt()
	if s.up = up; up == nil {
		s.Lost("", errDown)
		return
	}
	run, stop := context.WithCancel(up)
	over := context.AfterFunc(ctx, stop)
	done := make(chan struct{})
	s.done = done
	s.stop = func() { over(); stop() }
	all.Go(func() {
		defer close(done)
		s.run(run)
	})
}

var errDown = errors.New("there is no connection to the XMPP server")

// adopted takes in whose a group is, and says whether the source has to tell of it
// again.
func (s *keeping) adopted(group string, ours bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, told := s.heard[group]
	switch {
	case !ours && told && len(s.owed) < MaxGroups:
		delete(s.heard, group)
		s.owed[group] = true
	case ours && s.owed[group]:
		delete(s.owed, group)
		s.again = true
		return true
	}
	return false
}

// repeats says, once, whether it is to tell everything again.
func (s *keeping) repeats() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	again := s.again
	s.again = false
	return again
}

// halt ends it and waits until it has ended.
func (s *keeping) halt() {
	if s.stop == nil {
		return
	}
	s.stop()
	<-s.done
	s.stop, s.up = nil, nil
}

// run runs the source again and again.
func (s *keeping) run(ctx context.Context) {
	ctx = s.k.cfg.By(ctx, s.Name)
	wait := s.k.cfg.Retry
	for {
		began := time.Now()
		err := s.Source.Run(ctx, s)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			err = errors.New("ended")
		}
		s.Lost("", err)
		if time.Since(began) > s.k.cfg.MaxRetry {
			wait = s.k.cfg.Retry
		}
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, s.k.cfg.MaxRetry)
	}
}

// Group implements [Sink].
func (s *keeping) Group(ctx context.Context, b *roster.Basic) error {
	if len(s.Groups) > 0 && !slices.Contains(s.Groups, b.Name) {
		return nil
	}
	changed, err := s.k.cfg.Roster.Mirror(ctx, s.Name, b)
	var bad *roster.InvalidError
	switch {
	case errors.As(err, &bad), errors.Is(err, roster.ErrGroupExists):
		s.mu.Lock()
		s.refused++
		if errors.Is(err, roster.ErrGroupExists) && len(s.owed) < MaxGroups {
			s.owed[b.Name] = true
		}
		s.mu.Unlock()
		s.Lost(b.Name, err)
		return nil
	case err != nil:
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = s.k.cfg.Now()
	s.heard[b.Name] = s.last
	if changed {
		s.changed++
		s.k.cfg.Log.Info("group taken from its source", "source", s.Name, "group", b.Name, "members", len(b.Members))
	}
	delete(s.said, b.Name)
	delete(s.owed, b.Name)
	return nil
}

// Hold implements [Sink].
func (s *keeping) Hold(ctx context.Context, kind roster.TieKind, there, group string) error {
	return s.k.cfg.Ties.Hold(ctx, roster.TieRecord{Kind: kind, For: s.Name, There: there, Here: group})
}

// Only implements [Sink].
func (s *keeping) Only(names []string) {
	s.mu.Lock()
	s.only = append([]string{}, names...)
	s.mu.Unlock()
	s.recall()
	s.k.cfg.Ties.Look()
}

// wants says whether the source, as it runs, has a use for a tie.
func (s *keeping) wants(t roster.TieRecord) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.Spec.wants(t) && (s.only == nil || slices.Contains(s.only, t.Here))
}

// recall marks the groups that the source has no more.
func (s *keeping) recall() {
	s.mu.Lock()
	names := s.only
	s.mu.Unlock()
	if names == nil {
		return
	}
	for _, g := range s.k.cfg.Roster.All() {
		if g.Source() == s.Name && (!slices.Contains(names, g.Name()) || len(s.Groups) > 0 && !slices.Contains(s.Groups, g.Name())) {
			s.Lost(g.Name(), errGone)
			s.mu.Lock()
			delete(s.heard, g.Name())
			s.mu.Unlock()
		}
	}
}

var errGone = errors.New("the source has no such group any more")

// Lost implements [Sink]. It is logged once.
func (s *keeping) Lost(group string, why error) {
	text := short(why.Error())
	logged := Discreet(text)
	if g := s.k.cfg.Roster.Loaded([]byte(group)); group == "" || g != nil && g.Source() == s.Name {
		s.k.cfg.Roster.SourceLost(s.Name, group, s.k.cfg.Now(), text)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.said[group] == text {
		return
	}
	if s.said == nil || len(s.said) > 2*MaxGroups {
		s.said = map[string]string{}
	}
	s.said[group] = text
	if group == "" {
		s.k.cfg.Log.Warn("source lost, its groups stay as they are", "source", s.Name, "error", logged)
	} else {
		s.k.cfg.Log.Warn("group not taken from its source, it stays as it is", "source", s.Name, "group", group, "error", logged)
	}
}

// Back implements [Sink].
func (s *keeping) Back() {
	s.k.cfg.Roster.SourceBack(s.Name, "")
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, was := s.said[""]; was {
		delete(s.said, "")
		s.k.cfg.Log.Info("source is back", "source", s.Name)
	}
}

func (s *keeping) stats() Stats {
	lost, is := s.k.cfg.Roster.Lost(s.Name, "")
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{Name: s.Name, Kind: s.Kind, Address: s.Address, Lost: is, Since: lost.Since, Why: Discreet(lost.Why),
		Groups: len(s.heard), Stale: s.stale(), Heard: s.last, Changed: s.changed, Refused: s.refused}
}

// stale are the groups of which was said that they stay as they are, and which do.
// mu is held.
func (s *keeping) stale() (all []Stale) {
	for _, group := range slices.Sorted(maps.Keys(s.said)) {
		if g := s.k.cfg.Roster.Loaded([]byte(group)); group == "" || s.said[group] == errGone.Error() && (g == nil || g.Source() != s.Name) {
			continue
		}
		if all = append(all, Stale{group, Discreet(s.said[group])}); len(all) == MaxStale {
			break
		}
	}
	return all
}

// maxWhy bounds what somebody else has to say about an error, in bytes.
const maxWhy = 256

// short is text on one line, as it may be logged and shown.
func short(text string) string {
	if len(text) > maxWhy {
		text = text[:maxWhy] + "…"
	}
	return strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
}

// Discreet is text without the names of users: an error may say which line of a
// list is wrong, and logs and figures name nobody. rollcall group show says it
// whole, to admins.
func Discreet(text string) string { return discreet.Text(text, "") }

// pause waits about so long; false: ctx has ended.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(jitter(d))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// jitter is about d: who began at the same moment does not go on so.
func jitter(d time.Duration) time.Duration { return d*3/4 + rand.N(d/2+1) }

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
