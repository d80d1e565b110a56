package roster

import (
	"context"
	"errors"
)

// Load brings every group of the store into memory. Who needs one meanwhile
// does not wait for the others: [Roster.Group] loads it. progress is told after
// each how many were. Groups that cannot be read are told in the log and left
// out; the error is that of the first, or of ctx.
//
// After it without an error the names in memory are all there are, and what
// else there is comes by [Roster.CreateGroup]: so an unused name costs no look
// into the store, which would take longer to answer than for an unlisted group.
func (r *Roster) Load(ctx context.Context, progress func(done int)) error {
	if r.allLoaded() {
		return nil
	}
	done := 0
	known := func() {
		done++
		progress(done)
	}
	before := r.deletions()
	err := r.store.EachGroup(ctx, func(rec *GroupRecord) error {
		if err := r.loaded(ctx, rec, before); err != nil {
			return err
		}
		known()
		return nil
	})
	if err != nil && ctx.Err() == nil {
		done = 0
		err = r.loadEach(ctx, known)
	}
	if err == nil {
		r.Complete()
	}
	return err
}

// loadEach is Load for a store of which something cannot be read.
func (r *Roster) loadEach(ctx context.Context, known func()) (first error) {
	names, err := r.store.ListGroups(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		_, err := r.Group(ctx, name)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil && !errors.Is(err, ErrNoGroup) {
			r.log.Error("load group", "group", name, "error", err)
			first = errors.Join(first, err)
			continue
		}
		known()
	}
	return first
}

// loaded takes in what was read of a group, unless it is in memory by now. If
// any group was deleted since, this may be one of a former life: it is read
// again.
func (r *Roster) loaded(ctx context.Context, rec *GroupRecord, before uint64) error {
	r.loading.Lock()
	defer r.loading.Unlock()
	if r.Loaded([]byte(rec.Name)) != nil {
		return nil
	}
	if r.deletions() != before {
		again, err := r.store.GetGroup(ctx, rec.Name)
		if errors.Is(err, ErrNoGroup) {
			return nil
		}
		if rec = again; err != nil {
			return err
		}
	}
	r.enlist(ctx, rec)
	return nil
}

// enlist brings a stored group into memory. loading is held.
func (r *Roster) enlist(ctx context.Context, rec *GroupRecord) *Group {
	r.christenStored(ctx, rec)
	g := r.admit(newGroup(r, rec))
	g.Lost()
	r.outbox.Wanted(g)
	r.hooked(g)
	return g
}

// Len is how many groups are in memory.
func (r *Roster) Len() int {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return len(r.groups)
}

// deletions is how many groups were deleted.
func (r *Roster) deletions() uint64 {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.deleted
}
