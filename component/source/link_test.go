package source_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/roster"
)

func TestMain(m *testing.M) {
	status := m.Run()
	if status == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			status = 1
		}
	}
	os.Exit(status)
}

// link is a server with one entity behind it, which answers what answer says.
type link struct {
	mu        sync.Mutex
	answer    func(typ, from, to, payload string) string // "" = with an error
	asked     []string
	sent      []string
	listening map[string]func([]byte) bool
}

func (l *link) Domain() string { return "groups.example.org" }

func (l *link) Request(typ, from, to, payload string, done func([]byte, error)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = append(l.asked, typ+" "+from+" "+to+" "+payload)
	answer := l.answer(typ, from, to, payload)
	if answer == "" {
		answer = "<iq type='error' from='" + to + "'><error type='cancel'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
	}
	go done([]byte(answer), nil)
	return nil
}

func (l *link) Send(stanza string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, stanza)
}

func (l *link) Listen(from string, hear func([]byte) bool) func() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listening == nil {
		l.listening = map[string]func([]byte) bool{}
	}
	l.listening[from] = hear
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.listening, from)
	}
}

// says lets an address say something; it is heard by who listens to it.
func (l *link) says(from, stanza string) bool {
	l.mu.Lock()
	hear := l.listening[from]
	l.mu.Unlock()
	if hear != nil {
		hear([]byte(stanza))
	}
	return hear != nil
}

func (l *link) change(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
}

// sink writes down what it is told.
type sink struct {
	mu    sync.Mutex
	lines []string
	wake  chan struct{}
	fail  error
	big   int // members of the largest list

	held   []string
	unheld error
}

func newSink() *sink { return &sink{wake: make(chan struct{}, 1)} }

func (s *sink) add(line string) {
	s.mu.Lock()
	s.lines = append(s.lines, line)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *sink) Group(_ context.Context, b *roster.Basic) error {
	s.mu.Lock()
	err := s.fail
	s.big = max(s.big, len(b.Members))
	s.mu.Unlock()
	if err != nil {
		return err
	}
	line := fmt.Sprintf("%s %q:", b.Name, b.Title)
	for _, m := range b.Members {
		line += " " + m.JID + "=" + m.Nick
		if m.Affiliation != roster.None {
			line += "/" + m.Affiliation.String()
		}
	}
	s.add(line)
	return nil
}

func (s *sink) Hold(_ context.Context, kind roster.TieKind, there, group string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = append(s.held, fmt.Sprint(kind, " ", there, " ", group))
	return s.unheld
}

func (s *sink) Only(names []string) { s.add("only " + strings.Join(names, " ")) }
func (s *sink) Back()               { s.add("back") }

func (s *sink) Lost(group string, why error) { s.add("lost " + group + ": " + why.Error()) }

// until reads what the sink was told until that is among it.
func (s *sink) until(t *testing.T, want string) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		i := slices.IndexFunc(s.lines, func(l string) bool { return strings.HasPrefix(l, want) })
		lines := slices.Clone(s.lines)
		if i >= 0 {
			s.lines = s.lines[i+1:]
		}
		s.mu.Unlock()
		if i >= 0 {
			return
		}
		select {
		case <-s.wake:
		case <-limit:
			t.Fatalf("told\n%s\nnot\n%s", strings.Join(lines, "\n"), want)
		}
	}
}

// runs runs a source until the test ends.
func runs(t *testing.T, src source.Source, to source.Sink) (over func() error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- src.Run(ctx, to) }()
	ended := false
	over = func() error {
		ended = true
		select {
		case err := <-done:
			return err
		case <-time.After(20 * time.Second):
			t.Fatal("the source does not end")
		}
		return nil
	}
	t.Cleanup(func() {
		if stop(); !ended {
			if err := over(); !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		}
	})
	return over
}

var quick = source.Pace{Check: 20 * time.Millisecond, Reread: 50 * time.Millisecond, Pause: time.Millisecond, Quiet: time.Millisecond}

func result(to, payload string) string {
	return "<iq type='result' from='" + to + "'>" + payload + "</iq>"
}

func listing(to string, jids ...string) string {
	var b strings.Builder
	for _, j := range jids {
		b.WriteString("<item jid='" + j + "'/>")
	}
	return result(to, "<query xmlns='http://jabber.org/protocol/disco#items'>"+b.String()+"</query>")
}
