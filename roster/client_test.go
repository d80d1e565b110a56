package roster_test

import (
	"fmt"
	"slices"
)

// client is what a subscriber at one address does with what it is sent: it
// keeps a table of items and the state token that goes with it.
type client struct {
	table map[string]string
	token string
	parts []heard // of a state that is not complete yet

	// What the test knows beside, to judge what is sent.
	view   map[string]string   // what it may see
	dirty  map[string]struct{} // items whose look changed since they were told
	owed   bool                // the full state is due
	may    bool                // it may be sent: it is not certain what arrived
	turn   int                 // in which it was told something last
	loose  bool                // a state was told in pieces at different times
	began  int                 // how many things had happened when it began
	fresh  bool                // it has a node in which nothing was published
	adrift bool                // something did not arrive: it has been, or will be, told again
}

// memory is a table under the token that it had.
type memory struct {
	token string
	table map[string]string
	n     int // in the order in which they were remembered
}

func newClient() *client {
	return &client{table: map[string]string{}, dirty: map[string]struct{}{}, owed: true}
}

// hear takes an event in. It knows nothing of the group but the rules of the
// contract.
func (c *client) hear(h heard) error {
	s := &h.stamp
	switch {
	case s.To == "":
		return fmt.Errorf("an event without a token")
	case !s.Full && s.From != c.token && !c.adrift:
		return fmt.Errorf("from %s, but the client holds %s", s.From, c.token)
	case s.Part < 1 || s.Part > s.Parts:
		return fmt.Errorf("part %d of %d", s.Part, s.Parts)
	case s.Part == 1:
		c.parts = nil
	case s.Part != len(c.parts)+1:
		return fmt.Errorf("part %d after %d", s.Part, len(c.parts))
	case s.To != c.parts[0].stamp.To || s.Full != c.parts[0].stamp.Full || s.From != c.parts[0].stamp.From:
		return fmt.Errorf("the stamp changes between the parts")
	}
	if c.parts = append(c.parts, h); s.Part < s.Parts {
		return nil
	}
	if s.Full {
		c.table = map[string]string{}
	}
	apply(c.table, c.parts...)
	c.token, c.parts = s.To, nil
	return nil
}

func apply(table map[string]string, hs ...heard) {
	for _, h := range hs {
		for _, it := range h.items {
			if it.gone {
				delete(table, it.id)
			} else {
				table[it.id] = it.text
			}
		}
	}
}

// look is told what the client may see now, and notes what that changes.
func (c *client) look(view map[string]string) {
	for _, id := range changes(c.view, view) {
		c.dirty[id] = struct{}{}
	}
	c.view = view
}

// changes lists the ids under which two tables differ.
func changes(a, b map[string]string) []string {
	var ids []string
	for id, text := range a {
		if other, ok := b[id]; !ok || other != text {
			ids = append(ids, id)
		}
	}
	for id := range b {
		if _, ok := a[id]; !ok {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// fits says why h must not be sent at this moment: it shows what the client
// may not see, or nothing that is new to it.
func (c *client) fits(h heard, happened int) error {
	if err := within(h, c.view); err != nil {
		return err
	}
	s := &h.stamp
	if s.Full {
		if s.Part == 1 && !c.owed && !c.may && !c.loose && !c.adrift && len(c.dirty) == 0 && len(c.parts) == 0 {
			return fmt.Errorf("the full state although nothing changed")
		}
		return nil
	}
	if s.From == s.To || len(h.items) == 0 && s.Parts == 1 {
		return fmt.Errorf("an event of %d items from %s to %s", len(h.items), s.From, s.To)
	}
	for _, it := range h.items {
		_, ok := c.dirty[it.id]
		ok = ok || it.id == "summary" && len(c.dirty) > 1 // one came and one went at the same moment
		if !ok && !c.loose && !c.adrift && (s.Part == 1 || c.began == happened) {
			return fmt.Errorf("%q although it looks as it did", it.text)
		}
	}
	return nil
}

// within says why h shows more than view, or in another order.
func within(h heard, view map[string]string) error {
	last := ""
	for _, it := range h.items {
		text, ok := view[it.id]
		switch {
		case it.gone && h.stamp.Full:
			return fmt.Errorf("%s is taken away from the full state", it.id)
		case it.gone && ok:
			return fmt.Errorf("%s is taken away but may be seen", it.id)
		case !it.gone && text != it.text:
			return fmt.Errorf("sent:\n\t%s\nbut may see:\n\t%s", it.text, text)
		case sortKey(it.id) <= last:
			return fmt.Errorf("%s stands in the wrong place", it.id)
		}
		last = sortKey(it.id)
	}
	return nil
}

func sortKey(id string) string {
	switch id {
	case "info":
		return "1"
	case "summary":
		return "2"
	}
	return "3" + id
}

// told notes what h made known when so many things had happened.
func (c *client) told(h heard, happened int) {
	if h.stamp.Part == 1 {
		c.began = happened
	}
	if h.stamp.Part == h.stamp.Parts {
		c.loose = c.began != happened
	}
	if h.stamp.Full && h.stamp.Part == 1 {
		clear(c.dirty)
		c.owed, c.may = false, false
	}
	for _, it := range h.items {
		delete(c.dirty, it.id)
	}
}
