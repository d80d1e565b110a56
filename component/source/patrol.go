package source

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// patrol is what sources that speak XMPP have in common: groups are found, each
// is followed by itself, and now and then it is seen to it that somebody is there.
type patrol struct {
	link     Link
	address  string
	pace     Pace
	discover func(ctx context.Context) (names []string, err error)
	// follow tells sink what the group is and becomes, until something fails;
	// heard is called when it is known.
	follow func(ctx context.Context, name string, heard func()) error
	sink   Sink

	all   sync.WaitGroup
	going map[string]func() // ends one, by group; only run's goroutine uses it

	mu    sync.Mutex
	first int // groups that have neither been heard nor failed
	back  bool
}

func (p *patrol) run(ctx context.Context) error {
	p.going = map[string]func(){}
	ctx, stop := context.WithCancel(ctx)
	defer p.all.Wait()
	defer stop()
	for found := (time.Time{}); ; {
		if found.IsZero() || time.Since(found) >= p.pace.Reread {
			names, err := p.discover(ctx)
			if err != nil {
				return fmt.Errorf("ask %s for its groups: %w", p.address, err)
			}
			if len(names) > MaxGroups {
				return fmt.Errorf("%s %w: it has %d groups", p.address, ErrTooLarge, len(names))
			}
			p.set(ctx, names)
			found = time.Now()
		} else if _, err := ask(ctx, p.link, "get", p.link.Domain(), p.address, "<query xmlns='"+nsDiscoInfo+"'/>"); err != nil {
			return fmt.Errorf("ask %s whether it is there: %w", p.address, err)
		}
		if !pause(ctx, p.pace.Check) {
			return ctx.Err()
		}
	}
}

// set follows these groups, and no others any more.
func (p *patrol) set(ctx context.Context, names []string) {
	for name, stop := range p.going {
		if !slices.Contains(names, name) {
			stop()
			delete(p.going, name)
		}
	}
	p.sink.Only(names)
	var fresh []string
	for _, name := range names {
		if p.going[name] == nil && !slices.Contains(fresh, name) {
			fresh = append(fresh, name)
		}
	}
	p.heard(-len(fresh))
	for _, name := range fresh {
		one, stop := context.WithCancel(ctx)
		ended := make(chan struct{})
		p.going[name] = func() { stop(); <-ended } // before it is said farewell to, nothing more is asked for
		p.all.Go(func() {
			defer close(ended)
			p.keep(one, name)
		})
	}
}

// heard counts groups that have been heard, or have failed. With the last of
// them the source is back.
func (p *patrol) heard(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.first -= n
	if p.first <= 0 && !p.back {
		p.back = true
		p.sink.Back()
	}
}

// keep follows a group again and again.
func (p *patrol) keep(ctx context.Context, name string) {
	heard := sync.OnceFunc(func() { p.heard(1) })
	defer heard()
	wait := p.pace.Pause
	for {
		began := time.Now()
		err := p.follow(ctx, name, heard)
		if ctx.Err() != nil {
			return
		}
		p.sink.Lost(name, err)
		heard()
		if time.Since(began) > time.Minute {
			wait = p.pace.Pause
		}
		if !pause(ctx, min(wait, p.pace.Reread)) {
			return
		}
		wait *= 2
	}
}
