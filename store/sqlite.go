package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver named "sqlite3"
)

// readers is how many connections may read at once. Reads are short, and a
// few beside the writer keep two cores busy.
const readers = 4

// sqlite is the embedded store: one connection writes, a few others read.
type sqlite struct {
	readDB *sql.DB
	conn   *sql.Conn // the only one that writes, owned by batch
	batch  *batcher
	writes writeStatements
	reads  readStatements
	opened []io.Closer // in the order of opening

	asked atomic.Int64 // statements that EachGroup has cost, for a test

	now    func() time.Time     // a test's clock
	begun  time.Time            // by that, when the store was opened
	passed func() time.Duration // since, whatever the clock was set to
	tidied time.Time            // when old entries of the audit log were looked for; the turn's
}

func openSQLite(ctx context.Context, path string) (*sqlite, error) {
	return openSQLiteWith(ctx, path, path != inMemory)
}

// openSQLiteWith opens path; with copies set a file of an older schema is kept
// beside it before it is migrated.
func openSQLiteWith(ctx context.Context, path string, copies bool) (_ *sqlite, err error) {
	write, read, err := dataSources(path)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	s := &sqlite{now: time.Now, begun: began, passed: func() time.Duration { return time.Since(began) }}
	defer func() {
		if err != nil {
			_ = s.closeAll()
		}
	}()
	keep := func(int64) error { return nil }
	if copies {
		keep = func(have int64) error {
			_, err := copyFile(ctx, path, fmt.Sprintf("%s.schema-%d", path, have), nil)
			return err
		}
	}
	if err := s.openWriter(ctx, write, keep); err != nil {
		return nil, err
	}
	return s, s.openReaders(ctx, read)
}

func (s *sqlite) openWriter(ctx context.Context, source string, keep func(have int64) error) error {
	db, err := sql.Open("sqlite3", source)
	if err != nil {
		return err
	}
	s.opened = append(s.opened, db)
	db.SetMaxOpenConns(1)
	if err := migrate(ctx, db, keep); err != nil {
		return err
	}
	if s.conn, err = db.Conn(ctx); err != nil {
		return err
	}
	s.opened = append(s.opened, s.conn)
	s.batch = newBatcher(s.conn)
	return s.prepare(ctx, s.conn, s.writes.all())
}

func (s *sqlite) openReaders(ctx context.Context, source string) (err error) {
	if s.readDB, err = sql.Open("sqlite3", source); err != nil {
		return err
	}
	s.opened = append(s.opened, s.readDB)
	s.readDB.SetMaxOpenConns(readers)
	s.readDB.SetMaxIdleConns(readers)
	return s.prepare(ctx, s.readDB, s.reads.all())
}

// dataSources makes the driver's names of the writing and of the reading
// connections, and the file if it is missing.
func dataSources(path string) (write, read string, err error) {
	u := url.URL{Scheme: "file"}
	q := url.Values{}
	if path == inMemory {
		// The vfs lets connections of this process share a database by its
		// name, which therefore has to be one of a kind.
		u.Path = "/" + rand.Text()
		q.Set("vfs", "memdb")
	} else {
		if u.Path, err = filepath.Abs(path); err != nil {
			return "", "", err
		}
		if err := touch(u.Path); err != nil {
			return "", "", err
		}
		// Readers do not wait for the writer, nor he for them, and a commit
		// is one sync of one file.
		q.Set("_journal_mode", "WAL")
	}
	// In WAL mode anything less than FULL may lose the last commits in a
	// power cut, and they were acknowledged.
	q.Set("_synchronous", "FULL")
	// SQLite does not look at REFERENCES otherwise: deleting a group would
	// leave its members.
	q.Set("_foreign_keys", "1")
	// What is deleted is gone from the file, not only from its tables.
	q.Set("_secure_delete", "1")
	// A backup or an admin's sqlite3 may hold the lock for a moment.
	q.Set("_busy_timeout", "5000")
	u.RawQuery = q.Encode()
	write = u.String()
	// Readers cannot write even by mistake: there is one writer.
	q.Set("_query_only", "1")
	// Each keeps what it has read, up to 2 MiB without this. Groups are read once,
	// and the system has the file's pages anyway.
	q.Set("_cache_size", "-256") // KiB
	u.RawQuery = q.Encode()
	return write, u.String(), nil
}

// touch makes the file readable by its owner only. SQLite gives the files
// beside it (-wal, -shm) the same mode.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	return f.Close()
}

// Close waits for the writes that were begun. Later calls get ErrClosed.
func (s *sqlite) Close() error {
	if err := s.batch.close(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	if err := s.closeAll(); err != nil {
		return fmt.Errorf("close store: %w", err)
	}
	return nil
}

// closeAll closes in the order opposite to that of opening: statements before
// their connection, as an open one keeps its connection's files open, and the
// writer last, as it then puts the -wal file's content into the database.
func (s *sqlite) closeAll() error {
	var errs []error
	for _, c := range slices.Backward(s.opened) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
