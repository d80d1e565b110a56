package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// The reasons why a store does not open or no longer answers.
var (
	ErrURL    = errors.New("store url must be sqlite:FILE or sqlite::memory:")
	ErrNewer  = errors.New("the store was written by a newer version of rollcall")
	ErrClosed = errors.New("store is closed")
)

// Open opens the store at url, makes it if it is missing, and brings its
// schema up to date. A relative file name is relative to the working
// directory. ErrURL, ErrNewer, and whatever the operating system says.
func Open(ctx context.Context, url string) (roster.Store, error) {
	path, ok := strings.CutPrefix(url, "sqlite:")
	if !ok || path == "" {
		scheme, _, _ := strings.Cut(url, ":")
		return nil, fmt.Errorf("open store %q: %w", scheme+":", ErrURL)
	}
	s, err := openSQLite(ctx, path)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return s, nil
}
