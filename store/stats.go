package store

import (
	"errors"
	"sync"
	"time"
)

// Stats is what a store has done.
type Stats struct {
	Commits, Changes                uint64 // transactions, and the changes in them
	Busy                            time.Duration
	Full, ReadOnly, Locked, Corrupt uint64 // changes that were not stored because of it
}

// Meter is a store that says what it has done; what [Open] returns is one.
type Meter interface {
	Stats() Stats
}

// meter counts.
type meter struct {
	mu    sync.Mutex
	stats Stats
}

func (m *meter) committed(changes int, took time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stats.Commits++
	m.stats.Changes += uint64(changes)
	m.stats.Busy += took
}

// failed counts err, if it is the disk's fault, and returns it.
func (m *meter) failed(err error) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for of, n := range map[error]*uint64{ErrFull: &m.stats.Full, ErrReadOnly: &m.stats.ReadOnly, ErrLocked: &m.stats.Locked, ErrCorrupt: &m.stats.Corrupt} {
		if errors.Is(err, of) {
			*n++
		}
	}
	return err
}

// Stats implements [Meter].
func (s *sqlite) Stats() Stats {
	s.batch.meter.mu.Lock()
	defer s.batch.meter.mu.Unlock()
	return s.batch.meter.stats
}
