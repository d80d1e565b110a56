package terminal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

const poezioConfig = `[Poezio]
jid = %s/poezio
password = %s
custom_host = %s
custom_port = %s
force_encryption = false
ignore_certificate = true
use_bookmarks_method = local
rooms =
lang = en
beep_on =
use_log = false
log_errors = false
show_roster_jids = true
roster_show_offline = true
show_timestamps = false
enable_css = false
plugins_autoload =
`

// poezioAsAnybody starts Poezio, which does not start as root otherwise.
const poezioAsAnybody = `import os, sys
real = os.geteuid
os.geteuid = lambda: real() or 1000
sys.argv[0] = 'poezio'
from poezio.poezio import main
main()`

// Poezio starts Poezio and returns when it is online.
func Poezio(ctx context.Context, o Options) (*Terminal, error) {
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, fmt.Errorf("start poezio: %w", err)
	}
	config := filepath.Join(o.Dir, "config", "poezio")
	err = errors.Join(os.MkdirAll(config, 0o700),
		os.WriteFile(filepath.Join(config, "poezio.cfg"), fmt.Appendf(nil, poezioConfig, o.JID, o.Password, host, port), 0o600))
	if err != nil {
		return nil, fmt.Errorf("start poezio: %w", err)
	}
	t, err := open(ctx, o.Dir, environment(o.Dir), "/usr/bin/python3", "-c", poezioAsAnybody)
	if err != nil {
		return nil, err
	}
	t.byKey = true
	if err := t.Shows(ctx, "Authentication success"); err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return t, nil
}
