package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// password is everybody's: the server listens on loopback only.
const password = "secret"

// world is a private server with `rollcall run` beside it, in a directory of
// their own.
type world struct {
	dir     string
	program string
	server  lab.Server
	service *lab.Program
	web     string // address of the server's WebSocket, "" where there is none
	people  []*lab.Client
}

const worldConfig = `domain = %q
[server]
address = %q
secret = %q
[http]
listen = ""
[log]
level = "debug"
`

// newWorld starts a server of the kind, such as `prosody`, and the service.
func newWorld(ctx context.Context, program, kind string) (*world, error) {
	dir, err := os.MkdirTemp("", "rollcall-")
	if err != nil {
		return nil, fmt.Errorf("make directory: %w", err)
	}
	w := &world{dir: dir, program: program}
	if err = w.startServer(ctx, kind); err == nil {
		err = w.startService(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) startServer(ctx context.Context, kind string) (err error) {
	o := lab.Options{Dir: filepath.Join(w.dir, kind)}
	if kind == "ejabberd" {
		w.server, err = lab.StartEjabberd(ctx, o)
		return err
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	o.Extra.Global = fmt.Sprintf("http_ports = { %s }\nhttp_interfaces = { \"127.0.0.1\" }\nconsider_websocket_secure = true\ncross_domain_websocket = true\n", port)
	o.Extra.Host = "http_host = \"localhost\"\nmodules_enabled = { \"websocket\" }"
	w.web = "ws://localhost:" + port + "/xmpp-websocket"
	w.server, err = lab.StartProsody(ctx, o)
	return err
}

func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a port: %w", err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}

func (w *world) startService(ctx context.Context) error {
	config := filepath.Join(w.dir, "rollcall.toml")
	text := fmt.Sprintf(worldConfig, w.server.ComponentDomain(), w.server.ComponentAddr(), w.server.Secret())
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return fmt.Errorf("configure rollcall: %w", err)
	}
	var err error
	w.service, err = lab.StartProgram(lab.ProgramOptions{Dir: w.dir, Log: filepath.Join(w.dir, "rollcall.log")}, w.program, "run", "-config", config)
	if err != nil {
		return err
	}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, err = w.rollcall(ctx, "group", "list"); err == nil {
			return nil
		}
		select {
		case <-w.service.Done():
			return fmt.Errorf("start rollcall: it has ended\n%s", w.service.LastWords())
		case <-ctx.Done():
			return fmt.Errorf("start rollcall: %w", errors.Join(context.Cause(ctx), err))
		case <-tick.C:
		}
	}
}

// rollcall runs one command of an admin and returns what it said.
func (w *world) rollcall(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, w.program, append(args, "-config", filepath.Join(w.dir, "rollcall.toml"))...)
	said, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("rollcall %s: %w: %s", strings.Join(args, " "), err, said)
	}
	return string(said), nil
}

// person logs somebody in who is no client under test: he lets himself be seen
// by whoever asks, and is available.
func (w *world) person(ctx context.Context, name string) (other, error) {
	if err := w.server.AddUser(ctx, name, password); err != nil {
		return other{}, err
	}
	p, err := lab.Login(ctx, w.server, name, password, "phone", lab.ClientOptions{Requests: lab.Approve})
	if err != nil {
		return other{}, err
	}
	w.people = append(w.people, p)
	return other{p}, p.Online(ctx)
}

// party has Anna in a group of hers, `team`, that others may join.
func (w *world) party(ctx context.Context) (other, error) {
	anna, err := w.person(ctx, "anna")
	if err != nil {
		return other{}, err
	}
	err = inOrder(
		func() error {
			return anna.asks(ctx, w.server.ComponentDomain(), "create team The Team", w.group("team"))
		},
		func() error { return anna.asks(ctx, w.group("team"), "nick Anna", "you are called Anna") },
		func() error { return anna.Send("<presence type='subscribe' to='" + w.group("team") + "'/>") },
		func() error { return anna.hears(ctx, "presence", "1 of 1 available: Anna") },
	)
	return anna, err
}

func (w *world) jid(user string) string   { return user + "@" + w.server.Host() }
func (w *world) group(name string) string { return name + "@" + w.server.ComponentDomain() }
func (w *world) room(name string) string  { return filepath.Join(w.dir, name) }

// close ends all there is and removes the directory.
func (w *world) close() error {
	var errs []error
	for _, p := range w.people {
		p.Drop()
	}
	if w.service != nil {
		errs = append(errs, w.service.Stop())
	}
	if w.server != nil {
		errs = append(errs, w.server.Stop())
	}
	return errors.Join(append(errs, os.RemoveAll(w.dir))...)
}
