package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/directory"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/lists"
	"github.com/rollcall-xmpp/rollcall/store"
)

func (l *look) store(ctx context.Context) {
	path, ok := strings.CutPrefix(l.cfg.Store.URL, "sqlite:")
	if !ok || path == ":memory:" {
		l.note("store", "the store is in memory", "Everything is forgotten when the service ends.")
		return
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		if err := makeable(path); err != nil {
			l.bad("store", "the database cannot be made: "+err.Error(), "The service does not start.")
			return
		}
		l.good("store", path+" will be made")
		return
	}
	report, err := store.Verify(ctx, path, nil)
	switch {
	case errors.Is(err, store.ErrNewer):
		l.bad("store", err.Error(), "The service does not start. Install the version that wrote it, or restore a backup: rollcall restore")
	case err != nil:
		l.bad("store", err.Error(), "The service does not start, or does not last. rollcall verify tells more, rollcall restore brings a backup back.")
	case othersMayRead(path):
		l.bad("store", "everybody on this machine may read "+path, "Who is in which group is nobody's business: chmod o-r "+path)
	default:
		// SQLite keeps files beside the database, so its directory counts.
		if err := makeable(path); err != nil {
			l.bad("store", "the database cannot be written: "+err.Error(), "The service does not start.")
			return
		}
		l.good("store", fmt.Sprintf("%s is sound: schema %d, %s, %s", path, report.Schema, count(report.Groups, "group"), count(report.Members, "member")))
	}
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func (l *look) socket() {
	path := l.cfg.Admin.Socket
	if l.running {
		l.good("socket", "the service runs and answers at "+path)
		return
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) == "/run" {
		l.note("socket", "there is no directory "+dir+" yet", "Systemd makes it when it starts the service (RuntimeDirectory in the unit).")
		return
	}
	if err := makeable(path); err != nil {
		l.bad("socket", "the admin socket cannot be made: "+err.Error(), "The service does not start.")
		return
	}
	l.good("socket", "the admin socket will be "+path)
}

func (l *look) http(ctx context.Context) {
	addr := l.cfg.HTTP.Listen
	if addr == "" || l.running {
		return
	}
	listener, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		l.bad("http", "nobody can listen at http.listen: "+err.Error(),
			`Another program has that port: write another one below [http], or listen = "" for none.`)
		return
	}
	_ = listener.Close()
	l.good("http", addr+" is free for metrics and health")
}

// directory looks at what the service needs to ask a directory. Whether that
// answers, the doctor finds out.
func (l *look) directory(s *config.Source) {
	const stay = "Its groups stay as they were last."
	if s.PasswordFile != "" {
		if _, err := config.ReadSecret(s.PasswordFile); err != nil {
			l.bad("sources", fmt.Sprintf("source %s: the password: %v", s.Name, err), stay)
			return
		}
		if othersMayRead(s.PasswordFile) {
			l.bad("sources", fmt.Sprintf("source %s: everybody on this machine may read %s", s.Name, s.PasswordFile), "Take it from them: chmod o-r "+s.PasswordFile)
			return
		}
	}
	if _, err := directory.Authorities(s.CAFile); err != nil {
		l.bad("sources", fmt.Sprintf("source %s: %v", s.Name, err), stay)
		return
	}
	if s.TLS == config.LDAPOff {
		l.note("sources", fmt.Sprintf("source %s: what %s tells is not encrypted, nor is the password", s.Name, s.URL), `If the way there leaves this machine, take tls = "off" away.`)
	}
	l.good("sources", fmt.Sprintf("source %s: the ldap at %s, which rollcall doctor asks", s.Name, s.URL))
}

// sources looks at the files that keep groups. Others are asked by the service.
func (l *look) sources() {
	for i := range l.cfg.Sources {
		s := &l.cfg.Sources[i]
		if s.Kind == config.SourceLDAP {
			l.directory(s)
			continue
		}
		if s.Kind != config.SourceFile {
			l.good("sources", fmt.Sprintf("source %s: the %s at %s, which is asked by the running service (rollcall status)", s.Name, s.Kind, s.Address))
			continue
		}
		data, err := os.ReadFile(s.Path)
		if err != nil {
			l.bad("sources", fmt.Sprintf("source %s: %v", s.Name, err), "Its groups stay as they were last.")
			continue
		}
		groups, err := lists.Read(s.Path, data)
		if err != nil {
			l.bad("sources", fmt.Sprintf("source %s: %s: %v", s.Name, s.Path, err), "Its groups stay as they were last.")
			continue
		}
		l.good("sources", fmt.Sprintf("source %s: %s has %s", s.Name, s.Path, count(len(groups), "group")))
	}
}
