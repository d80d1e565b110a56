package terminal

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
)

// profanityUI shows what a person who uses groups switches on: the status
// beside a contact.
const profanityUI = `[ui]
splash=false
beep=false
roster=true
roster.offline=true
roster.empty=true
roster.resource=true
roster.presence=true
roster.status=true
statuses.console=all
statuses.chat=all
wintitle.show=false
time.console=off
time.chat=off
[logging]
chlog=false
`

const profanityAccount = `[%[1]s]
enabled=true
jid=%[1]s
password=%[2]s
server=%[3]s
port=%[4]s
resource=profanity
tls.policy=disable
`

// Profanity starts Profanity and returns when it is online.
func Profanity(ctx context.Context, o Options) (*Terminal, error) {
	host, port, err := net.SplitHostPort(o.Addr)
	if err != nil {
		return nil, fmt.Errorf("start profanity: %w", err)
	}
	config, share := filepath.Join(o.Dir, "config", "profanity"), filepath.Join(o.Dir, "share", "profanity")
	err = errors.Join(os.MkdirAll(config, 0o700), os.MkdirAll(share, 0o700),
		os.WriteFile(filepath.Join(config, "profrc"), []byte(profanityUI), 0o600),
		os.WriteFile(filepath.Join(share, "accounts"), fmt.Appendf(nil, profanityAccount, o.JID, o.Password, host, port), 0o600))
	if err != nil {
		return nil, fmt.Errorf("start profanity: %w", err)
	}
	t, err := open(ctx, o.Dir, environment(o.Dir), "profanity", "-a", o.JID)
	if err != nil {
		return nil, err
	}
	if err := t.Shows(ctx, "logged in successfully"); err != nil {
		return nil, errors.Join(err, t.Stop())
	}
	return t, nil
}

// environment keeps a client in its directory.
func environment(dir string) []string {
	return []string{
		"HOME=" + dir, "XDG_CONFIG_HOME=" + filepath.Join(dir, "config"), "XDG_DATA_HOME=" + filepath.Join(dir, "share"),
		"XDG_CACHE_HOME=" + filepath.Join(dir, "cache"), "LANG=C.UTF-8", "TERM=screen-256color", "PYTHONDONTWRITEBYTECODE=1",
	}
}
