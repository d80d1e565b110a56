package hook

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/interchange"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// Message is the body of a post as JSON.
type Message struct {
	Group   string         `json:"group"`          // bare JID
	Webhook string         `json:"webhook"`        // the address by which policies name it
	Time    time.Time      `json:"time"`           // when it was written
	Full    bool           `json:"full,omitempty"` // forget what you have: this is the beginning of all there is
	Test    bool           `json:"test,omitempty"` // an admin only wants to know whether this arrives
	Changes []watch.Change `json:"changes"`
}

// writer puts batches into words. It belongs to one goroutine.
type writer struct {
	group, webhook, format string
	now                    func() time.Time

	id      string   // of the last post
	sum     [32]byte // of what it told
	version int      // of the list: RFC 4662 §5.2
}

// write makes the body of a post. What tells the same as the post before it has
// the same id, so that a receiver can tell.
func (w *writer) write(t *table, b *batch) (*body, error) {
	changes, err := encode(struct {
		Full    bool
		Changes []watch.Change
	}{b.full, b.changes})
	if err != nil {
		return nil, err
	}
	if sum := sha256.Sum256(changes); sum != w.sum || w.id == "" {
		w.sum, w.id = sum, "msg_"+rand.Text()
		w.version++
	}
	if w.format == roster.HookMultipart {
		return w.multipart(t, b)
	}
	text, err := encode(Message{Group: w.group, Webhook: w.webhook, Time: w.now().UTC(), Full: b.full, Changes: b.changes})
	return &body{id: w.id, kind: "application/json", text: text}, err
}

// test is a post that tells nothing.
func (w *writer) test() (*body, error) {
	text, err := encode(Message{Group: w.group, Webhook: w.webhook, Time: w.now().UTC(), Test: true, Changes: []watch.Change{}})
	return &body{id: "msg_" + rand.Text(), kind: "application/json", text: text}, err
}

func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write message: %w", err)
	}
	return b.Bytes(), nil
}

// multipart is the list of who changed, of all in a full one, with a PIDF
// document of each.
func (w *writer) multipart(t *table, b *batch) (*body, error) {
	g := interchange.Group{JID: w.group, Info: t.sees.Info(), Partial: !b.full, Version: w.version - 1}
	for _, c := range b.changes {
		switch c.Kind {
		case watch.Joined, watch.Changed:
			g.Members = append(g.Members, c.After)
		case watch.Left:
			g.Gone = append(g.Gone, c.Before.JID)
		}
	}
	var text bytes.Buffer
	kind, err := g.Entity(&text)
	return &body{id: w.id, kind: kind, text: text.Bytes()}, err
}
