package watch

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"

	"mellium.im/xmlstream"
	"mellium.im/xmpp"
	"mellium.im/xmpp/mux"
	"mellium.im/xmpp/stanza"
)

// Handler passes the events that a session receives to the watchers of their
// groups. The zero value is ready. One Handler may serve several sessions.
type Handler struct {
	mu       sync.Mutex
	watchers map[string][]*Watcher // by group, and by the service that a group has named
}

var errTwice = errors.New("it is watching already")

// Handle makes a mux pass events to h.
func Handle(h *Handler) mux.Option {
	event := xml.Name{Space: nsPubSub + "#event", Local: "event"}
	return func(m *mux.ServeMux) {
		mux.Message(stanza.HeadlineMessage, event, h)(m)
		mux.Message(stanza.NormalMessage, event, h)(m)
	}
}

// HandleMessage implements [mux.MessageHandler]. It never fails: an error
// would end the session.
func (h *Handler) HandleMessage(_ stanza.Message, t xmlstream.TokenReadEncoder) error {
	tok, err := t.Token()
	if start, ok := tok.(xml.StartElement); ok && err == nil {
		h.take(t, &start)
	}
	return nil
}

// take decodes a message if a watcher waits for it.
func (h *Handler) take(t xml.TokenReader, start *xml.StartElement) {
	watchers := h.of(attr(start, "from"))
	if len(watchers) == 0 {
		return
	}
	var m wireMessage
	err := xml.NewTokenDecoder(xmlstream.MultiReader(xmlstream.Token(*start), t)).Decode(&m)
	if err == nil {
		err = m.unpack()
	}
	for _, w := range watchers {
		w.message(&m, err)
	}
}

func attr(start *xml.StartElement, name string) string {
	for _, a := range start.Attr {
		if a.Name.Local == name && a.Name.Space == "" {
			return a.Value
		}
	}
	return ""
}

func (h *Handler) of(from string) []*Watcher {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.watchers[from]
}

func (h *Handler) add(w *Watcher) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if slices.Contains(h.watchers[w.group], w) {
		return fmt.Errorf("watch %s: %w", w.group, errTwice)
	}
	h.enter(w.group, w)
	return nil
}

// put passes what comes from an address to w, too. w's lock may be held.
func (h *Handler) put(from string, w *Watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.enter(from, w)
}

// enter is put with mu held. Others may be reading the list.
func (h *Handler) enter(from string, w *Watcher) {
	if h.watchers == nil {
		h.watchers = make(map[string][]*Watcher)
	}
	h.watchers[from] = append(slices.Clip(h.watchers[from]), w)
}

// drop is the end of put.
func (h *Handler) drop(from string, w *Watcher) {
	h.mu.Lock()
	defer h.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(h.watchers[from]), func(x *Watcher) bool { return x == w })
	if h.watchers[from] = rest; len(rest) == 0 {
		delete(h.watchers, from)
	}
}

// Watch subscribes w over s, which somebody serves with h, and yields what
// changes until ctx ends, the loop is left or there is an error; then, unless
// Options.Keep is set, it unsubscribes. Only the last pair has an error: that
// of ctx (its cause), [ErrRefused] or [ErrEnded], wrapped.
//
// A watcher can be used again when its Watch is over, with the next session.
func (h *Handler) Watch(ctx context.Context, s *xmpp.Session, w *Watcher) iter.Seq2[Change, error] {
	return func(yield func(Change, error) bool) {
		if err := h.add(w); err != nil {
			yield(Change{}, err)
			return
		}
		w.reports(h)
		defer h.drop(w.group, w)
		defer w.reports(nil)
		ctx, stop := context.WithCancel(ctx)
		end := make(chan error, 1)
		go func() {
			end <- w.talk(ctx, s)
			close(end)
		}()
		defer func() {
			stop()
			<-end
		}()
		for {
			var err error
			select {
			case <-w.fed:
			case err = <-end:
			}
			for _, c := range w.drain() {
				if !yield(c, nil) {
					return
				}
			}
			if err != nil {
				yield(Change{}, err)
				return
			}
		}
	}
}
