package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Groups are read so many at a time, by so many statements, and by two at once:
// while one waits for rows to be taken in, the other reads.
const (
	chunkGroups = 256
	chunkers    = 2
)

// EachGroup implements [roster.Store]: what it asks of the database grows with
// the number of chunks.
func (s *sqlite) EachGroup(ctx context.Context, f func(*roster.GroupRecord) error) error {
	s.asked.Add(1)
	ids, err := scanAll(ctx, s.reads.ids, nil, scanNumber)
	if err != nil {
		return fmt.Errorf("read all groups: %w", s.reading(err))
	}
	all, ctx := errgroup.WithContext(ctx)
	spans, chunks := make(chan [2]int64), make(chan []*roster.GroupRecord)
	all.Go(func() error {
		defer close(spans)
		for len(ids) > 0 {
			n := min(chunkGroups, len(ids))
			if !put(ctx, spans, [2]int64{ids[0], ids[n-1]}) {
				return ctx.Err()
			}
			ids = ids[n:]
		}
		return nil
	})
	all.Go(func() error {
		defer close(chunks)
		readers, ctx := errgroup.WithContext(ctx)
		for range chunkers {
			readers.Go(func() error { return s.readChunks(ctx, spans, chunks) })
		}
		return readers.Wait()
	})
	all.Go(func() error {
		for chunk := range chunks {
			for _, rec := range chunk {
				if err := f(rec); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return all.Wait()
}

func (s *sqlite) readChunks(ctx context.Context, spans <-chan [2]int64, chunks chan<- []*roster.GroupRecord) error {
	for span := range spans {
		chunk, err := s.readChunk(ctx, span)
		if err != nil {
			return fmt.Errorf("read groups: %w", s.reading(err))
		}
		if !put(ctx, chunks, chunk) {
			return ctx.Err()
		}
	}
	return nil
}

// put sends v, unless ctx ends.
func put[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

// chunk is the groups of one span.
type chunk struct {
	tx     *sql.Tx
	span   [2]int64
	groups []*roster.GroupRecord
	ids    []int64
}

// readChunk reads the groups of a span as they are at one moment.
func (s *sqlite) readChunk(ctx context.Context, span [2]int64) (groups []*roster.GroupRecord, err error) {
	tx, err := s.readDB.BeginTx(ctx, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tx.Rollback()) }()
	c := &chunk{tx: tx, span: span}
	s.asked.Add(1)
	rows, err := tx.StmtContext(ctx, s.reads.ranges.groups).QueryContext(ctx, span[0], span[1])
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		rec := &roster.GroupRecord{}
		id, err := scanGroup(&headed{row: rows, head: &rec.Name}, rec)
		if err != nil {
			return nil, err
		}
		c.groups, c.ids = append(c.groups, rec), append(c.ids, id)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return nil, err
	}
	return c.groups, s.fill(ctx, c)
}

// fill adds what belongs to the groups.
func (s *sqlite) fill(ctx context.Context, c *chunk) error {
	q := &s.reads.ranges
	s.asked.Add(6)
	return errors.Join(
		fill(ctx, c, q.members, scanMember, func(g *roster.GroupRecord) *[]roster.MemberRecord { return &g.Members }),
		fill(ctx, c, q.subscriptions, scanSubscription, func(g *roster.GroupRecord) *[]roster.SubscriptionRecord { return &g.Subscriptions }),
		fill(ctx, c, q.contacts, scanText, func(g *roster.GroupRecord) *[]string { return &g.Contacts }),
		fill(ctx, c, q.visitors, scanVisitor, func(g *roster.GroupRecord) *[]roster.VisitorRecord { return &g.Visitors }),
		fill(ctx, c, q.hooks, scanHook, func(g *roster.GroupRecord) *[]roster.HookRecord { return &g.Hooks }),
		fill(ctx, c, q.authorizations, scanAuthorization, func(g *roster.GroupRecord) *[]roster.AuthorizationRecord { return &g.Authorizations }),
	)
}

// fill adds the rows of q, which come in the order of the groups.
func fill[T any](ctx context.Context, c *chunk, q *sql.Stmt, scan func(row) (T, error), to func(*roster.GroupRecord) *[]T) error {
	rows, err := c.tx.StmtContext(ctx, q).QueryContext(ctx, c.span[0], c.span[1])
	if err != nil {
		return err
	}
	defer rows.Close()
	var id int64
	for at, r := 0, (&headed{row: rows, head: &id}); rows.Next(); {
		one, err := scan(r)
		if err != nil {
			return err
		}
		for at < len(c.ids) && c.ids[at] < id {
			at++
		}
		if at < len(c.ids) && c.ids[at] == id {
			list := to(c.groups[at])
			*list = append(*list, one)
		}
	}
	return rows.Err()
}

// headed is a row with a column more, the first.
type headed struct {
	row
	head any
	all  []any
}

func (h *headed) Scan(to ...any) error {
	h.all = append(append(h.all[:0], h.head), to...)
	return h.row.Scan(h.all...)
}

func scanNumber(rows row) (n int64, err error) {
	err = rows.Scan(&n)
	return n, err
}

// eachOf is EachGroup of a store that has nothing better.
func eachOf(ctx context.Context, s roster.Store, f func(*roster.GroupRecord) error) error {
	names, err := s.ListGroups(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		rec, err := s.GetGroup(ctx, name)
		if errors.Is(err, roster.ErrNoGroup) {
			continue
		}
		if err == nil {
			err = f(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
