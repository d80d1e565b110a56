package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/config"
)

const liveConfig = "domain = \"groups.example.org\"\n[server]\nsecret_file = \"secret\"\n"

// newTestLive is a configuration in force, and what is logged.
func newTestLive(t *testing.T, b *bench, log *bytes.Buffer) *live {
	t.Helper()
	b.write("secret", "hunter2\n")
	b.write("rollcall.toml", liveConfig)
	cfg, err := config.Load(filepath.Join(b.dir, "rollcall.toml"))
	if err != nil {
		t.Fatal(err)
	}
	l, err := newLive(cfg, func(string) string { return "" }, log)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestReload(t *testing.T) {
	b := newBench(t)
	var log bytes.Buffer
	l := newTestLive(t, b, &log)
	child := l.log.With("part", "child").WithGroup("more")
	said := func() string {
		text := strings.ReplaceAll(log.String(), b.dir, "DIR")
		log.Reset()
		return text
	}
	child.Debug("unheard")
	same(t, said(), "")

	b.write("rollcall.toml", "domain = \"other.example.org\"\n[server]\nsecret = \"hunter3\"\n[admin]\njids = [\"boss@example.org\"]\n[log]\nlevel = \"debug\"\nformat = \"json\"\n")
	l.reload()
	text := said()
	for _, want := range []string{
		`"msg":"configuration needs a restart","key":"domain","old":"groups.example.org","new":"other.example.org"}`,
		`"msg":"configuration changed","key":"server.secret_file","old":"DIR/secret","new":""}`,
		`"msg":"configuration changed","key":"server.secret","old":"[secret]","new":"[secret]"}`,
		`"msg":"configuration changed","key":"admin.jids","old":"","new":"…@example.org"}`,
		`"msg":"configuration changed","key":"log.level","old":"info","new":"debug"}`,
		`"msg":"configuration changed","key":"log.format","old":"text","new":"json"}`,
		`"changes":6}`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("%s\nis not in\n%s", want, text)
		}
	}
	if strings.Contains(text, "hunter") {
		t.Errorf("a secret shows: %s", text)
	}
	if c := l.config(); c.Domain != "groups.example.org" || len(c.Admin.JIDs) != 1 {
		t.Errorf("in force: %+v", c)
	}
	if s, err := l.currentSecret(); err != nil || string(s) != "hunter3" {
		t.Errorf("secret %q, %v", s, err)
	}
	child.Debug("heard", "x", 1)
	if text := said(); !strings.Contains(text, `"level":"DEBUG","msg":"heard","part":"child","more":{"x":1}}`) {
		t.Errorf("said %s", text)
	}

	b.write("rollcall.toml", "domain = 5\n")
	l.reload()
	if text := said(); !strings.Contains(text, "DIR/rollcall.toml:1: domain: must be text") || !strings.Contains(text, "not reloaded") {
		t.Errorf("said %s", text)
	}
	if c := l.config(); c.Log.Level != slog.LevelDebug {
		t.Errorf("a bad file changed something: %+v", c)
	}
}

// A secret that is changed in its file counts from the next attempt; one that
// is gone for a moment does not end the service.
func TestSecretAnew(t *testing.T) {
	b := newBench(t)
	var log bytes.Buffer
	l := newTestLive(t, b, &log)
	b.write("secret", "louder")
	if s, err := l.currentSecret(); err != nil || string(s) != "louder" {
		t.Errorf("secret %q, %v", s, err)
	}
	if err := os.Remove(filepath.Join(b.dir, "secret")); err != nil {
		t.Fatal(err)
	}
	if s, err := l.currentSecret(); err != nil || string(s) != "louder" {
		t.Errorf("secret %q, %v", s, err)
	}
	if !strings.Contains(log.String(), "secret not read") {
		t.Errorf("said %s", log.String())
	}
}

func TestPlainLink(t *testing.T) {
	for address, loud := range map[string]bool{"127.0.0.1:5347": false, "[::1]:5347": false, "192.0.2.1:5347": true} {
		for _, secured := range []bool{false, true} {
			var log bytes.Buffer
			cfg := &config.Config{Server: config.Server{Address: address, TLS: secured}}
			warnOfPlainLink(t.Context(), cfg, newLog(&log, config.Log{}))
			if said := strings.Contains(log.String(), "NOT ENCRYPTED"); said != (loud && !secured) {
				t.Errorf("%s, TLS %v: %s", address, secured, log.String())
			}
		}
	}
}

// Systemd hears that we are ready, that we live while we do, and that we stop.
func TestNotify(t *testing.T) {
	dir, err := os.MkdirTemp("", "rollcall-") // TempDir's names are too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))
	t.Setenv("WATCHDOG_USEC", "20000")
	t.Setenv("WATCHDOG_PID", "")
	hear := func() string {
		b := make([]byte, 256)
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		n, err := conn.Read(b)
		if err != nil {
			t.Fatal(err)
		}
		return string(b[:n])
	}
	ctx, cancel := context.WithCancel(t.Context())
	sick := make(chan struct{})
	asked := make(chan struct{}, 1)
	ended := make(chan error, 1)
	go func() {
		ended <- notify(ctx, "serving x", func(context.Context) error {
			select {
			case <-sick:
				select {
				case asked <- struct{}{}:
				default:
				}
				return errors.New("sick")
			default:
				return nil
			}
		})
	}()
	same(t, hear(), "READY=1\nSTATUS=serving x")
	same(t, hear(), "WATCHDOG=1")
	same(t, hear(), "WATCHDOG=1")
	close(sick)
	<-asked // what was said before the sickness has been said
	for drained := false; !drained; {
		if err := conn.SetReadDeadline(time.Unix(1, 0)); err != nil {
			t.Fatal(err)
		}
		_, err := conn.Read(make([]byte, 256))
		drained = err != nil
	}
	<-asked
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	same(t, hear(), "STOPPING=1")
	t.Setenv("NOTIFY_SOCKET", "")
	if err := notify(t.Context(), "x", nil); err != nil {
		t.Errorf("without systemd: %v", err)
	}
}
