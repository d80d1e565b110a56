package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/mattn/go-sqlite3"
)

// openFile opens a database that is there, as it is: the caller reads, or is
// alone with it. options are names and values of the driver's.
func openFile(path string, options ...string) (*sqlite3.SQLiteConn, error) {
	source, err := existing(path, options...)
	if err != nil {
		return nil, err
	}
	conn, err := (&sqlite3.SQLiteDriver{}).Open(source)
	if err != nil {
		return nil, explain(err)
	}
	return conn.(*sqlite3.SQLiteConn), nil
}

func openSource(path string) (*sqlite3.SQLiteConn, error) {
	return openFile(path, readOnly(path)...)
}

// readOnly are the options to read from a file. Beside one that somebody works
// on there is a -wal, which belongs to it; any other is not touched at all, so
// that it may lie where nothing can be written.
func readOnly(path string) []string {
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		return []string{"mode", "ro", "immutable", "1"}
	}
	return []string{"_query_only", "1"}
}

// existing is the driver's name of a database file that is there.
func existing(path string, options ...string) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if info, err := os.Stat(abs); err != nil {
		return "", err
	} else if !info.Mode().IsRegular() {
		return "", fmt.Errorf("%s is no file: %w", path, fs.ErrInvalid)
	}
	q := url.Values{"mode": {"rw"}, "_busy_timeout": {"5000"}}
	for i := 0; i < len(options); i += 2 {
		q.Set(options[i], options[i+1])
	}
	u := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	return u.String(), nil
}

// texts runs a query whose rows are read as text.
func texts(ctx context.Context, c *sqlite3.SQLiteConn, query string) (rows [][]string, err error) {
	r, err := c.QueryContext(ctx, query, nil)
	if err != nil {
		return nil, explain(err)
	}
	defer r.Close()
	values := make([]driver.Value, len(r.Columns()))
	for r.Next(values) == nil {
		row := make([]string, len(values))
		for i, v := range values {
			row[i] = fmt.Sprint(v)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

const (
	stepPages = 512 // of 4 KiB: some milliseconds
	stuck     = 5 * time.Second
)

// copyPages makes all of dst what src is at the moment.
func copyPages(ctx context.Context, dst, src *sqlite3.SQLiteConn, progress Progress) (err error) {
	// Within one reading transaction the state stays what it is. Otherwise
	// every write of the running service would make SQLite begin again.
	if _, err := src.Exec("BEGIN", nil); err != nil {
		return explain(err)
	}
	defer func() {
		_, end := src.Exec("ROLLBACK", nil)
		err = errors.Join(err, end)
	}()
	if _, err := texts(ctx, src, "SELECT count(*) FROM sqlite_schema"); err != nil {
		return err
	}
	b, err := dst.Backup("main", src, "main")
	if err != nil {
		return explain(err)
	}
	err = steps(ctx, b, progress)
	return errors.Join(err, explain(b.Finish()))
}

func steps(ctx context.Context, b *sqlite3.SQLiteBackup, progress Progress) error {
	moved, since := -1, time.Now()
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		done, err := b.Step(stepPages)
		if err != nil {
			return explain(err)
		}
		total := b.PageCount()
		left := b.Remaining()
		progress.tell(total-left, total)
		if done {
			return nil
		}
		if left != moved {
			moved, since = left, time.Now()
			continue
		}
		if time.Since(since) > stuck {
			return ErrLocked
		}
		time.Sleep(10 * time.Millisecond) // whoever has it locked is another process
	}
}

// newTemporary makes an empty file beside path, for our user only; keep puts
// it in path's place and drop removes it.
func newTemporary(path string) (temporary string, err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return "", err
	}
	return f.Name(), f.Close() // mode 0600
}

// keep gives a finished file its name, and returns when a power cut could not
// take it away any more.
func keep(temporary, path string) error {
	if err := syncFile(temporary); err != nil {
		return err
	}
	if err := os.Rename(temporary, path); err != nil {
		return err
	}
	return syncFile(filepath.Dir(path))
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// besides are the files that SQLite keeps beside a database.
func besides(path string) []string { return []string{path + "-wal", path + "-shm", path + "-journal"} }

func drop(path string) {
	for _, name := range append(besides(path), path) {
		_ = os.Remove(name)
	}
}
