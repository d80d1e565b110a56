package component

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// A peer that does not say whom it wants to know of by a list has to be followed:
// the members of one of its groups, or everybody here who is in one.

const (
	followPause = 15 * time.Second // before what failed is tried again
	followAll   = time.Minute      // how often everybody is looked for in any case
)

// wishes follows the peers' wishes while there is a connection.
type wishes struct {
	s *Service

	mu  sync.Mutex
	all sync.WaitGroup
	of  map[string]*following // by the name of the peer's group
	old map[*following]string // those that are to end, and have not; the name of the group
}

type following struct {
	of      string
	stop    context.CancelFunc
	changed chan struct{} // holds a token: somebody came or left here
}

func newWishes(s *Service) *wishes {
	return &wishes{s: s, of: map[string]*following{}, old: map[*following]string{}}
}

// visit follows what g's peer wishes, and no longer what it wished before. ctx
// ends with the connection.
func (x *wishes) visit(ctx context.Context, g *roster.Group) {
	if !roster.ForPeers(g.Name()) || roster.PeerOf(g.Name()) == "" {
		x.stir()
		return
	}
	jid, of := roster.PeerOf(g.Name()), g.Wishes()
	rule, ok := x.s.cfg.Peers.gives(jid)
	if !ok || strings.Contains(of, "@") && string(domainOf([]byte(of))) != string(domainOf([]byte(jid))) {
		of = "" // it may name its own groups only
	}
	if x.s.Roster.Loaded([]byte(g.Name())) != g {
		of = "" // it is a peer no longer
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if f := x.of[g.Name()]; f != nil {
		if f.of == of {
			return
		}
		x.end(g.Name(), f)
	}
	if of == "" || of == roster.PeerList || ctx.Err() != nil {
		return
	}
	life, stop := context.WithCancel(ctx)
	f := &following{of, stop, make(chan struct{}, 1)}
	x.of[g.Name()] = f
	x.all.Go(func() {
		defer x.ended(f)
		(&follower{x.s, jid, rule, of}).run(life, f.changed)
	})
}

// stir lets those look again who follow everybody here.
func (x *wishes) stir() {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, f := range x.of {
		if f.of != roster.PeerAll {
			continue
		}
		select {
		case f.changed <- struct{}{}:
		default:
		}
	}
}

// wait returns when nothing of the connection's is left.
func (x *wishes) wait() {
	x.mu.Lock()
	for name, f := range x.of {
		x.end(name, f)
	}
	x.mu.Unlock()
	x.all.Wait()
}

// end has a wish followed no more. mu is held.
func (x *wishes) end(group string, f *following) {
	f.stop()
	delete(x.of, group)
	x.old[f] = group
}

func (x *wishes) ended(f *following) {
	f.stop()
	x.mu.Lock()
	delete(x.old, f)
	x.mu.Unlock()
	x.s.ties.Look()
}

// wants says whether a list is that of a wish which is followed.
func (x *wishes) wants(t roster.TieRecord) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if f := x.of[t.For]; f != nil && f.of == t.There {
		return true
	}
	for f, group := range x.old {
		if group == t.For && f.of == t.There {
			return true
		}
	}
	return false
}

// follower follows one wish. It is the sink of the source that a group of the
// peer's is.
type follower struct {
	s             *Service
	jid, rule, of string
}

func (f *follower) run(ctx context.Context, changed <-chan struct{}) {
	ctx = audit.By(ctx, audit.Source+f.jid)
	for ctx.Err() == nil {
		if f.of == roster.PeerAll {
			f.entrust(ctx, nil)
			select {
			case <-ctx.Done():
			case <-changed:
			case <-time.After(followAll):
			}
			continue
		}
		name, address, _ := strings.Cut(f.of, "@")
		peer := source.NewPeer(source.PeerConfig{Link: f.s.sources, Address: address, Groups: []string{name}, Now: f.s.cfg.Now})
		if err := peer.Run(ctx, f); ctx.Err() == nil {
			f.s.log.Warn("a peer's list of members cannot be read: it stays as it is", "peer", f.jid, "error", source.Discreet(err.Error()))
		}
		f.s.attend.sleep(ctx, followPause)
	}
}

// entrust takes in whom the peer's wish is about now, unless it wishes something
// else by now.
func (f *follower) entrust(ctx context.Context, members []string) {
	g := f.s.Roster.Loaded([]byte(roster.PeerGroup(f.jid)))
	if g == nil || g.Wishes() != f.of || ctx.Err() != nil {
		return
	}
	if _, err := f.s.Roster.Entrust(ctx, f.jid, f.rule, roster.PeerWish{Of: f.of, Members: members}); err != nil && ctx.Err() == nil {
		f.s.log.Warn("a peer's wish cannot be met", "peer", f.jid, "error", source.Discreet(err.Error()))
	}
}

// Group implements [source.Sink].
func (f *follower) Group(ctx context.Context, b *roster.Basic) error {
	jids := []string{} // none is not unknown
	for _, m := range b.Members {
		jids = append(jids, m.JID)
	}
	f.entrust(ctx, jids)
	return ctx.Err()
}

// Hold implements [source.Sink].
func (f *follower) Hold(ctx context.Context, kind roster.TieKind, there, group string) error {
	return f.s.ties.Hold(ctx, roster.TieRecord{Kind: kind, For: roster.PeerGroup(f.jid), There: there, Here: group})
}

// Only implements [source.Sink]: a group that is no more has no members, but one
// that cannot be seen for a while has those it had.
func (f *follower) Only([]string) {}

// Lost implements [source.Sink].
func (f *follower) Lost(string, error) {}

// Back implements [source.Sink].
func (f *follower) Back() {}
