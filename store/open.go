package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

const inMemory = ":memory:"

// Open opens the store at url, makes it if it is missing, and brings its
// schema up to date; a file is copied beside itself before that (see
// [Backup]'s manual). A relative file name is relative to the working
// directory. ErrURL, ErrNewer, ErrFull, ErrReadOnly, ErrLocked, ErrCorrupt, and
// whatever the operating system says.
func Open(ctx context.Context, url string) (roster.Store, error) {
	path, err := pathOf(url)
	if err != nil {
		return nil, fmt.Errorf("open store %w", err)
	}
	s, err := openSQLite(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, explain(err))
	}
	return s, nil
}

// pathOf is what url says behind its scheme. ErrURL.
func pathOf(url string) (path string, err error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" {
		scheme, _, _ := strings.Cut(url, ":") // what follows may hold a password
		return "", fmt.Errorf("%q: %w", scheme+":", ErrURL)
	}
	return path, nil
}

// fileOf is pathOf for what can only be done to a file.
func fileOf(url string) (path string, err error) {
	path, err = pathOf(url)
	if err == nil && path == inMemory {
		err = fmt.Errorf("%s: %w", url, errMemory)
	}
	return path, err
}
