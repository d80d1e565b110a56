package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

// change is one caller's write. It runs inside a savepoint on the writer's
// connection; an error undoes it.
type change func() error

// job is a change that waits; done is answered exactly once (it has room for
// the answer, so that nobody waits for a caller).
type job struct {
	change change
	done   chan error
}

// batcher runs changes in shared transactions: whoever holds the turn runs
// all that wait. It has no goroutine.
type batcher struct {
	turn chan struct{} // holds one value while somebody uses conn
	conn *sql.Conn     // owned by the holder of the turn

	meter meter

	mu     sync.Mutex // guards what follows; held for appends and swaps only
	queue  []*job
	closed bool
}

func newBatcher(conn *sql.Conn) *batcher {
	return &batcher{turn: make(chan struct{}, 1), conn: conn}
}

// do runs c and returns after it is on disk, or after nothing has changed.
func (b *batcher) do(ctx context.Context, c change) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	j := &job{change: c, done: make(chan error, 1)}
	if err := b.enqueue(j); err != nil {
		return err
	}
	select {
	case b.turn <- struct{}{}:
		b.flush()
		<-b.turn
	case err := <-j.done:
		return err
	case <-ctx.Done():
		if b.withdraw(j) {
			return ctx.Err()
		}
	}
	return <-j.done
}

func (b *batcher) enqueue(j *job) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrClosed
	}
	b.queue = append(b.queue, j)
	return nil
}

// withdraw says whether j was still waiting. If so it never runs.
func (b *batcher) withdraw(j *job) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	i := slices.Index(b.queue, j)
	if i < 0 {
		return false
	}
	b.queue = slices.Delete(b.queue, i, i+1)
	return true
}

// close refuses new changes, runs those that wait and keeps the turn.
func (b *batcher) close() error {
	b.mu.Lock()
	closed := b.closed
	b.closed = true
	b.mu.Unlock()
	if closed {
		return ErrClosed
	}
	b.turn <- struct{}{}
	b.flush()
	return nil
}

// flush runs all waiting changes in one transaction and answers them. The
// caller holds the turn.
func (b *batcher) flush() {
	b.mu.Lock()
	jobs := b.queue
	b.queue = nil
	b.mu.Unlock()
	if len(jobs) == 0 {
		return
	}
	answers := make([]error, len(jobs))
	began := time.Now()
	if err := b.transact(jobs, answers); err != nil {
		for i := range answers {
			answers[i] = err
		}
	} else {
		b.meter.committed(len(jobs), time.Since(began))
	}
	for i, j := range jobs {
		j.done <- answers[i]
	}
}

// transact fills answers with each change's own outcome; an error concerns
// them all, and nothing has changed.
func (b *batcher) transact(jobs []*job, answers []error) (err error) {
	if err := b.exec("BEGIN IMMEDIATE"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			// SQLite may have rolled back by itself, on a full disk for
			// example; then this one has nothing to do and says so.
			_ = b.exec("ROLLBACK")
		}
	}()
	for i, j := range jobs {
		if answers[i], err = b.attempt(j.change); err != nil {
			return err
		}
	}
	return b.exec("COMMIT")
}

// attempt runs c in a savepoint. refused is c's own error; a non-nil err
// spoils the whole transaction.
func (b *batcher) attempt(c change) (refused, err error) {
	if err := b.exec("SAVEPOINT one"); err != nil {
		return nil, err
	}
	if refused = c(); refused != nil {
		if err := b.exec("ROLLBACK TO one"); err != nil {
			return nil, errors.Join(refused, err)
		}
	}
	return refused, b.exec("RELEASE one")
}

// exec takes no caller's context: a batch belongs to several callers, and
// one of them must not end it for the others. The busy timeout bounds it.
func (b *batcher) exec(command string) error {
	if _, err := b.conn.ExecContext(context.Background(), command); err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	return nil
}

func (b *batcher) isClosed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.closed
}

// wipe puts all of the -wal file into the database and empties it. Readers of
// older states only delay that to a later moment.
func (b *batcher) wipe(ctx context.Context) error {
	select {
	case b.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-b.turn }()
	if b.isClosed() {
		return ErrClosed
	}
	return b.exec("PRAGMA wal_checkpoint(TRUNCATE)")
}
