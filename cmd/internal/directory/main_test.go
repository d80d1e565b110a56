package directory

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ear is a sink that remembers.
type ear struct {
	mu     sync.Mutex
	groups map[string]string // as text
	told   map[string]int
	lost   map[string]string
	only   string
	back   int
	news   chan struct{}
	fails  error
}

func newEar() *ear {
	return &ear{groups: map[string]string{}, told: map[string]int{}, lost: map[string]string{}, news: make(chan struct{}, 1)}
}

func (e *ear) note(f func()) {
	e.mu.Lock()
	f()
	e.mu.Unlock()
	select {
	case e.news <- struct{}{}:
	default:
	}
}

func (e *ear) Group(_ context.Context, b *roster.Basic) (err error) {
	e.note(func() { e.groups[b.Name], err = text(b), e.fails; e.told[b.Name]++; delete(e.lost, b.Name) })
	return err
}
func (e *ear) Only(names []string)          { e.note(func() { e.only = strings.Join(names, " ") }) }
func (e *ear) Lost(group string, why error) { e.note(func() { e.lost[group] = why.Error() }) }
func (e *ear) Hold(context.Context, roster.TieKind, string, string) error {
	return errors.New("a directory tells nobody")
}

func (e *ear) Back() { e.note(func() { e.back++; delete(e.lost, "") }) }

// text is a group on one line.
func text(b *roster.Basic) string {
	s := fmt.Sprintf("%q %q:", b.Title, b.Description)
	for _, m := range b.Members {
		s += " " + m.JID + "=" + m.Nick
		if m.Affiliation != roster.None {
			s += "/" + m.Affiliation.String()
		}
		if len(m.Roles) > 0 {
			s += fmt.Sprint(m.Roles)
		}
		if len(m.Attributes) > 0 {
			s += fmt.Sprint(m.Attributes)
		}
	}
	return s
}

// becomes waits until what look says is so.
func (e *ear) becomes(t *testing.T, what, want string, look func() string) {
	t.Helper()
	limit := time.After(30 * time.Second)
	for {
		e.mu.Lock()
		got := look()
		e.mu.Unlock()
		if got == want {
			return
		}
		select {
		case <-e.news:
		case <-limit:
			t.Fatalf("%s is\n%s\nnot\n%s", what, got, want)
		}
	}
}

func (e *ear) group(t *testing.T, name, want string) {
	t.Helper()
	e.becomes(t, name, want, func() string { return e.groups[name] })
}

// missed waits until a group (or all: "") is said to be lost, and why has
// these words.
func (e *ear) missed(t *testing.T, name, words string) {
	t.Helper()
	e.becomes(t, "the loss of "+name, words, func() string {
		if strings.Contains(e.lost[name], words) {
			return words
		}
		return fmt.Sprintf("%q, %q", e.lost[name], e.groups)
	})
}

// config is one for a directory, which asks seldom.
func config(url string) Config {
	return Config{URL: url, Bind: lab.SlapdAdmin, Password: func() (string, error) { return lab.SlapdPassword, nil }, Base: lab.SlapdBase,
		Groups: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))", People: "(|(objectClass=person)(objectClass=posixAccount))",
		Mapping: Mapping{JID: "uid", Domain: "example.org", Host: "example.org"},
		Pace:    Pace{Check: time.Hour, Reread: time.Hour, Quiet: time.Millisecond}}
}

// running is a source that runs, again and again.
type running struct {
	*ear
	stop func()
	runs chan error // how runs ended
}

func run(t *testing.T, cfg Config) *running {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	r := &running{ear: newEar(), runs: make(chan error, 1000)}
	d, done := New(cfg), make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			err := d.Run(ctx, r.ear)
			if ctx.Err() == nil {
				r.Lost("", err)
				select {
				case <-time.After(20 * time.Millisecond):
				case <-ctx.Done():
				}
			} else if !errors.Is(err, context.Canceled) {
				err = fmt.Errorf("ended with %w", err)
			}
			r.runs <- err
		}
	}()
	r.stop = sync.OnceFunc(func() { stop(); <-done })
	t.Cleanup(r.stop)
	return r
}
