package gajim

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

//go:embed driver.py
var driver string

//go:embed profile.py
var profile string

// python is Debian's, which has Debian's modules.
const python = "/usr/bin/python3"

// Options describe whose Gajim it is, and where.
type Options struct {
	Dir      string // its own directory, short enough for a socket in it
	JID      string
	Password string
	Addr     string // of the server, host:port; without TLS
	Title    string // of the account
	Time     string // what stands beside every message instead of its time
}

// Client is a running Gajim.
type Client struct {
	socket  string
	display *display
	bus     *lab.Program // D-Bus
	gajim   *lab.Program
}

// errWrong is wrapped by what the driver says.
var errWrong = errors.New("gajim")

// Start starts Gajim on a display of its own and returns when it is online.
func Start(ctx context.Context, o Options) (*Client, error) {
	if err := writeProfile(ctx, o); err != nil {
		return nil, err
	}
	c := &Client{socket: filepath.Join(o.Dir, "driver")}
	err := c.start(ctx, o.Dir)
	if err == nil {
		err = c.Until(ctx, "being online", func() (bool, error) {
			var online bool
			err := c.Ask(ctx, &online, "connected")
			return online, err
		})
	}
	if err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// start starts the display, a bus, and Gajim.
func (c *Client) start(ctx context.Context, dir string) (err error) {
	if c.display, err = openDisplay(ctx, dir); err != nil {
		return err
	}
	bus := "" // its address
	c.bus, bus, err = startSaying(ctx, dir, "dbus-daemon", "--session", "--nofork", "--address=unix:path="+filepath.Join(dir, "bus"), "--print-address=3")
	if err != nil {
		return err
	}
	home := "=" + filepath.Join(dir, "home")
	c.gajim, err = lab.StartProgram(lab.ProgramOptions{Dir: dir, Log: filepath.Join(dir, "gajim.log"), Env: []string{
		"DISPLAY=" + c.display.name, "HOME" + home, "XDG_CONFIG_HOME" + home, "XDG_DATA_HOME" + home, "XDG_CACHE_HOME" + home,
		"GDK_BACKEND=x11", "GTK_THEME=Adwaita", "NO_AT_BRIDGE=1", "LIBGL_ALWAYS_SOFTWARE=1", "LANG=C.UTF-8", "LANGUAGE=en",
		"DBUS_SESSION_BUS_ADDRESS=" + bus, "PYTHONDONTWRITEBYTECODE=1",
	}}, python, filepath.Join(dir, "driver.py"), c.socket, "-s", "-c", filepath.Join(dir, "profile"))
	return err
}

func writeProfile(ctx context.Context, o Options) error {
	host, portText, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return fmt.Errorf("start gajim: %w", err)
	}
	port, err := strconv.Atoi(portText)
	if err != nil {
		return fmt.Errorf("start gajim: %w", err)
	}
	settings, err := json.Marshal(map[string]any{"jid": o.JID, "password": o.Password, "host": host, "port": port, "title": o.Title, "time": o.Time})
	if err != nil {
		return fmt.Errorf("start gajim: %w", err)
	}
	if err := os.WriteFile(filepath.Join(o.Dir, "driver.py"), []byte(driver), 0o600); err != nil {
		return fmt.Errorf("start gajim: %w", err)
	}
	cmd := exec.CommandContext(ctx, python, "-c", profile, filepath.Join(o.Dir, "profile"))
	cmd.Stdin = bytes.NewReader(settings)
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("write profile of gajim: %w\n%s", err, said)
	}
	return nil
}

// Ask has the driver do what it is told and decodes what it says into result,
// which may be nil.
func (c *Client) Ask(ctx context.Context, result any, do string, with ...any) error {
	if with == nil {
		with = []any{}
	}
	request, err := json.Marshal(map[string]any{"do": do, "with": with})
	if err != nil {
		return fmt.Errorf("ask gajim to %s: %w", do, err)
	}
	answer := struct {
		Is    json.RawMessage `json:"is"`
		Wrong string          `json:"wrong"`
	}{}
	if err := c.exchange(ctx, append(request, '\n'), &answer); err != nil {
		return fmt.Errorf("ask gajim to %s: %w", do, err)
	}
	switch {
	case answer.Wrong != "":
		return fmt.Errorf("%w: %s: %s", errWrong, do, answer.Wrong)
	case result == nil:
		return nil
	}
	return json.Unmarshal(answer.Is, result)
}

// Do is Ask for what has no answer.
func (c *Client) Do(ctx context.Context, do string, with ...any) error {
	return c.Ask(ctx, nil, do, with...)
}

func (c *Client) exchange(ctx context.Context, request []byte, answer any) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "unix", c.socket)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Now()) })
	defer stop()
	if _, err := conn.Write(request); err != nil {
		return err
	}
	return json.NewDecoder(conn).Decode(answer)
}

// Until asks until ready is true, see [lab.Program.Until].
func (c *Client) Until(ctx context.Context, what string, ready func() (bool, error)) error {
	return c.gajim.Until(ctx, what, ready)
}

// Stop ends Gajim, its bus and its display.
func (c *Client) Stop() error {
	var errs []error
	for _, p := range []*lab.Program{c.gajim, c.bus} {
		if p != nil {
			errs = append(errs, p.Stop())
		}
	}
	if c.display != nil {
		errs = append(errs, c.display.close())
	}
	return errors.Join(errs...)
}
