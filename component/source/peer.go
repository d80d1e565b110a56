package source

import (
	"context"
	"errors"
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
	Pace    Pace
	Room    int              // bytes of one list on its way; 0 = 32 MiB
	Now     func() time.Time // nil = time.Now
}

// Peer is another group server as a source.
type Peer struct {
	cfg PeerConfig

	mu     sync.Mutex
	tables map[string]*tables // by group: what is known survives a connection
	itself bool               // the service has the nodes of one group itself
}

// NewPeer returns the source.
func NewPeer(cfg PeerConfig) *Peer {
	if cfg.Pace.withDefaults(); cfg.Room == 0 {
		cfg.Room = maxKept
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Peer{cfg: cfg, tables: map[string]*tables{}}
}

// Run implements [Source].
func (p *Peer) Run(ctx context.Context, sink Sink) error {
	all := &patrol{link: p.cfg.Link, address: p.cfg.Address, pace: p.cfg.Pace, discover: p.discover, sink: sink}
	all.follow = func(ctx context.Context, name string, heard func()) error {
		f := &follower{p: p, name: name, us: name + "@" + p.cfg.Link.Domain(), tables: p.known(name), sink: sink, heard: heard}
		return f.run(ctx)
	}
	return all.run(ctx)
}

var errUnnamed = errors.New("it has one group, at its own address: say with groups what that is called here")

// discover finds the groups: those that are named, or all that the peer lists.
// A plain PubSub service may have the nodes of one itself.
func (p *Peer) discover(ctx context.Context) (names []string, err error) {
	all, err := items(ctx, p.cfg.Link, p.cfg.Link.Domain(), p.cfg.Address)
	if err != nil {
		return nil, err
	}
	itself := slices.ContainsFunc(all, func(i item) bool { return i.JID == p.cfg.Address && i.Node == watch.NodeMembers })
	p.mu.Lock()
	p.itself = itself
	p.mu.Unlock()
	switch {
	case itself && len(p.cfg.Groups) != 1:
		return nil, errUnnamed
	case len(p.cfg.Groups) > 0:
		return p.cfg.Groups, nil
	}
	for _, i := range all {
		if name, ok := strings.CutSuffix(i.JID, "@"+p.cfg.Address); ok && i.Node == "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil
}

// known is what is known of a group.
func (p *Peer) known(name string) *tables {
	p.mu.Lock()
	defer p.mu.Unlock()
	there := name + "@" + p.cfg.Address
	if p.itself {
		there = p.cfg.Address
	}
	t := p.tables[name]
	if t == nil || t.there != there {
		t = newTables(there, p.cfg.Room)
		p.tables[name] = t
	}
	return t
}
