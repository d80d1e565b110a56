package component

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// inquiry is the question what some capabilities are. The devices that claim
// them are asked one after the other, until one can prove what it says
// (XEP-0115 §5.4): nobody answers for others.
type inquiry struct {
	asked *device // nil: nobody is being asked
	rest  []*device
	in    map[*device]struct{} // those in rest, and asked: each is there once
	mute  map[string]int       // by bare JID, whose devices did not answer: how many
}

// inquire notes that d's capabilities are to be found out. mu is held.
func (h *herald) inquire(d *device) {
	q := h.asking[d.caps]
	if q == nil {
		if len(h.asking) >= maxInquiries {
			d.caps = "" // its next presence is another chance
			return
		}
		q = &inquiry{in: map[*device]struct{}{}, mute: map[string]int{}}
		h.asking[d.caps] = q
	}
	if _, known := q.in[d]; known {
		return
	}
	q.in[d] = struct{}{}
	q.rest = append(q.rest, d)
}

// ask asks the next device that claims caps, unless one is being asked.
func (h *herald) ask(caps string) {
	payload := []byte("<query xmlns='" + pubsub.NSInfo + "'")
	if _, ref, _ := strings.Cut(caps, " "); !strings.HasPrefix(caps, unsaid) {
		payload = append(frame.AppendRaw(append(payload, " node='"...), []byte(ref)), '\'')
	}
	payload = append(payload, "/>"...)
	for {
		d := h.next(caps)
		if d == nil {
			return
		}
		from := d.group + "@" + h.s.cfg.Link.Domain + "/" + pubsub.Resource
		err := h.s.Link.Request("get", from, d.full(), payload, infoTime, func(st *frame.Stanza, err error) {
			h.answered(caps, d, st, err)
			h.ask(caps)
		})
		if err == nil {
			return
		}
		h.answered(caps, d, nil, err)
	}
}

// next takes the first device that may be asked what caps are; nil if one is
// being asked, or none is left, which ends the inquiry.
func (h *herald) next(caps string) *device {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.asking[caps]
	if q == nil || q.asked != nil {
		return nil
	}
	for len(q.rest) > 0 {
		d := q.rest[0]
		q.rest = q.rest[1:]
		switch {
		case d.caps != caps: // by now it says something else
			delete(q.in, d)
		case q.mute[d.bare] >= maxMute: // others wait
			delete(q.in, d)
			d.caps = ""
		case h.busy[d.bare] >= maxAsking:
			delete(q.in, d)
			d.caps = ""
		default:
			q.asked = d
			h.busy[d.bare]++
			return d
		}
	}
	delete(h.asking, caps)
	return nil
}

// answered takes in what d says that caps are, or that it says nothing.
func (h *herald) answered(caps string, d *device, st *frame.Stanza, err error) {
	info, ok := capabilities(st, err)
	for _, d := range h.found(caps, d, info, ok) {
		if g := h.s.Roster.Loaded([]byte(d.group)); g != nil {
			h.wishes(g, d.bare, d.resource, d.wish)
			if d.can != nil {
				h.s.pace.capable(g, d.bare, d.resource, d.can)
			}
		}
	}
}

// found puts an answer in force, and lists the devices that it is true of.
func (h *herald) found(caps string, d *device, info pubsub.Capabilities, ok bool) (all []device) {
	h.mu.Lock()
	defer h.mu.Unlock()
	q := h.asking[caps]
	if h.busy[d.bare]--; h.busy[d.bare] <= 0 {
		delete(h.busy, d.bare)
	}
	q.asked = nil
	delete(q.in, d)
	of, now := []*device{d}, proven{wish: info.Wish}
	algo, hash, new, key := proofOf(caps)
	switch {
	case !ok:
		q.mute[d.bare]++
		if d.caps == caps && !strings.HasPrefix(caps, unsaid) {
			d.caps = "" // its next presence is another chance
		}
		return nil
	case info.Proves(algo, hash, new):
		if len(h.proven) >= maxProven {
			clear(h.proven)
		}
		of, q.rest = append(of, q.rest...), nil
		if now.read = h.proven[key].read || slices.ContainsFunc(of, func(d *device) bool { return d.caps == caps && d.wanted }); now.read {
			now.can = info.Can()
		}
		h.proven[key] = now
	}
	for _, d := range of {
		if d.caps != caps {
			continue
		}
		if d.proven = now; !d.wanted {
			d.read, d.can = false, nil
		}
		all = append(all, *d)
	}
	return all
}

// capabilities reads an answer to disco#info.
func capabilities(st *frame.Stanza, err error) (c pubsub.Capabilities, ok bool) {
	if err != nil || string(st.Type) != "result" || len(st.Raw) > maxInfo {
		return c, false
	}
	var in frame.Scanner
	for in.Reset(st.Raw); in.Next(); {
		if in.Kind == frame.Start && in.Depth == 2 && in.Is(pubsub.NSInfo, "query") {
			payload, whole := in.Cut(nil)
			if !whole {
				return c, false
			}
			c, err = pubsub.ReadCapabilities(payload)
			return c, err == nil
		}
	}
	return c, false
}

// asks says whether a question is under way.
func (h *herald) asks() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.busy) > 0
}
