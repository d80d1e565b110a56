package directory

import (
	"context"
	"strings"
	"sync"

	"github.com/go-ldap/ldap/v3"
)

// bell rings when something has changed.
type bell struct {
	rung  chan struct{} // holds a token
	ready chan struct{} // closed when what was before is done with
	over  chan struct{} // closed when it rings no more
}

func newBell() *bell {
	return &bell{rung: make(chan struct{}, 1), ready: make(chan struct{}), over: make(chan struct{})}
}

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
	ready := sync.OnceFunc(func() { close(b.ready) })
	for told.Next() {
		c.meter.fill(maxChat, maxChat)
		news, done := told.Entry() != nil, false
		for _, control := range told.Controls() {
			if info, ok := control.(*ldap.ControlSyncInfo); ok {
				news = news || info.Value == ldap.SyncInfoSyncIdSet
				done = done || info.RefreshDelete != nil && info.RefreshDelete.RefreshDone || info.RefreshPresent != nil && info.RefreshPresent.RefreshDone
			}
		}
		if news {
			b.ring()
		}
		if done {
			ready()
		}
	}
}
