package roster

import (
	"context"
	"iter"
	"maps"
	"slices"
	"sync"
	"time"
)

// Directory is the groups that one user may know of, by name.
type Directory struct {
	r     *Roster
	jid   string
	names []string // not ours to change
}

// Up to listAfresh groups a directory is made anew each time. Of more, one that
// was made for the same user is good for listingTime, as long as no group
// comes or goes: what was listed since is not in it yet, what is no longer for
// him is not shown.
const (
	listAfresh  = 1000
	listingTime = time.Minute
	maxListings = 64 // that are kept
)

// Directory lists the groups for jid. It asks the store only as long as not
// all groups have been loaded.
func (r *Roster) Directory(ctx context.Context, jid string) (*Directory, error) {
	all, err := r.allNames(ctx)
	if err != nil {
		return nil, err
	}
	if len(all) <= r.limits.listed {
		return &Directory{r, jid, r.known(ctx, jid, all)}, nil
	}
	if d := r.listings.get(jid, all, r.now()); d != nil {
		return d, nil
	}
	d := &Directory{r, jid, r.known(ctx, jid, all)}
	r.listings.put(d, all, r.now())
	return d, nil
}

// Len is how many groups there are.
func (d *Directory) Len() int { return len(d.names) }

// Find is the index of the group called name, or of the first one behind where
// it would be.
func (d *Directory) Find(name string) (i int, found bool) {
	return slices.BinarySearch(d.names, name)
}

// From yields the groups from index i on that jid still may know of.
func (d *Directory) From(ctx context.Context, i int) iter.Seq2[int, *Description] {
	return func(yield func(int, *Description) bool) {
		for ; i < len(d.names); i++ {
			g, err := d.r.Group(ctx, d.names[i])
			if err != nil {
				continue // deleted meanwhile
			}
			if x, err := g.Describe(d.jid); err == nil && !yield(i, x) {
				return
			}
		}
	}
}

// allNames are the names of all groups, sorted; nobody may change the list.
func (r *Roster) allNames(ctx context.Context) ([]string, error) {
	r.mu.RLock()
	names, complete := r.names, r.complete
	r.mu.RUnlock()
	switch {
	case !complete:
		return r.store.ListGroups(ctx)
	case names != nil:
		return names, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names = slices.AppendSeq(make([]string, 0, len(r.groups)), maps.Keys(r.groups))
	slices.Sort(r.names)
	return r.names, nil
}

// known are those of the names that jid may know of.
func (r *Roster) known(ctx context.Context, jid string, names []string) (some []string) {
	for _, name := range names {
		if g, err := r.Group(ctx, name); err == nil && g.knownTo(jid) {
			some = append(some, name)
		}
	}
	return some
}

func (g *Group) knownTo(jid string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.mayKnow(jid) == nil
}

// listings are directories that were made lately, by whom they are for.
type listings struct {
	mu   sync.Mutex
	made map[string]listing
}

type listing struct {
	*Directory
	of   []string // made of these
	ends time.Time
}

func (l *listings) get(jid string, of []string, now time.Time) *Directory {
	l.mu.Lock()
	defer l.mu.Unlock()
	x := l.made[jid]
	if x.Directory == nil || !now.Before(x.ends) || &x.of[0] != &of[0] {
		return nil
	}
	return x.Directory
}

func (l *listings) put(d *Directory, of []string, now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for jid := range l.made {
		if len(l.made) < maxListings {
			break
		}
		delete(l.made, jid)
	}
	if l.made == nil {
		l.made = map[string]listing{}
	}
	l.made[d.jid] = listing{d, of, now.Add(listingTime)}
}
