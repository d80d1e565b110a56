package hook_test

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
	"github.com/rollcall-xmpp/rollcall/watch"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	domain = "groups.example.org"
	alice  = "alice@example.org"
	bob    = "bob@example.org"
	ci     = "hook+ci+team@" + domain
	secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
)

// world is a roster without a server: groups have their turns at once, and
// what they say to anybody but webhooks is lost.
type world struct {
	t      *testing.T
	keeper *hook.Keeper
	roster *roster.Roster
	group  *roster.Group
	ready  chan *roster.Group
}

func (w *world) Ready(g *roster.Group)                      { w.ready <- g }
func (*world) Presence(string, string, roster.PresenceType) {}
func (*world) Wanted(*roster.Group)                         {}
func (*world) Gone(string, string, []string)                {}
func (*world) Began(string, roster.SubscriptionRecord)      {}
func (w *world) Ended(_ string, s roster.SubscriptionRecord) {
	w.t.Errorf("%s was told of the end", s.JID)
}
func (w *world) HookJID(group, name string) string { return w.roster.HookJID(group, name) }
func (w *world) is(jid, show, status string)       { w.hear(jid, "r", show, status) }
func (w *world) ended() string                     { return w.show().Hooks[0].Ended }
func (w *world) set(rec roster.HookRecord)         { w.must(w.group.SetHook(w.t.Context(), "", rec)) }

func newWorld(t *testing.T, cfg hook.Config) *world {
	t.Helper()
	w := &world{t: t, ready: make(chan *roster.Group, 1000)}
	ask := &pubsub.Service{Domain: domain}
	cfg.Ask, cfg.Domain, cfg.JID, cfg.Version = ask.Fetch, domain, w.HookJID, "1"
	w.keeper = hook.New(cfg)
	w.roster = roster.New(roster.Options{Store: store.Memory(), Outbox: w, Renderer: &pubsub.Renderer{Domain: domain}, Domain: domain, Hooks: w.keeper})
	ask.Roster = w.roster
	w.must(w.roster.CreateGroup(t.Context(), &roster.GroupRecord{Name: "team", Settings: roster.Settings{Title: "Team"}, Members: []roster.MemberRecord{
		{JID: alice, Affiliation: roster.Plain, Ask: roster.Granted}, {JID: bob, Nick: "Bob", Affiliation: roster.Plain, Ask: roster.Granted}}}))
	w.group = w.roster.Loaded([]byte("team"))
	var turns, posts sync.WaitGroup
	turns.Go(func() {
		for g := range w.ready {
			for more := true; more; {
				_, more = g.Turn(nil, 1<<16)
			}
		}
	})
	posts.Go(func() { w.keeper.Run(t.Context()) }) // the test's context ends before its cleanups
	t.Cleanup(func() {
		posts.Wait()
		close(w.ready)
		turns.Wait()
	})
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// until looks until it is so.
func (w *world) until(so func() bool) {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); !so(); runtime.Gosched() {
		if time.Now().After(end) {
			w.t.Fatal("it does not come to that")
		}
	}
}

func (w *world) show() *roster.GroupRecord {
	rec, err := w.roster.ShowGroup(w.t.Context(), "team")
	w.must(err)
	return rec
}

func (w *world) hear(jid, resource, show, status string) {
	p := &roster.Presence{Show: roster.ParseShow([]byte(show)), Status: []byte(status)}
	if show == "offline" {
		p.Show = roster.Offline
	}
	w.group.Hear([]byte(jid), []byte(resource), p)
}

// rules is what a member lets others see.
func (w *world) rules(jid, text string) {
	w.t.Helper()
	a, err := policy.ParseAuthorization(text)
	w.must(err)
	w.must(w.group.Authorize(w.t.Context(), jid, a))
}

// post is what a receiver got.
type post struct {
	header http.Header
	text   string
	hook.Message
}

// receiver takes posts and lets a test answer them.
type receiver struct {
	*httptest.Server
	t     *testing.T
	posts chan post
	mu    sync.Mutex
	busy  bool
	reply func(http.ResponseWriter, *http.Request)
}

// newReceiver accepts everything, until told otherwise.
func newReceiver(t *testing.T, tls bool) *receiver {
	r := &receiver{t: t, posts: make(chan post, 1000)}
	r.Server = httptest.NewUnstartedServer(r)
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	if tls {
		r.StartTLS()
	} else {
		r.Start()
	}
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) answer(f func(http.ResponseWriter, *http.Request)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reply = f
}

func (r *receiver) status(codes ...int) {
	r.answer(func(w http.ResponseWriter, _ *http.Request) {
		code := codes[0]
		if len(codes) > 1 {
			codes = codes[1:]
		}
		w.WriteHeader(code)
	})
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	r.mu.Lock()
	if r.busy {
		r.t.Error("two posts at a time")
	}
	r.busy = true
	reply := r.reply
	r.mu.Unlock()
	p := post{header: req.Header, text: string(body)}
	if req.Method != http.MethodPost || req.URL.Path != "/in" {
		r.t.Errorf("%s %s", req.Method, req.URL)
	}
	if got, want := p.header.Get("Webhook-Signature"), sign(secret, p.header.Get("Webhook-Id"), p.header.Get("Webhook-Timestamp"), body); got != want {
		r.t.Errorf("signed %s, want %s", got, want)
	}
	if p.header.Get("Content-Type") == "application/json" {
		if err := json.Unmarshal(body, &p.Message); err != nil {
			r.t.Errorf("%v: %s", err, body)
		}
	}
	if reply != nil {
		reply(w, req)
	}
	r.mu.Lock()
	r.busy = false
	r.mu.Unlock()
	r.posts <- p
}

// next is the next post.
func (r *receiver) next() post {
	r.t.Helper()
	select {
	case p := <-r.posts:
		return p
	case <-time.After(30 * time.Second):
		r.t.Fatal("nothing was posted")
	}
	return post{}
}

// until reads posts until one says that.
func (r *receiver) until(says string) (all []string) {
	r.t.Helper()
	for {
		p := r.next()
		all = append(all, line(p.Message))
		if strings.Contains(all[len(all)-1], says) {
			return all
		}
	}
}

// line is a message on one line.
func line(m hook.Message) string {
	var b strings.Builder
	if m.Full {
		b.WriteString("full ")
	}
	for _, c := range m.Changes {
		b.WriteString(c.Kind.String())
		for _, x := range []*watch.Member{c.Before, c.After} {
			if x != nil {
				fmt.Fprintf(&b, "(%s %s %s)", x.JID[:strings.IndexByte(x.JID, '@')], x.Show, x.Status)
			}
		}
		if c.Info != nil {
			fmt.Fprintf(&b, "(%s)", c.Info.Name)
		}
		if c.Summary != nil {
			fmt.Fprintf(&b, "(%d/%d)", c.Summary.Available, c.Summary.Members)
		}
		b.WriteString("; ")
	}
	return strings.TrimSuffix(b.String(), "; ")
}

func (r *receiver) expect(want ...string) {
	r.t.Helper()
	for _, w := range want {
		if got := line(r.next().Message); got != w {
			r.t.Fatalf("posted\n%s\nwant\n%s", got, w)
		}
	}
}

func (r *receiver) hook() roster.HookRecord {
	return roster.HookRecord{Name: "ci", URL: r.URL + "/in", Secret: secret, Format: roster.HookJSON}
}

// quick is a configuration for tests: it may reach this machine, and does not
// wait for long.
func quick(r *receiver) hook.Config {
	c := hook.Config{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
		Pace: time.Millisecond, Retry: time.Millisecond, MaxRetry: 5 * time.Millisecond}
	if r.TLS != nil {
		c.Roots = x509.NewCertPool()
		c.Roots.AddCert(r.Certificate())
	}
	return c
}

// syncBuffer is a log that may be read meanwhile.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
