package watch

import (
	"encoding/xml"
	"errors"
	"fmt"
	"time"
)

// place is where events come from if not from the group: a node of the server's
// own PubSub service (docs/protocol.md §3). Only the group's own word makes one.
type place struct{ service, node string }

// maxPlace bounds both words: none that is longer is an address (RFC 7622 §3).
const maxPlace = 3071

// wireSubscription is what a group says of a subscription.
type wireSubscription struct {
	Node      string `xml:"node,attr"`
	JID       string `xml:"jid,attr"`
	ID        string `xml:"subid,attr"`
	State     string `xml:"subscription,attr"`
	Published *struct {
		Service string `xml:"service,attr"`
		Node    string `xml:"node,attr"`
	} `xml:"urn:xmpp:tmp:group-presence:0 published"`
}

func (s *wireSubscription) place() place {
	p := s.Published
	if p == nil || p.Service == "" || p.Node == "" || max(len(p.Service), len(p.Node)) > maxPlace {
		return place{}
	}
	return place{p.Service, p.Node}
}

var errSubscription = errors.New("no subscription in the answer")

// Subscribed takes the iq by which the group answers a request to subscribe:
// it may say that events come from a node of the server's PubSub service. The
// table then believes that node, and asks for what there is, for such a node
// does not say when it has said everything.
func (t *Table) Subscribed(raw []byte) error {
	var w wireAnswer
	if err := xml.Unmarshal(raw, &w); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if w.From != "" && w.From != t.group {
		return fmt.Errorf("subscribe to %s: %w", t.group, errStranger)
	}
	if w.PubSub == nil || w.PubSub.Subscription == nil || w.PubSub.Subscription.Node != t.node {
		return fmt.Errorf("subscribe to %s: %w", t.group, errSubscription)
	}
	t.subscribed(w.PubSub.Subscription)
	return nil
}

// Published is where the group has said that events come from; "", "": from the
// group itself.
func (t *Table) Published() (service, node string) { return t.at.service, t.at.node }

// subscribed takes the group's word on the reader's own subscription.
func (t *Table) subscribed(s *wireSubscription) {
	t.id = s.ID
	t.at, t.closed = s.place(), false
	t.gap = t.gap || t.at != place{}
}

// concerns says whether the group speaks of the reader's own subscription.
func (t *Table) concerns(s *wireSubscription) bool {
	return s.Node == t.node && (t.id == "" || s.ID == "" || s.ID == t.id)
}

// close stops believing the place until the group was asked: who could make a
// node of that name may have made it since.
func (t *Table) close() {
	if t.at != (place{}) {
		t.closed, t.gap = true, true
	}
}

// doubts says whether the group is to be asked whose the place is.
func (t *Table) doubts() bool { return t.closed && t.gap && !t.asking && t.pages == nil }

// question is the request that says whether the place is still the group's.
func (t *Table) question() string {
	t.places = true
	b := append([]byte("<pubsub xmlns='"+nsPubSub+"'><subscriptions node='"), escaped(t.node)...)
	return string(append(b, "'/></pubsub>"...))
}

// settled takes the answer to it. A group that refuses to list has no places.
func (t *Table) settled(w *wireAnswer, err error) error {
	t.asking, t.places = false, false
	var no *refusedError
	if err == nil && w.Type == "error" {
		err = w.refusal()
	}
	if err != nil && (!errors.As(err, &no) || no.temporary) {
		t.gap = false
		return fmt.Errorf("get subscriptions of %s: %w", t.group, err)
	}
	t.at, t.closed = place{}, false
	if err != nil || w.PubSub == nil {
		return nil
	}
	for i := range w.PubSub.Subscriptions {
		if s := &w.PubSub.Subscriptions[i]; t.concerns(s) {
			t.at = s.place()
			break
		}
	}
	return nil
}

// posted takes a message from the place. A node says what is so, not since when;
// that it is no more says that what it told is over, and another of its name
// follows: only the group knows whether it is the group's.
func (t *Table) posted(e *wireEvent, at time.Time) Update {
	c := Update{Ours: true}
	switch {
	case e.names(t.at.node) && (e.Delete != nil || e.Purge != nil):
		c.Gap = true
		t.close()
	case e.Items == nil || e.Items.Node != t.at.node:
		return Update{}
	case t.closed: // what the group answers is younger
		return Update{Ours: true, Gap: true}
	case len(e.Items.Retract) > 0: // a group does not
		c.Gap, t.gap = true, true
	default:
		if t.pages != nil {
			t.pages.add(e.Items)
		}
		b := &batch{}
		b.add(e.Items)
		t.apply(b, at, &c)
	}
	return c
}

// names says whether the event is about that node.
func (e *wireEvent) names(node string) bool {
	for _, n := range []*wireNode{e.Delete, e.Purge} {
		if n != nil && n.Node == node {
			return true
		}
	}
	return e.Items != nil && e.Items.Node == node
}

func escaped(s string) []byte { return appendEscaped(nil, s) }
