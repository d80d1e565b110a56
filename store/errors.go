package store

import (
	"errors"
	"fmt"
	"syscall"

	"github.com/mattn/go-sqlite3"
)

// The reasons why a store does not open or no longer answers.
var (
	ErrURL    = errors.New("store url must be sqlite:FILE, or sqlite::memory: for tests")
	ErrNewer  = errors.New("the store was written by a newer version of rollcall")
	ErrClosed = errors.New("store is closed")
)

// errMemory: there is nothing on disk to work on.
var errMemory = errors.New("the store is in memory only")

// What the disk or another process may do to a file that was opened. A write
// that fails so has changed nothing, and the next one may succeed.
var (
	ErrFull     = errors.New("no space is left for the store")
	ErrReadOnly = errors.New("the store cannot be written")
	ErrLocked   = errors.New("another process has locked the store")
	ErrCorrupt  = errors.New("the store is damaged")
)

// explain puts before an error of SQLite which of ours it is.
func explain(err error) error {
	if ours := sentinel(err); ours != nil && !errors.Is(err, ours) {
		return fmt.Errorf("%w: %w", ours, err)
	}
	return err
}

// sentinel is which of our errors err is by SQLite's code, nil for none.
func sentinel(err error) error {
	var of sqlite3.Error
	if !errors.As(err, &of) {
		return nil
	}
	switch of.SystemErrno { // SQLite itself knows the first of them only
	case syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG:
		return ErrFull
	case syscall.EROFS:
		return ErrReadOnly
	}
	switch of.Code {
	case sqlite3.ErrFull:
		return ErrFull
	case sqlite3.ErrReadonly, sqlite3.ErrPerm:
		return ErrReadOnly
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return ErrLocked
	case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
		return ErrCorrupt
	}
	return nil
}
