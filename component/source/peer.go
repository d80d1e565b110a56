package source

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// PeerConfig says where a peer's groups are. Link and Address are required.
type PeerConfig struct {
	Link    Link
	Address string        // of the group server
	Groups  []string      // their localparts; none = all that it lists
	Every   time.Duration // 0 = to be told at once

	Check  time.Duration // how often to look whether it is there; 30 s
	Reread time.Duration // how often the lists are read again in any case; 10 min
	Now    func() time.Time
}

// Peer is another group server as a source.
type Peer struct {
	cfg PeerConfig

	mu     sync.Mutex
	tables map[string]*tables // by group: what is known survives a connection
}

// NewPeer returns the source.
func NewPeer(cfg PeerConfig) *Peer {
	if cfg.Check == 0 {
		cfg.Check = 30 * time.Second
	}
	if cfg.Reread == 0 {
		cfg.Reread = 10 * time.Minute
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Peer{cfg: cfg, tables: map[string]*tables{}}
}

// Run implements [Source].
func (p *Peer) Run(ctx context.Context, sink Sink) error {
	names, there, err := p.discover(ctx)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	run := &peerRun{p: p, sink: sink, all: &all, going: map[string]context.CancelFunc{}}
	run.set(ctx, names, there)
	reread := time.Now()
	for pause(ctx, p.cfg.Check) {
		if time.Since(reread) < p.cfg.Reread {
			if _, err := ask(ctx, p.cfg.Link, "get", p.cfg.Link.Domain(), p.cfg.Address, "<query xmlns='"+nsDiscoInfo+"'/>"); err != nil {
				return err
			}
			continue
		}
		if names, there, err = p.discover(ctx); err != nil {
			return err
		}
		run.set(ctx, names, there)
		reread = time.Now()
	}
	return ctx.Err()
}

// discover finds the groups, and the address at which each is: its own, or
// where a plain PubSub service has the nodes itself, the service's.
func (p *Peer) discover(ctx context.Context) (names []string, there func(string) string, err error) {
	all, err := items(ctx, p.cfg.Link, p.cfg.Link.Domain(), p.cfg.Address)
	if err != nil {
		return nil, nil, fmt.Errorf("ask %s for its groups: %w", p.cfg.Address, err)
	}
	there = func(name string) string { return name + "@" + p.cfg.Address }
	if slices.ContainsFunc(all, func(i item) bool { return i.JID == p.cfg.Address && i.Node == watch.NodeMembers }) {
		if len(p.cfg.Groups) != 1 {
			return nil, nil, errors.New("it has one group at its own address: say with groups what that is called here")
		}
		return p.cfg.Groups, func(string) string { return p.cfg.Address }, nil
	}
	if len(p.cfg.Groups) > 0 {
		return p.cfg.Groups, there, nil
	}
	for _, i := range all {
		local, domain, ok := strings.Cut(i.JID, "@")
		if ok && domain == p.cfg.Address && i.Node == "" && !slices.Contains(names, local) {
			names = append(names, local)
		}
	}
	if len(names) > MaxGroups {
		return nil, nil, fmt.Errorf("%w: it has %d groups", ErrTooLarge, len(names))
	}
	return names, there, nil
}

// peerRun is what goes on while the peer is there.
type peerRun struct {
	p    *Peer
	sink Sink
	all  *sync.WaitGroup

	going map[string]context.CancelFunc // by group; only Run's goroutine uses it

	mu    sync.Mutex
	first int // groups that have not been heard, nor failed
	back  bool
}

// set follows these groups, and no others any more.
func (r *peerRun) set(ctx context.Context, names []string, there func(string) string) {
	for name, stop := range r.going {
		if !slices.Contains(names, name) {
			stop()
			delete(r.going, name)
		}
	}
	r.sink.Only(names)
	r.mu.Lock()
	for _, name := range names {
		if r.going[name] == nil {
			r.first++
		}
	}
	r.mu.Unlock()
	for _, name := range names {
		if r.going[name] != nil {
			continue
		}
		one, stop := context.WithCancel(ctx)
		r.going[name] = stop
		r.all.Go(func() { r.follow(one, name, there(name)) })
	}
	r.heard(0)
}

// heard counts groups that have been heard, or failed; with the last of them
// the peer is back.
func (r *peerRun) heard(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.first -= n
	if r.first <= 0 && !r.back {
		r.back = true
		r.sink.Back()
	}
}

// follow follows one group, again and again.
func (r *peerRun) follow(ctx context.Context, name, there string) {
	once := sync.OnceFunc(func() { r.heard(1) })
	defer once()
	wait := 2 * time.Second
	for ctx.Err() == nil {
		began := time.Now()
		f := &follower{p: r.p, name: name, us: name + "@" + r.p.cfg.Link.Domain(), sink: r.sink, tables: r.p.known(name, there), heard: once}
		err := f.run(ctx)
		if ctx.Err() != nil {
			return
		}
		r.sink.Lost(name, err)
		once()
		if time.Since(began) > time.Minute {
			wait = 2 * time.Second
		}
		if !pause(ctx, wait) {
			return
		}
		wait = min(2*wait, r.p.cfg.Reread)
	}
}

// known is what is known of a group.
func (p *Peer) known(name, there string) *tables {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tables[name]
	if t == nil || t.there != there {
		t = newTables(there)
		p.tables[name] = t
	}
	return t
}
