package roster

import (
	"context"
)

// Release makes the group of a source one of this service, with all it has.
// ErrForbidden for who does not administer the service, ErrNoGroup, InvalidError
// if it is one already.
func (r *Roster) Release(ctx context.Context, actor, group string) error {
	return r.transfer(ctx, actor, group, func(from string) (string, error) {
		if from == "" {
			return "", invalid("group", "%s is this service's own", group)
		}
		return "", nil
	})
}

// Adopt gives a group of this service to a source, whose list it becomes with
// the next [Roster.Mirror]. ErrForbidden, ErrNoGroup, InvalidError,
// [ForeignError] if it has a source already.
func (r *Roster) Adopt(ctx context.Context, actor, group, source string) error {
	return r.transfer(ctx, actor, group, func(from string) (string, error) {
		if from != "" {
			return "", &ForeignError{from}
		}
		return source, word("source", source)
	})
}

func (r *Roster) transfer(ctx context.Context, actor, group string, to func(from string) (string, error)) error {
	if actor != "" && !r.admin(actor) {
		return ErrForbidden
	}
	g, err := r.editing(ctx, group)
	if err != nil {
		return err
	}
	defer g.edit.Unlock()
	g.mu.Lock()
	from, s := g.source, g.settings.Clone()
	g.mu.Unlock()
	source, err := to(from)
	if err != nil {
		return err
	}
	if err := r.store.ReviseGroup(ctx, group, &Revision{Source: source, Settings: s}); err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.source, g.hidden, g.powers = source, false, true
	r.outbox.Wanted(g) // its source is to tell of it
	return nil
}
