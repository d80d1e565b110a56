package store

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the driver named "sqlite3"
)

// readers is how many connections may read at once. Reads are short, and a
// few beside the writer keep two cores busy.
const readers = 4

// sqlite is the embedded store: one connection writes, a few others read.
type sqlite struct {
	writeDB *sql.DB
	readDB  *sql.DB
	conn    *sql.Conn // writeDB's only connection, owned by batch
	batch   *batcher
	writes  writeStatements
	reads   readStatements
}

func openSQLite(ctx context.Context, path string) (_ *sqlite, err error) {
	write, read, err := dataSources(path)
	if err != nil {
		return nil, err
	}
	s := &sqlite{}
	defer func() {
		if err != nil {
			_ = s.closeAll()
		}
	}()
	if s.writeDB, err = sql.Open("sqlite3", write); err != nil {
		return nil, err
	}
	s.writeDB.SetMaxOpenConns(1)
	if err = migrate(ctx, s.writeDB); err != nil {
		return nil, err
	}
	if s.conn, err = s.writeDB.Conn(ctx); err != nil {
		return nil, err
	}
	if err = s.writes.prepare(ctx, s.conn); err != nil {
		return nil, err
	}
	s.batch = newBatcher(s.conn)
	if s.readDB, err = sql.Open("sqlite3", read); err != nil {
		return nil, err
	}
	s.readDB.SetMaxOpenConns(readers)
	s.readDB.SetMaxIdleConns(readers)
	return s, s.reads.prepare(ctx, s.readDB)
}

// dataSources makes the driver's names of the writing and of the reading
// connections, and the file if it is missing.
func dataSources(path string) (write, read string, err error) {
	u := url.URL{Scheme: "file"}
	q := url.Values{}
	if path == ":memory:" {
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
	// A backup or an admin's sqlite3 may hold the lock for a moment.
	q.Set("_busy_timeout", "5000")
	u.RawQuery = q.Encode()
	write = u.String()
	// Readers cannot write even by mistake: there is one writer.
	q.Set("_query_only", "1")
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

func (s *sqlite) closeAll() error {
	var errs []error
	if s.readDB != nil {
		errs = append(errs, s.readDB.Close())
	}
	if s.conn != nil {
		errs = append(errs, s.conn.Close())
	}
	if s.writeDB != nil {
		errs = append(errs, s.writeDB.Close())
	}
	return errors.Join(errs...)
}
