package terminal

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// Options describe whose client it is, and where.
type Options struct {
	Dir      string // its own directory, short enough for a socket in it
	JID      string
	Password string
	Addr     string // of the server, host:port; without TLS
}

// Size of the terminal.
const (
	columns = "150"
	rows    = "36"
	above   = "-500" // lines of what scrolled away that are still read
)

// Terminal is a client in a terminal.
type Terminal struct {
	socket string
	tmux   *lab.Program
	byKey  bool // what is typed fast would be taken for something pasted
}

// open starts tmux, which stays in our hands, and a program in it. When tmux
// ends, however it ends, the kernel ends the program.
func open(ctx context.Context, dir string, env []string, program ...string) (*Terminal, error) {
	t := &Terminal{socket: filepath.Join(dir, "tmux")}
	var err error
	t.tmux, err = lab.StartProgram(lab.ProgramOptions{Dir: dir, Log: filepath.Join(dir, "tmux.log")}, "tmux", "-S", t.socket, "-f", "/dev/null", "-D")
	if err != nil {
		return nil, err
	}
	command := append([]string{"setpriv", "--pdeathsig", "KILL", "env"}, append(env, program...)...)
	err = t.tmux.Until(ctx, "the terminal", func() (bool, error) {
		_, err := t.do(ctx, append([]string{"new-session", "-d", "-x", columns, "-y", rows, "--"}, command...)...)
		return err == nil, err
	})
	if err == nil {
		_, err = t.do(ctx, "set-option", "-g", "status", "off", ";", "set-option", "-sg", "escape-time", "0", ";", "set-option", "-g", "remain-on-exit", "on")
	}
	if err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return t, nil
}

// do runs one command of tmux. -N: it must not start a server of its own.
func (t *Terminal) do(ctx context.Context, args ...string) (string, error) {
	said, err := exec.CommandContext(ctx, "tmux", append([]string{"-N", "-S", t.socket}, args...)...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tmux %s: %w: %s", args[0], err, said)
	}
	return string(said), nil
}

// Line types a line and presses Enter.
func (t *Terminal) Line(ctx context.Context, line string) error {
	if !t.byKey {
		_, err := t.do(ctx, "send-keys", "-l", "--", line, ";", "send-keys", "Enter")
		return err
	}
	if err := t.typeSlowly(ctx, line); err != nil {
		return err
	}
	return t.Key(ctx, "Enter")
}

// typeSlowly types a line word by word, and each when the one before is to be
// seen at the prompt. The first character opens the prompt.
func (t *Terminal) typeSlowly(ctx context.Context, line string) error {
	typed := ""
	for _, part := range append([]string{line[:1]}, strings.SplitAfter(line[1:], " ")...) {
		if part == "" {
			continue
		}
		if _, err := t.do(ctx, "send-keys", "-l", "--", part); err != nil {
			return err
		}
		typed += part
		err := t.tmux.Until(ctx, fmt.Sprintf("%q at the prompt", typed), func() (bool, error) {
			screen, err := t.Screen(ctx)
			return prompt(screen) == strings.TrimSpace(typed), err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// prompt is what stands on the last line, right of the list of tabs.
func prompt(screen string) string {
	screen = strings.TrimRight(screen, "\n")
	last := screen[strings.LastIndexByte(screen, '\n')+1:]
	_, right, ok := strings.Cut(last, "│")
	if !ok {
		right = last
	}
	return strings.TrimSpace(right)
}

// Key presses keys, by their names in tmux: Enter, C-y, Down. Where keys must
// not come fast each has to change something on the screen.
func (t *Terminal) Key(ctx context.Context, keys ...string) error {
	if !t.byKey {
		_, err := t.do(ctx, append([]string{"send-keys"}, keys...)...)
		return err
	}
	for _, key := range keys {
		before, err := t.painted(ctx)
		if err != nil {
			return err
		}
		if _, err := t.do(ctx, "send-keys", key); err != nil {
			return err
		}
		err = t.tmux.Until(ctx, "an effect of "+key, func() (bool, error) {
			now, err := t.painted(ctx)
			return now != before, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// painted is the screen with its colours.
func (t *Terminal) painted(ctx context.Context) (string, error) {
	return t.do(ctx, "capture-pane", "-p", "-e")
}

// Screen is what the terminal shows.
func (t *Terminal) Screen(ctx context.Context) (string, error) {
	return t.do(ctx, "capture-pane", "-p")
}

// Shows waits until text is on the screen, or on what scrolled away above it.
// Where the client breaks lines text must have none to break.
func (t *Terminal) Shows(ctx context.Context, text string) error {
	return t.ShowsTimes(ctx, text, 1)
}

// ShowsTimes waits until text is there n times.
func (t *Terminal) ShowsTimes(ctx context.Context, text string, n int) error {
	var all string
	err := t.tmux.Until(ctx, fmt.Sprintf("%q", text), func() (bool, error) {
		now, err := t.do(ctx, "capture-pane", "-p", "-S", above)
		if err == nil {
			all = now
		}
		return strings.Count(now, text) >= n, err
	})
	if err != nil {
		return fmt.Errorf("%w; there is\n%s", err, strings.TrimSpace(all))
	}
	return nil
}

// Stop ends the client and its terminal.
func (t *Terminal) Stop() error { return t.tmux.Stop() }
