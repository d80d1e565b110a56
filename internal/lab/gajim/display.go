package gajim

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// display is an X server without a screen, and without a window manager:
// windows stand where they ask to stand.
type display struct {
	name string // such as `:1`
	xvfb *lab.Program
}

// openDisplay starts Xvfb on a number that is free.
func openDisplay(ctx context.Context, dir string) (*display, error) {
	xvfb, number, err := startSaying(ctx, dir, "Xvfb", "-displayfd", "3", "-screen", "0", "2100x1000x24", "-dpi", "96", "-nolisten", "tcp", "-noreset")
	if err != nil {
		return nil, fmt.Errorf("open display: %w", err)
	}
	return &display{name: ":" + number, xvfb: xvfb}, nil
}

func (d *display) close() error { return d.xvfb.Stop() }

// startSaying starts a program that says a line on descriptor 3 as soon as it
// can be used: where it is to be found.
func startSaying(ctx context.Context, dir, name string, args ...string) (_ *lab.Program, said string, err error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, "", err
	}
	defer out.Close()
	p, err := lab.StartProgram(lab.ProgramOptions{Dir: dir, Log: filepath.Join(dir, name+".log"), Files: []*os.File{in}}, name, args...)
	_ = in.Close()
	if err != nil {
		return nil, "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = out.Close() })
	defer stop()
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		last := p.LastWords()
		return nil, "", fmt.Errorf("start %s: %w\n%s", name, errors.Join(err, p.Stop()), last)
	}
	return p, strings.TrimSpace(line), nil
}
