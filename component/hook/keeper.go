package hook

import (
	"context"
	"crypto/x509"
	"log/slog"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Config says what a Keeper is made of. Ask, JID and Domain are required.
type Config struct {
	// Ask is the group's answer to a pubsub request for items of the watcher
	// at that bare JID: a whole stanza, rendered in the group's turn.
	Ask     func(ctx context.Context, g *roster.Group, watcher, request string) ([]byte, error)
	JID     func(group, name string) string // the address of a webhook
	Domain  string                          // of the service
	Version string
	Now     func() time.Time // nil = time.Now
	Log     *slog.Logger     // nil = nothing is logged

	Networks []netip.Prefix // that may be reached although they are private, and by http:
	Roots    *x509.CertPool // nil = the system's

	Timeout  time.Duration // of a post, from the connection to the answer; 15 s
	Pace     time.Duration // between two posts of a webhook; 1 s
	Retry    time.Duration // after the first failure, then twice as long each time; 2 s
	MaxRetry time.Duration // at most; 15 min
	GiveUp   time.Duration // after so long without success a webhook ends; 72 h
	Slots    int           // posts at a time; 128
}

// groupPosts is how many posts of one group are under way at a time: receivers
// that take their time keep those of other groups waiting no longer than that.
const groupPosts = 2

func orElse[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

func (c *Config) withDefaults() {
	orElse(&c.Timeout, 15*time.Second)
	orElse(&c.Pace, time.Second)
	orElse(&c.Retry, 2*time.Second)
	orElse(&c.MaxRetry, 15*time.Minute)
	orElse(&c.GiveUp, 72*time.Hour)
	orElse(&c.Slots, 128)
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
}

// Keeper tells the webhooks of all groups. It implements [roster.HookKeeper].
type Keeper struct {
	cfg   Config
	guard guard
	slots chan struct{}
	posts [len(resultNames)]atomic.Uint64

	changed chan struct{} // holds a token: groups has something

	mu      sync.Mutex
	groups  map[string]*roster.Group // whose webhooks have changed
	runners map[string]map[string]*runner
}

var _ roster.HookKeeper = (*Keeper)(nil)

// New returns a Keeper that Run brings to life.
func New(cfg Config) *Keeper {
	cfg.withDefaults()
	return &Keeper{cfg: cfg, guard: guard{cfg.Networks}, slots: make(chan struct{}, cfg.Slots),
		changed: make(chan struct{}, 1), groups: map[string]*roster.Group{}, runners: map[string]map[string]*runner{}}
}

// Hooked implements [roster.HookKeeper].
func (k *Keeper) Hooked(g *roster.Group) {
	k.mu.Lock()
	k.groups[g.Name()] = g
	k.mu.Unlock()
	wake(k.changed)
}

// News implements [roster.HookKeeper].
func (k *Keeper) News(group, name string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.runners[group][name]; r != nil {
		wake(r.news)
	}
}

// Run tells webhooks until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-k.changed:
		}
		k.mu.Lock()
		groups := k.groups
		k.groups = map[string]*roster.Group{}
		k.mu.Unlock()
		for name, g := range groups {
			k.reconcile(ctx, &all, name, g)
		}
	}
}

// reconcile starts and stops runners, so that there is one for each webhook of
// g as it is set now.
func (k *Keeper) reconcile(ctx context.Context, all *sync.WaitGroup, name string, g *roster.Group) {
	recs, _ := g.Hooks("") // a group that is no more has none
	k.mu.Lock()
	defer k.mu.Unlock()
	had, now := k.runners[name], map[string]*runner{}
	turn := make(chan struct{}, groupPosts)
	for _, r := range had {
		turn = r.turn
	}
	for _, rec := range recs {
		if r := had[rec.Name]; r != nil && r.rec == rec && r.g == g {
			now[rec.Name] = r
			delete(had, rec.Name)
			continue
		}
		if rec.Ended != "" {
			continue
		}
		r, err := k.newRunner(g, rec, turn)
		if err != nil {
			k.cfg.Log.Error("webhook cannot be told", slog.String("group", name), slog.Any("error", err))
			continue
		}
		var its context.Context
		its, r.stop = context.WithCancel(ctx)
		now[rec.Name] = r
		before := had[rec.Name] // its last post comes before our first
		all.Go(func() {
			if before != nil {
				<-before.done
			}
			defer close(r.done)
			r.run(its)
		})
	}
	for _, r := range had {
		r.stop()
	}
	if k.runners[name] = now; len(now) == 0 {
		delete(k.runners, name)
	}
}

// State is how a group's webhook does; false: it is told nothing.
func (k *Keeper) State(group, name string) (State, bool) {
	k.mu.Lock()
	r := k.runners[group][name]
	k.mu.Unlock()
	if r == nil {
		return State{}, false
	}
	return r.now(), true
}

// Test posts a test to a webhook, and lets it try again at once if it was
// resting. It says what came of it, for people.
func (k *Keeper) Test(ctx context.Context, group string, rec *roster.HookRecord) (ok bool, said string, err error) {
	u, err := url.Parse(rec.URL)
	if err != nil {
		return false, "", err
	}
	w := writer{group: group + "@" + k.cfg.Domain, webhook: k.cfg.JID(group, rec.Name), now: k.cfg.Now}
	b, err := w.test()
	if err != nil {
		return false, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, k.cfg.Timeout)
	defer cancel()
	select {
	case k.slots <- struct{}{}:
		defer func() { <-k.slots }()
	case <-ctx.Done():
		return false, "", ctx.Err()
	}
	var o outcome
	if conn, err := k.dial(ctx, u); err != nil {
		o = failed(ctx, unreachable, err)
	} else {
		o = k.post(ctx, conn, u, rec.Secret, b)
	}
	k.posts[o.result].Add(1)
	k.mu.Lock()
	if r := k.runners[group][rec.Name]; r != nil {
		wake(r.hurry)
	}
	k.mu.Unlock()
	return o.result == accepted, o.say(), nil
}

// Stats are the figures of this moment.
type Stats struct {
	Webhooks, Failing                                 int
	Accepted, Rejected, Unreachable, Timeouts, Broken uint64 // posts
}

// Stats returns the figures of this moment.
func (k *Keeper) Stats() Stats {
	s := Stats{Accepted: k.posts[accepted].Load(), Rejected: k.posts[rejected].Load(), Unreachable: k.posts[unreachable].Load(),
		Timeouts: k.posts[late].Load(), Broken: k.posts[broken].Load()}
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, group := range k.runners {
		for _, r := range group {
			s.Webhooks++
			if !r.now().Failing.IsZero() {
				s.Failing++
			}
		}
	}
	return s
}
