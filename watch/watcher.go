package watch

import (
	"sync"
	"time"

	"mellium.im/xmpp/jid"
)

// Options say what to watch and how. The zero value is everything there is.
type Options struct {
	Node  string // one of the nodes; "" = NodeGroup
	Want  Want   // what is wanted of it
	Local bool   // Want is applied here; the subscription is for everything

	// JSON asks for events as JSON (XEP-0335): the same, with less work for the
	// server. What comes is read in either form, whoever asked for it.
	JSON bool

	// As is the address that subscribes, bare or full; "" = the session's.
	// A component needs it, unless it watches as its domain. Events to a bare
	// address reach a client only while it is available (RFC 6121 §8.5.2.1).
	As string
	// Keep leaves the subscription when watching ends. Without it none is
	// left behind, unless the session is lost for good.
	Keep bool

	// Check is how long the group may be silent before it is asked whether
	// something changed. So a lost event is found that no other followed, a
	// dead session is noticed, and the service knows that somebody is there.
	// Where the server's PubSub service publishes, it is asked so often anyway.
	Check time.Duration // 0 = 5 min, negative = never

	Now func() time.Time // nil = time.Now
}

const defaultCheck = 5 * time.Minute

// Watcher watches one node of one group, over any number of sessions, one
// after the other. Its methods may be called concurrently.
type Watcher struct {
	group string
	o     Options
	fed   chan struct{} // holds a token: the loop has reason to look
	ask   chan struct{} // holds a token: the table may want to ask

	mu     sync.Mutex // everything below
	table  *Table
	news   news
	synced bool
	heard  bool   // of the group, since the last check
	checks bool   // a check is under way: nothing is known to be missing
	as     string // the address of the last subscription, "" = none yet
	h      *Handler
	posted string // the service at which h looks for it, "" = none
}

// New makes a watcher of the group at that address.
func New(group jid.JID, o Options) *Watcher {
	if o.Node == "" {
		o.Node = NodeGroup
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Check == 0 {
		o.Check = defaultCheck
	}
	w := &Watcher{group: group.Bare().String(), o: o, fed: make(chan struct{}, 1), ask: make(chan struct{}, 1)}
	w.table = NewTable(w.group, o.Node)
	return w
}

// Group is the group's bare JID.
func (w *Watcher) Group() string { return w.group }

// Members lists the rows by JID. They are not to be changed, and never change.
func (w *Watcher) Members() []*Member {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.Members()
}

// Info is the group's attributes, if the node has them.
func (w *Watcher) Info() Info {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.Info()
}

// Summary is the counts, if the node has them.
func (w *Watcher) Summary() Summary {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.table.Summary()
}

// Synced says whether the table is whole: the full state has arrived and
// nothing is known to be missing.
func (w *Watcher) Synced() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.synced
}

// message takes a message of the group, or of the service that it named.
func (w *Watcher) message(m *wireMessage, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if service, node := w.table.Published(); m.From != w.group && (m.From != service || m.Event == nil || !m.Event.names(node)) {
		return // others may make nodes there, too
	}
	var u Update
	if err == nil {
		u, err = w.table.take(m, w.o.Now())
	}
	if err != nil { // whatever it was, it was missed
		w.table.Resync()
	}
	w.moves()
	w.note(&u)
}

// moves lets the handler look where events come from now. mu is held.
func (w *Watcher) moves() {
	service, _ := w.table.Published()
	if w.h == nil || service == w.posted {
		return
	}
	if w.posted != "" {
		w.h.drop(w.posted, w)
	}
	if service != "" {
		w.h.put(service, w)
	}
	w.posted = service
}

// reports says to whom h is to pass what comes for w; nil: nobody any more.
func (w *Watcher) reports(h *Handler) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.posted != "" {
		w.h.drop(w.posted, w)
		w.posted = ""
	}
	w.h = h
}

// note passes on what an update did. mu is held.
func (w *Watcher) note(u *Update) {
	w.news.add(u)
	w.heard = true
	switch whole := w.table.Synced(); {
	case whole && !w.synced:
		w.synced, w.news.synced = true, true
	case !whole && !w.checks:
		w.synced, w.news.synced = false, false
	}
	wake(w.fed)
	wake(w.ask)
}

// check asks whether something changed if nothing was heard since the last
// time, or if what is heard does not show what was lost.
func (w *Watcher) check() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if service, _ := w.table.Published(); w.synced && (!w.heard || service != "") {
		w.checks = true
		w.table.Resync()
		wake(w.ask)
	}
	w.heard = false
}

func wake(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// drain returns what the loop has not seen yet.
func (w *Watcher) drain() []Change {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.news.take(w.table)
}
