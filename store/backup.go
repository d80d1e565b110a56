package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/mattn/go-sqlite3"
)

// Progress is told how far long work has come; nil is nobody. What is counted
// depends on the work, and total may change on the way.
type Progress func(done, total int)

func (p Progress) tell(done, total int) {
	if p != nil {
		p(done, total)
	}
}

// Backup writes what the store at url holds at this moment to a new file at
// path (mode 0600), checks it (see [Verify]) and returns what is in it. The
// store may be in use; nobody waits for the backup. progress counts pages. The
// file appears at path when it is complete, never before. fs.ErrExist, ErrFull
// and what Verify says.
func Backup(ctx context.Context, url, path string, progress Progress) (*Report, error) {
	file, err := fileOf(url)
	if err != nil {
		return nil, fmt.Errorf("back up store %w", err)
	}
	if _, err := os.Lstat(path); err == nil {
		return nil, fmt.Errorf("back up store to %s: %w", path, fs.ErrExist)
	}
	report, err := copyFile(ctx, file, path, progress)
	if err != nil {
		return nil, fmt.Errorf("back up store %s to %s: %w", file, path, err)
	}
	return report, nil
}

// copyFile makes path a checked copy of the database from, in one piece.
func copyFile(ctx context.Context, from, path string, progress Progress) (*Report, error) {
	src, err := openSource(from)
	if err != nil {
		return nil, err
	}
	defer src.Close()
	temporary, err := newTemporary(path)
	if err != nil {
		return nil, err
	}
	defer drop(temporary)
	if err := copyTo(ctx, temporary, src, progress); err != nil {
		return nil, err
	}
	report, err := verify(ctx, temporary, nil)
	if err != nil {
		return nil, err
	}
	return report, keep(temporary, path)
}

func copyTo(ctx context.Context, path string, src *sqlite3.SQLiteConn, progress Progress) (err error) {
	dst, err := openFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dst.Close()) }()
	if err := copyPages(ctx, dst, src, progress); err != nil {
		return err
	}
	// One file that is complete in itself, whoever copies it.
	_, err = dst.Exec("PRAGMA journal_mode = DELETE", nil)
	return explain(err)
}

// Restore puts the backup at path in the place of the store at url, after it
// was checked and brought up to date. What was there is kept beside it, under
// the name that is returned ("" = nothing was there). The service must not
// run: ErrLocked. ErrNewer, ErrCorrupt; then nothing has changed. progress
// counts pages.
func Restore(ctx context.Context, url, path string, progress Progress) (kept string, report *Report, err error) {
	file, err := fileOf(url)
	if err != nil {
		return "", nil, fmt.Errorf("restore store %w", err)
	}
	kept, report, err = restore(ctx, file, path, progress)
	if err != nil {
		return "", nil, fmt.Errorf("restore store %s from %s: %w", file, path, err)
	}
	return kept, report, nil
}

func restore(ctx context.Context, file, path string, progress Progress) (kept string, report *Report, err error) {
	if err := alone(file); err != nil {
		return "", nil, err
	}
	src, err := openSource(path)
	if err != nil {
		return "", nil, err
	}
	defer src.Close()
	temporary, err := newTemporary(file)
	if err != nil {
		return "", nil, err
	}
	defer drop(temporary)
	if err := copyTo(ctx, temporary, src, progress); err != nil {
		return "", nil, err
	}
	if _, err := verify(ctx, temporary, nil); err != nil {
		return "", nil, err
	}
	if err := modernise(ctx, temporary); err != nil {
		return "", nil, err
	}
	if report, err = verify(ctx, temporary, nil); err != nil {
		return "", nil, err
	}
	if kept, err = setAside(file); err != nil {
		return "", nil, err
	}
	return kept, report, keep(temporary, file)
}

// modernise brings a file that nobody uses to our schema.
func modernise(ctx context.Context, path string) error {
	s, err := openSQLiteWith(ctx, path, false)
	if err != nil {
		return err
	}
	return s.Close()
}

// alone says whether nobody has the file open: ErrLocked. Then the file is
// complete without what may have stood beside it. One that is no database (any
// more) cannot be in use by us either.
func alone(file string) (err error) {
	c, err := openFile(file, "_locking_mode", "EXCLUSIVE", "_busy_timeout", "0")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer func() { err = errors.Join(err, c.Close()) }()
		_, err = c.Exec("BEGIN EXCLUSIVE; COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", nil)
		err = explain(err)
	}
	if errors.Is(err, ErrCorrupt) {
		return nil
	}
	return err
}

// setAside gives a file another name, with what stands beside it.
func setAside(file string) (kept string, err error) {
	if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	kept = file + "." + time.Now().UTC().Format("20060102T150405.000Z")
	for _, suffix := range []string{"-wal", "-shm", "-journal", ""} {
		if err := os.Rename(file+suffix, kept+suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", err
		}
	}
	return kept, nil
}
