package component

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/hex"
	"strconv"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// onPresence takes a presence stanza. State goes straight to the group; what
// may touch the store goes to a worker.
func (s *Service) onPresence(st *frame.Stanza) {
	name := local(st.To)
	if name == nil {
		s.onCopy(st) // the service itself is nobody's contact
		return
	}
	switch string(st.Type) {
	case "", "unavailable":
		g := s.Roster.Loaded(name)
		if g == nil {
			s.load(name) // its sweep will ask again
			return
		}
		bare, resource := split(st.From)
		if bytes.IndexByte(resource, '&') >= 0 {
			s.resource = frame.Unescape(s.resource[:0], resource)
			resource = s.resource
		}
		s.decodePresence(st)
		if p := &s.caps; string(st.Type) != "" {
			s.herald.gone(g.Name(), bare, resource)
			g.Departed(bare, resource)
		} else if len(p.ver) > 0 {
			s.presence.Can = s.herald.hear(g, bare, resource, p)
		}
		if leak.Face == "log" {
			s.log.Info("presence", "status", string(s.presence.Status))
		}
		s.pace.hear(g, bare, resource, &s.presence)
	case "error":
		s.bounced(st)
	case "subscribe", "subscribed", "unsubscribe", "unsubscribed", "probe":
		s.subscription(string(name), plain(st.From), string(st.Type))
	}
}

// decodePresence reads what the stanza says of the device into s.presence.
func (s *Service) decodePresence(st *frame.Stanza) {
	p := &s.presence
	*p, s.caps = roster.Presence{Show: roster.Online}, capsTag{}
	if len(st.Type) > 0 {
		p.Show = roster.Offline
		return
	}
	s.text, s.said.n = s.text[:0], 0
	in := &s.scan
	for in.Reset(st.Inner); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 1 {
			continue
		}
		switch string(in.Name) {
		case "show":
			p.Show = roster.ParseShow(bytes.TrimSpace(s.value(in)))
		case "status":
			lang := in.Attr("xml:lang")
			s.said.add(lang, s.value(in))
		case "priority":
			n, err := strconv.ParseInt(string(bytes.TrimSpace(s.value(in))), 10, 8)
			if err == nil {
				p.Priority = int8(n)
			}
		case "idle":
			if since := in.Attr("since"); string(in.NS()) == pubsub.NSIdle && len(since) <= maxStamp {
				p.Idle = since
			}
		case "x":
			if string(in.NS()) == pubsub.NSUpdate {
				p.Photo = s.photo(in)
			}
		case "c":
			switch string(in.NS()) {
			case pubsub.NSCaps:
				if string(s.caps.hash) != newCaps {
					s.caps.read(in)
				}
			case pubsub.NSCaps2:
				s.caps.readNew(in, func() []byte { return s.value(in) })
			}
		case "delay":
			if stamp := in.Attr("stamp"); string(in.NS()) == nsDelay && len(stamp) <= maxStamp {
				p.Delayed = true
				if t, err := time.Parse(time.RFC3339, string(stamp)); err == nil {
					p.At = t.Unix()
				}
			}
		default:
			in.Skip()
		}
	}
	p.Status = s.said.whole(&s.text)
}

const maxStamp = 40 // bytes of a date and time (XEP-0082)

// photo reads the hash of a picture from the update of a vCard (XEP-0153 §4.2):
// nil if nothing is said of one, empty if there is none.
func (s *Service) photo(in *frame.Scanner) (hash []byte) {
	for depth := in.Depth; in.Next() && (in.Kind != frame.End || in.Depth != depth); {
		if in.Kind != frame.Start || in.Depth != depth+1 || string(in.Local()) != "photo" {
			continue
		}
		switch hash = bytes.TrimSpace(s.value(in)); {
		case len(hash) == 0:
			hash = []byte{}
		case !isHash(hash):
			s.counts.dropped[malformed].Add(1)
			return nil
		}
	}
	return hash
}

// isHash says whether b is a SHA-1 in hexadecimal.
func isHash(b []byte) bool {
	var sum [sha1.Size]byte
	n, err := hex.Decode(sum[:], b[:min(len(b), 2*len(sum))])
	return err == nil && n == len(sum) && len(b) == 2*n
}

// value reads the text of the current element into the room kept for it.
func (s *Service) value(in *frame.Scanner) []byte {
	from := len(s.text)
	s.text = in.AppendValue(s.text)
	return s.text[from:]
}

// proved is what the server says, in other words, of a member whose answer to
// our request was lost.
const proved = "proved"

// subscription puts a subscription stanza to the group's worker. Some servers
// send them from a full JID; the subscription is the bare one's.
func (s *Service) subscription(name, from, typ string) {
	bare, _, _ := bytes.Cut([]byte(from), []byte("/"))
	jid := string(bare)
	if g := s.Roster.Loaded([]byte(name)); g != nil && typ == roster.Unsubscribed.String() {
		g.Approves(jid, false) // at once, whatever waits for the store
	}
	s.workers.put(name, func(ctx context.Context) {
		ctx = audit.By(ctx, jid)
		g, err := s.Roster.Group(ctx, name)
		if err != nil {
			s.stranger(name, jid, typ)
			return
		}
		switch typ {
		case "subscribe":
			err = g.OnSubscribe(ctx, jid)
			s.attend.put(g) // his devices may have wishes
		case "subscribed":
			err = g.OnSubscribed(ctx, jid)
		case "unsubscribe":
			s.herald.forget(name, jid)
			err = g.OnUnsubscribe(ctx, jid)
		case "unsubscribed":
			err = g.OnUnsubscribed(ctx, jid)
		case "probe":
			g.OnProbe(jid, from)
			s.herald.seen(g, from)
			s.attend.hasten(g)
		case proved:
			err = g.OnProved(ctx, jid)
		}
		if err != nil {
			s.log.Error("presence subscription not stored", "group", name, "type", typ, "error", err)
		}
	})
}

// stranger answers for a name that is not used, as a group answers a
// stranger: nobody can tell the two apart.
func (s *Service) stranger(name, jid, typ string) {
	if (typ == "subscribe" || typ == "probe") && leak.Face != "presence" {
		(&outlet{s}).Presence(name, jid, roster.Unsubscribed)
	}
}

// load brings a group into memory, if there is one of that name.
func (s *Service) load(raw []byte) {
	name := string(raw)
	s.workers.put(name, func(ctx context.Context) {
		if _, err := s.Roster.Group(ctx, name); err != nil {
			s.log.Debug("presence for an unused name", "error", err)
		}
	})
}
