package watch

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"time"
)

// Resync lets the table ask for what changed since the state it holds, or for
// everything: after a reconnect, or to make sure.
func (t *Table) Resync() { t.gap = true }

// Reconnected says that the reader's stream is a new one: what was under way
// on the old one will not come, and a table that was filled before asks what
// it missed.
func (t *Table) Reconnected() {
	t.gap = t.gap || t.fetched || t.asking
	t.asking, t.places, t.void, t.pages, t.parts = false, false, false, nil, nil
	t.close()
}

// Request is the payload of the iq get to the group that the table needs
// answered (XEP-0060 §6.5), "" if it needs none or waits for an answer.
func (t *Table) Request() string {
	if t.asking || t.pages == nil && !t.gap {
		return ""
	}
	t.asking = true
	if t.closed && t.pages == nil {
		return t.question()
	}
	if t.pages == nil {
		t.since = t.state
	}
	b := []byte("<pubsub xmlns='" + nsPubSub + "'><items node='")
	b = append(appendEscaped(b, t.node), "'/>"...)
	if t.since != "" {
		b = append(b, "<since xmlns='"+ns+"' state='"...)
		b = append(appendEscaped(b, t.since), "'/>"...)
	}
	if t.pages != nil {
		b = append(b, "<set xmlns='"+nsRSM+"'><after>"...)
		b = append(appendEscaped(b, t.after), "</after></set>"...)
	}
	return string(append(b, "</pubsub>"...))
}

// appendEscaped appends s as it stands in an attribute or a text.
func appendEscaped(b []byte, s string) []byte {
	var buf bytes.Buffer
	_ = xml.EscapeText(&buf, []byte(s)) // a buffer takes everything
	return append(b, buf.Bytes()...)
}

var errAnswer = errors.New("no items in the answer")

// Answer takes the iq that answers the last request. When it is an error, or
// makes no sense, the table is as before, asks no more until something else
// shows a gap or [Table.Resync] is called, and the error says why; it wraps
// [ErrRefused] if the group refused.
func (t *Table) Answer(raw []byte, at time.Time) (Update, error) {
	var w wireAnswer
	err := w.read(xml.NewDecoder(bytes.NewReader(raw)))
	return t.answer(&w, err, at)
}

func (t *Table) answer(w *wireAnswer, err error, at time.Time) (Update, error) {
	if t.places {
		return Update{Ours: true, Partial: true}, t.settled(w, err)
	}
	t.asking = false
	if t.void {
		t.void = false
		return Update{Ours: true}, nil
	}
	var b *batch
	var after string
	if err == nil {
		b, after, err = t.page(w)
	}
	if err != nil {
		t.pages, t.gap = nil, false
		return Update{}, fmt.Errorf("get items of %s: %w", t.group, err)
	}
	c := Update{Ours: true}
	if t.pages, t.after = b, after; after != "" {
		c.Partial = true
		return c, nil
	}
	t.pages = nil
	t.state, t.gap, t.fetched = b.to, t.closed, true
	t.apply(b, at, &c)
	return c, nil
}

// page reads one answer and adds it to the pages before it. after is where
// the next one begins, "" if this is the last.
func (t *Table) page(w *wireAnswer) (b *batch, after string, err error) {
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

// fresh says that the reader's stream is a new one on which everything will be
// told or asked again: what was under way is forgotten.
func (t *Table) fresh() {
	t.asking, t.void, t.gap, t.ended, t.fetched, t.pages, t.parts = false, false, false, false, false, nil, nil
	t.id, t.at, t.closed, t.places = "", place{}, false, false
}
