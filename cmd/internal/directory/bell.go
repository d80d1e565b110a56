package directory

import (
	"context"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// bell rings when something has changed.
type bell struct {
	rung chan struct{} // holds a token
	over chan struct{} // closed when it rings no more
}

func newBell() *bell { return &bell{rung: make(chan struct{}, 1), over: make(chan struct{})} }

func (b *bell) ring() {
	select {
	case b.rung <- struct{}{}:
	default:
	}
}

// hush forgets what has been rung for: it is about to be read.
func (b *bell) hush() {
	select {
	case <-b.rung:
	default:
	}
}

// listen has the directory tell what changes (RFC 4533 §3.4), on a connection
// of its own. What exactly is not asked for: it is read, like the rest. since is
// the stamp of what is known.
func (d *Directory) listen(ctx context.Context, b *bell, since string) {
	defer close(b.over)
	c, err := d.connect(ctx)
	if err != nil {
		return
	}
	defer c.close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	c.SetTimeout(0) // the answer never ends
	var cookie []byte
	if csn, is := strings.CutPrefix(since, "csn="); is { // OpenLDAP's; without it everything that there is comes first
		cookie = []byte("rid=000,csn=" + csn)
	}
	const nothing = "1.1" // no attributes
	told := c.Syncrepl(ctx, ldap.NewSearchRequest(d.cfg.Base, ldap.ScopeWholeSubtree, ldap.NeverDerefAliases, 0, 0, false,
		"(|"+d.cfg.Groups+d.cfg.People+")", []string{nothing}, nil), 1, ldap.SyncRequestModeRefreshAndPersist, cookie, false)
	for told.Next() {
		c.meter.fill(maxChat, maxChat)
		if told.Entry() != nil || news(told.Controls()) {
			b.ring()
		}
	}
}

// news says whether a message that is no entry tells of some.
func news(controls []ldap.Control) bool {
	for _, c := range controls {
		if info, ok := c.(*ldap.ControlSyncInfo); ok && info.Value == ldap.SyncInfoSyncIdSet {
			return true
		}
	}
	return false
}
