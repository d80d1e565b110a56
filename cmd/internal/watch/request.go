package watch

import (
	"encoding/xml"
	"errors"
	"fmt"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// Resync lets the table ask for what changed since the state it holds, or for
// everything: after a reconnect, or to make sure.
func (t *Table) Resync() { t.gap = true }

// Reconnected says that the reader's stream is a new one: what was under way
// on the old one will not come, and a table that was filled before asks what
// it missed.
func (t *Table) Reconnected() {
	t.gap = t.gap || t.fetched || t.asking
	t.asking, t.void, t.pages, t.parts = false, false, nil, nil
}

// Request is the payload of the iq get to the group that the table needs
// answered (XEP-0060 §6.5), "" if it needs none or waits for an answer.
func (t *Table) Request() string {
	if t.asking || t.pages == nil && !t.gap {
		return ""
	}
	t.asking = true
	if t.pages == nil {
		t.since = t.state
	}
	b := []byte("<pubsub xmlns='" + nsPubSub + "'><items node='")
	b = append(frame.AppendAttr(b, t.node), "'/>"...)
	if t.since != "" {
		b = append(b, "<since xmlns='"+ns+"' state='"...)
		b = append(frame.AppendAttr(b, t.since), "'/>"...)
	}
	if t.pages != nil {
		b = append(b, "<set xmlns='"+nsRSM+"'><after>"...)
		b = append(frame.AppendText(b, t.after), "</after></set>"...)
	}
	return string(append(b, "</pubsub>"...))
}

var errAnswer = errors.New("no items in the answer")

// Answer takes the iq that answers the last request. When it is an error, or
// makes no sense, the table is as before, asks no more until something else
// shows a gap or [Table.Resync] is called, and the error says why; it wraps
// [ErrRefused] if the group refused.
func (t *Table) Answer(raw []byte, at time.Time) (Change, error) {
	t.asking = false
	if t.void {
		t.void = false
		return Change{Ours: true}, nil
	}
	b, after, err := t.page(raw)
	if err != nil {
		t.pages, t.gap = nil, false
		return Change{}, fmt.Errorf("get items of %s: %w", t.group, err)
	}
	c := Change{Ours: true}
	if t.pages, t.after = b, after; after != "" {
		c.Partial = true
		return c, nil
	}
	t.pages = nil
	t.state, t.gap, t.fetched = b.to, false, true
	t.apply(b, at, &c)
	return c, nil
}

// page reads one answer and adds it to the pages before it. after is where
// the next one begins, "" if this is the last.
func (t *Table) page(raw []byte) (b *batch, after string, err error) {
	var w wireAnswer
	if err := xml.Unmarshal(raw, &w); err != nil {
		return nil, "", err
	}
	if w.Type == "error" {
		return nil, "", w.refusal()
	}
	p := w.PubSub
	if p == nil {
		return nil, "", errAnswer
	}
	if b = t.pages; b == nil {
		b = &batch{full: t.since == ""}
		if p.State != nil {
			b.full = b.full || p.State.Full
			b.to = p.State.To
		}
	}
	// What came between two pages is in b already, behind the page before.
	b.add(&p.Items)
	if s := p.Set; s != nil && len(p.Items.Items) > 0 && s.First.Index+len(p.Items.Items) < s.Count {
		after = s.Last
	}
	return b, after, nil
}
