package main

import (
	"fmt"
	"io"
	"os"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
)

// readPicture reads a group's picture; no name is no picture. What the service
// would refuse is refused here, with the file's name.
func readPicture(name string) ([]byte, error) {
	if name == "" {
		return []byte{}, nil
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, avatar.MaxSize+1))
	if err != nil {
		return nil, fmt.Errorf("read picture: %w", err)
	}
	if len(data) > avatar.MaxSize {
		return nil, fmt.Errorf("read picture: %s has more than %d KiB: make it smaller, 256 × 256 pixels are enough", name, avatar.MaxSize>>10)
	}
	if _, err := avatar.Inspect(data); err != nil {
		return nil, fmt.Errorf("read picture: %s %w", name, err)
	}
	return data, nil
}
