package admin

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"syscall"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
)

// mode lets only the service's own user talk to it.
const mode = 0o600

// maxPath is the longest path that fits into a socket address, sun_path less
// its NUL.
const maxPath = len(syscall.RawSockaddrUnix{}.Path) - 1

// Listen makes the socket at path. One that a crashed service has left behind
// is replaced; if somebody answers on it, that is ErrInUse, and whatever else
// has that name is left alone. Closing the listener removes the socket.
func Listen(path string) (net.Listener, error) {
	if err := checkLength(path); err != nil {
		return nil, fmt.Errorf("open admin socket: %w", err)
	}
	if err := removeStale(path); err != nil {
		return nil, fmt.Errorf("open admin socket: %w", err)
	}
	config := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) error {
		// Linux gives the file the mode of the socket, so that there is no
		// moment in which another user could connect.
		var chmod error
		err := c.Control(func(fd uintptr) { chmod = syscall.Fchmod(int(fd), mode) })
		return errors.Join(err, chmod)
	}}
	l, err := config.Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("open admin socket: %w", err)
	}
	if err := os.Chmod(path, mode); err != nil {
		return nil, errors.Join(fmt.Errorf("open admin socket: %w", err), l.Close())
	}
	return l, nil
}

func checkLength(path string) error {
	if len(path) > maxPath {
		return fmt.Errorf("%s is %d bytes long and the system allows %d: set admin.socket to a shorter path", path, len(path), maxPath)
	}
	return nil
}

func removeStale(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return fmt.Errorf("%s is there and is no socket: remove it or set admin.socket to another path", path)
	}
	conn, err := net.DialTimeout("unix", path, time.Second)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("%w and answers on %s: stop it first, or give this one another socket, store and domain", ErrInUse, path)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err // a busy service rather than none
	}
	return os.Remove(path)
}

// Serve serves h on l until ctx ends, then lets running requests finish for a
// moment. It closes l.
func Serve(ctx context.Context, l net.Listener, h http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      time.Minute, // the store's own time-outs are shorter
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnContext:       func(ctx context.Context, c net.Conn) context.Context { return audit.By(ctx, actor(c)) },
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelError),
	}
	ended := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		if err := s.Shutdown(grace); err != nil {
			err = errors.Join(err, s.Close())
			ended <- fmt.Errorf("stop admin socket: %w", err)
			return
		}
		ended <- nil
	})
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		stop()
		return fmt.Errorf("serve admin socket: %w", err)
	}
	return <-ended
}
