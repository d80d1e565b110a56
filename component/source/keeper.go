package source

import (
	"context"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Config says what a Keeper is made of. Roster is required.
type Config struct {
	Roster   *roster.Roster
	By       func(ctx context.Context, source string) context.Context // names the source in the record of changes; nil = nobody does
	Now      func() time.Time                                         // nil = time.Now
	Log      *slog.Logger                                             // nil = nothing is logged
	Ties     *Ties                                                    // what sources are told until they say otherwise; nil = nobody remembers
	Retry    time.Duration                                            // after the first failure, then twice as long each time; 2 s
	MaxRetry time.Duration                                            // at most; 5 min
}

// Spec is a source as it is configured.
type Spec struct {
	Name    string         // unique; stands in the groups' records
	Kind    string         // for people
	Address string         // who it is: of XMPP services the domain
	Holds   roster.TieKind // what it is told all the time; "" = it asks
	Groups  []string       // only these; none = all
	Remote  bool           // runs only while there is a connection to the server
	Key     string         // what it was made of: one with another key takes its place
	Source  Source
}

// Keeper runs the sources.
type Keeper struct {
	cfg Config

	changed chan struct{} // holds a token: specs or up has changed

	mu      sync.Mutex
	specs   []Spec
	up      context.Context // of the connection; nil = there is none
	keeping map[string]*keeping
}

// New returns a Keeper that Run brings to life.
func New(cfg Config) *Keeper {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	if cfg.By == nil {
		cfg.By = func(ctx context.Context, _ string) context.Context { return ctx }
	}
	if cfg.Retry == 0 {
		cfg.Retry = 2 * time.Second
	}
	if cfg.MaxRetry == 0 {
		cfg.MaxRetry = 5 * time.Minute
	}
	return &Keeper{cfg: cfg, changed: make(chan struct{}, 1), keeping: map[string]*keeping{}}
}

// Set puts other sources in force, before Run or while it runs. One that is as
// it was goes on.
func (k *Keeper) Set(specs []Spec) {
	k.mu.Lock()
	for _, s := range specs {
		if kept := k.keeping[s.Name]; kept == nil || kept.Key != s.Key {
			k.cfg.Roster.SourceLost(s.Name, "", k.cfg.Now(), "was not heard yet")
		}
	}
	k.specs = slices.Clone(specs)
	k.mu.Unlock()
	wake(k.changed)
}

// Attached says that there is a connection until ctx ends.
func (k *Keeper) Attached(ctx context.Context) {
	k.mu.Lock()
	k.up = ctx
	k.mu.Unlock()
	wake(k.changed)
}

// Detached says that there is none.
func (k *Keeper) Detached() {
	k.mu.Lock()
	k.up = nil
	k.mu.Unlock()
	wake(k.changed)
}

// Run keeps the sources until ctx is done.
func (k *Keeper) Run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for {
		k.tend(ctx, &all)
		select {
		case <-ctx.Done():
			return
		case <-k.changed:
		}
	}
}

// tend starts and ends what the configuration and the connection ask for.
func (k *Keeper) tend(ctx context.Context, all *sync.WaitGroup) {
	k.mu.Lock()
	defer k.mu.Unlock()
	wanted := map[string]*Spec{}
	for i := range k.specs {
		wanted[k.specs[i].Name] = &k.specs[i]
	}
	for name, kept := range k.keeping {
		if spec := wanted[name]; spec == nil || spec.Key != kept.Key {
			kept.halt()
			delete(k.keeping, name)
			if spec == nil {
				k.cfg.Roster.SourceLost(name, "", k.cfg.Now(), "is not configured any more")
			}
		}
	}
	for name, spec := range wanted {
		kept := k.keeping[name]
		if kept == nil {
			kept = &keeping{Spec: *spec, k: k, heard: map[string]time.Time{}, owed: map[string]bool{}}
			k.keeping[name] = kept
		}
		if kept.repeats() {
			kept.halt()
		}
		kept.move(ctx, k.up, all)
	}
	k.cfg.Ties.Look()
}

// Wants says whether some source, of those configured or still running, has a use
// for a tie.
func (k *Keeper) Wants(t roster.TieRecord) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	kept := k.keeping[t.For]
	if kept != nil && kept.wants(t) {
		return true
	}
	return slices.ContainsFunc(k.specs, func(s Spec) bool { return (kept == nil || kept.Key != s.Key) && s.wants(t) })
}

func (s *Spec) wants(t roster.TieRecord) bool {
	return s.Name == t.For && s.Holds == t.Kind && s.Address == domainOf(t.There) && (len(s.Groups) == 0 || slices.Contains(s.Groups, t.Here))
}

// Adopted says that g may be another's by now. A source to which it was given, and
// that told of it while it was not its, tells again.
func (k *Keeper) Adopted(g *roster.Group) {
	source := g.Source()
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, kept := range k.keeping {
		if kept.adopted(g.Name(), name == source) {
			wake(k.changed)
		}
	}
}

// Complete says that all groups are in memory: those are marked whose source is
// not configured, or has them no more.
func (k *Keeper) Complete() {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, kept := range k.keeping {
		kept.recall()
	}
	for _, g := range k.cfg.Roster.All() {
		source := g.Source()
		if source != "" && !roster.ForPeers(g.Name()) && !slices.ContainsFunc(k.specs, func(s Spec) bool { return s.Name == source }) {
			k.cfg.Roster.SourceLost(source, "", k.cfg.Now(), "is not configured")
		}
	}
}

// Stats is what became of a source.
type Stats struct {
	Name, Kind, Address string

	Lost    bool      // see [roster.Roster.Lost]
	Since   time.Time // so
	Why     string    // so; it names nobody
	Groups  int       // that were told, and are there
	Stale   []Stale   // that are not as the source has them; by name, at most MaxStale
	Heard   time.Time // when the last group was told; zero = never
	Changed uint64    // groups that were established, or changed
	Refused uint64    // that could not be taken in
}

// Stale is a group that is not as its source has it, and why: it was refused, here
// or there, or cannot be read. It names nobody.
type Stale struct{ Group, Why string }

// MaxStale bounds the groups that [Stats] names.
const MaxStale = 20

// Stats are those of all sources, by name.
func (k *Keeper) Stats() []Stats {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []Stats
	for _, name := range slices.Sorted(maps.Keys(k.keeping)) {
		all = append(all, k.keeping[name].stats())
	}
	return all
}
