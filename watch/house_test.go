package watch_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"mellium.im/xmpp"
	"mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
	"mellium.im/xmpp/stream"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

func TestMain(m *testing.M) {
	status := m.Run()
	if err := goleak.Find(); err != nil && status == 0 {
		println(err.Error())
		status = 1
	}
	os.Exit(status)
}

// house is the service without a server around it: what watchers send reaches
// it through pipes, and what it says goes to the address that it is for.
type house struct {
	t   testing.TB
	ctx context.Context
	r   *roster.Roster
	g   *roster.Group
	svc *pubsub.Service

	office *office // nil: events leave from the group
	render pubsub.Renderer
	wake   chan struct{}
	gate   sync.Mutex // held while somebody is answered
	mu     sync.Mutex // everything below
	ready  []*roster.Group
	idle   []chan struct{}  // who waits until everything was said
	peers  map[string]*peer // by full JID
	asked  []string         // the names of the payloads' children, in order
	drop   func(raw []byte) bool
}

const domain = "groups.example.org"

func newHouse(t testing.TB, members ...roster.MemberRecord) *house {
	return furnish(t, nil, members...)
}

// furnish makes a house; with an office, events leave through that.
func furnish(t testing.TB, o *office, members ...roster.MemberRecord) *house {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), time.Minute)
	h := &house{t: t, ctx: ctx, wake: make(chan struct{}, 1), peers: map[string]*peer{}, office: o, render: pubsub.Renderer{Domain: domain}}
	opts := roster.Options{Store: store.Memory(), Outbox: h, Renderer: &h.render, Now: time.Now, Log: slog.New(slog.DiscardHandler)}
	if o != nil {
		h.render.PubSub = posts
		opts.Outposts = func(string) bool { return true }
	}
	h.r = roster.New(opts)
	h.svc = &pubsub.Service{Roster: h.r, Domain: domain, PubSub: h.render.PubSub}
	rec := &roster.GroupRecord{Name: "team", Settings: roster.Settings{Title: "Team"}, Members: members}
	if err := h.r.CreateGroup(ctx, rec); err != nil {
		t.Fatal(err)
	}
	h.g = h.r.Loaded([]byte("team"))
	h.g.Open()
	var pump sync.WaitGroup
	pump.Go(h.pump)
	t.Cleanup(func() {
		cancel()
		pump.Wait()
		for _, p := range h.all() {
			p.cut()
		}
	})
	return h
}

func member(name string, roles ...string) roster.MemberRecord {
	return roster.MemberRecord{JID: name + "@example.org", Nick: name, Affiliation: roster.Plain, Roles: roles, Ask: roster.Granted}
}

// Ready implements [roster.Outbox].
func (h *house) Ready(g *roster.Group) {
	h.mu.Lock()
	h.ready = append(h.ready, g)
	h.mu.Unlock()
	h.poke()
}

func (h *house) poke() {
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// Wanted implements [roster.Outbox].
func (h *house) Wanted(*roster.Group) {}

// Presence implements [roster.Outbox].
func (h *house) Presence(string, string, roster.PresenceType) {}

// Gone implements [roster.Outbox].
func (h *house) Gone(string, string, []string) {}

// Began implements [roster.Outbox].
func (h *house) Began(group string, rec roster.SubscriptionRecord) {
	h.deliver(h.render.Began(nil, group, &rec))
}

// Ended implements [roster.Outbox].
func (h *house) Ended(group string, rec roster.SubscriptionRecord) {
	h.deliver(h.render.Ended(nil, group, &rec))
}

// pump lets the groups speak.
func (h *house) pump() {
	for {
		h.mu.Lock()
		ready := h.ready
		h.ready = nil
		h.mu.Unlock()
		for _, g := range ready {
			for more := true; more; {
				var b []byte
				b, more = g.Turn(nil, 1<<20)
				h.deliver(b)
			}
		}
		h.mu.Lock()
		if len(h.ready) == 0 {
			for _, c := range h.idle {
				close(c)
			}
			h.idle = nil
		}
		h.mu.Unlock()
		select {
		case <-h.wake:
		case <-h.ctx.Done():
			return
		}
	}
}

// settled waits until the groups have said all they have to say.
func (h *house) settled() {
	c := make(chan struct{})
	h.mu.Lock()
	h.idle = append(h.idle, c)
	h.mu.Unlock()
	h.poke()
	select {
	case <-c:
	case <-h.ctx.Done():
		h.t.Error("the groups never end")
	}
}

// hold lets nobody be answered while f runs.
func (h *house) hold(f func()) {
	h.gate.Lock()
	defer h.gate.Unlock()
	f()
}

// reattach is another connection to the server, in which f happens before the
// group is ready.
func (h *house) reattach(f func()) {
	h.r.Detached()
	h.r.Attached()
	h.g.Lost()
	f()
	h.g.Open()
}

// deliver gives each stanza to whom it is for: the full address, or all of a
// bare one.
func (h *house) deliver(b []byte) {
	r := frame.NewReader(strings.NewReader(string(b)), 1<<20, 100)
	for {
		raw, err := r.Next()
		if err != nil {
			return
		}
		var st frame.Stanza
		frame.Parse(raw, &st)
		h.mu.Lock()
		if string(st.To) == posts {
			h.mu.Unlock()
			h.office.take(h, &st)
			continue
		}
		lost := h.drop != nil && string(st.Name) == "message" && h.drop(raw)
		h.mu.Unlock()
		if lost {
			continue
		}
		for _, p := range h.all() {
			if p.hears(string(st.To)) {
				p.send(string(raw))
			}
		}
	}
}

func (h *house) all() (list []*peer) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.peers {
		list = append(list, p)
	}
	return list
}

// peer is the server's end of a session.
type peer struct {
	jid  string // of a component: its domain
	ns   string // of its stream
	conn net.Conn
	out  chan string
	done chan struct{}
	once sync.Once
}

func (p *peer) hears(to string) bool {
	bare, _, _ := strings.Cut(p.jid, "/")
	user, _, _ := strings.Cut(to, "/")
	return to == p.jid || to == bare || p.ns == component.NSAccept && strings.HasSuffix(user, "@"+p.jid)
}

func (p *peer) send(xml string) {
	name, rest, _ := strings.Cut(xml, " ")
	select {
	case p.out <- name + " xmlns='" + p.ns + "' " + rest:
	case <-p.done:
	}
}

func (p *peer) cut() {
	p.once.Do(func() { close(p.done) })
	_ = p.conn.Close()
}

// session logs somebody in.
func (h *house) session(full string) *xmpp.Session { return h.attach(full, stanza.NSClient) }

func (h *house) attach(full, ns string) *xmpp.Session {
	h.t.Helper()
	ours, theirs := net.Pipe()
	p := &peer{jid: full, ns: ns, conn: ours, out: make(chan string, 1000), done: make(chan struct{})}
	h.mu.Lock()
	h.peers[full] = p
	h.mu.Unlock()
	go func() { // ends with the pipe
		for {
			select {
			case s := <-p.out:
				if _, err := ours.Write([]byte(s)); err != nil {
					return
				}
			case <-p.done:
				return
			}
		}
	}()
	go h.read(p)
	me := jid.MustParse(full)
	s, err := xmpp.NewSession(h.ctx, me.Domain(), me, theirs, xmpp.Secure,
		func(_ context.Context, in, out *stream.Info, _ *xmpp.Session, _ any) (xmpp.SessionState, io.ReadWriter, any, error) {
			in.XMLNS, out.XMLNS = ns, ns
			return xmpp.Ready, nil, nil, nil
		})
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// read takes what a session sends.
func (h *house) read(p *peer) {
	defer func() {
		p.cut()
		h.mu.Lock()
		if h.peers[p.jid] == p {
			delete(h.peers, p.jid)
		}
		h.mu.Unlock()
	}()
	r := frame.NewReader(p.conn, 1<<20, 100)
	for {
		raw, err := r.Next()
		if err != nil {
			return
		}
		var st frame.Stanza
		if !frame.Parse(raw, &st) || string(st.Name) != "iq" || string(st.To) != "team@"+domain {
			continue
		}
		from := p.jid
		if p.ns == component.NSAccept {
			if from = string(st.From); !p.hears(from) { // servers end such a stream
				return
			}
		}
		q := &pubsub.Request{Set: string(st.Type) == "set", From: from, To: string(st.To), Group: "team", ID: string(st.ID)}
		var in frame.Scanner
		for in.Reset(raw); in.Next(); {
			if in.Kind == frame.Start && in.Depth == 2 {
				q.Space, q.Local = string(in.NS()), string(in.Local())
				q.Payload, _ = in.Cut(nil)
			}
		}
		for in.Reset(q.Payload); in.Next(); {
			if in.Kind == frame.Start && in.Depth == 2 {
				h.mu.Lock()
				h.asked = append(h.asked, string(in.Local()))
				h.mu.Unlock()
			}
		}
		h.gate.Lock()
		if b := h.svc.Handle(h.ctx, nil, q); len(b) > 0 {
			h.deliver(b)
		}
		h.gate.Unlock()
	}
}

// questions is what was asked since the last call.
func (h *house) questions() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	list := strings.Join(h.asked, " ")
	h.asked = nil
	return list
}

// lose makes the house forget messages for which f is true.
func (h *house) lose(f func(raw []byte) bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.drop = f
}

// cut ends a session as a dying server does.
func (h *house) cut(full string) {
	h.mu.Lock()
	p := h.peers[full]
	h.mu.Unlock()
	p.cut()
}

// is lets a member's device say how he is.
func (h *house) is(name string, show roster.Show, status string) {
	h.g.Hear([]byte(name+"@example.org"), []byte("phone"), &roster.Presence{Show: show, Status: []byte(status)})
}
