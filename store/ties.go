package store

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// ListTies implements [roster.Store].
func (s *sqlite) ListTies(ctx context.Context) ([]roster.TieRecord, error) {
	all, err := scanAll(ctx, s.reads.ties, nil, scanTie)
	if err != nil {
		return nil, fmt.Errorf("list ties: %w", s.reading(err))
	}
	return all, nil
}

func scanTie(rows row) (t roster.TieRecord, err error) {
	err = rows.Scan(&t.Kind, &t.For, &t.There, &t.Here)
	return t, err
}

// StoreTie implements [roster.Store].
func (s *sqlite) StoreTie(ctx context.Context, t roster.TieRecord) error {
	return s.do(ctx, "store tie of", t.Here, func() error {
		_, err := s.writes.storeTie.Exec(t.Kind, t.For, t.There, t.Here)
		return err
	})
}

// DeleteTie implements [roster.Store].
func (s *sqlite) DeleteTie(ctx context.Context, t roster.TieRecord) error {
	return s.do(ctx, "delete tie of", t.Here, func() error {
		_, err := s.writes.deleteTie.Exec(t.Kind, t.For, t.There, t.Here)
		return err
	})
}

// ListTies implements [roster.Store].
func (m *memory) ListTies(ctx context.Context) (all []roster.TieRecord, err error) {
	err = m.do(ctx, "list", "ties", func() error {
		all = slices.SortedFunc(maps.Keys(m.ties), func(a, b roster.TieRecord) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.For, b.For), cmp.Compare(a.There, b.There), cmp.Compare(a.Here, b.Here))
		})
		return nil
	})
	return all, err
}

// StoreTie implements [roster.Store].
func (m *memory) StoreTie(ctx context.Context, t roster.TieRecord) error {
	return m.do(ctx, "store tie of", t.Here, func() error {
		m.ties[t] = true
		return nil
	})
}

// DeleteTie implements [roster.Store].
func (m *memory) DeleteTie(ctx context.Context, t roster.TieRecord) error {
	return m.do(ctx, "delete tie of", t.Here, func() error {
		delete(m.ties, t)
		return nil
	})
}
