package gajim

import (
	"bufio"
	"context"
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

// openDisplay starts Xvfb, which finds a free number and says it as soon as it
// can be used.
func openDisplay(ctx context.Context, dir string) (*display, error) {
	out, in, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("open display: %w", err)
	}
	defer out.Close()
	xvfb, err := lab.StartProgram(lab.ProgramOptions{Dir: dir, Log: filepath.Join(dir, "xvfb.log"), Files: []*os.File{in}},
		"Xvfb", "-displayfd", "3", "-screen", "0", "2100x1000x24", "-dpi", "96", "-nolisten", "tcp", "-noreset")
	_ = in.Close()
	if err != nil {
		return nil, fmt.Errorf("open display: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = out.Close() })
	defer stop()
	number, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		said := xvfb.LastWords()
		_ = xvfb.Stop()
		return nil, fmt.Errorf("open display: %w\n%s", err, said)
	}
	return &display{name: ":" + strings.TrimSpace(number), xvfb: xvfb}, nil
}

func (d *display) close() error { return d.xvfb.Stop() }
