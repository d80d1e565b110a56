package component

import (
	"bytes"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// telling is one item of a peer's that is being read.
type telling struct {
	s     *Service
	p     proof
	keeps policy.Mask // what may be held of him: of the rest nothing is taken

	show       roster.Show // combined
	status     string
	idle       string
	connection roster.Connection
	can        *roster.Capabilities
	told       roster.Told
	items      map[policy.Mask][]byte
	reports    []pubsub.Reported
}

// peerItem takes in what one item says: in stands at its start. What is not
// there is not so any more.
func (s *Service) peerItem(t *taking, jid string, in *frame.Scanner) {
	x := &telling{s: s, p: proof{t.g, jid}, keeps: t.g.Acquired(jid), items: map[policy.Mask][]byte{}}
	s.text, s.said.n = s.text[:0], 0
	for in.Next() && in.Depth > 4 {
		switch {
		case in.Kind != frame.Start:
		case in.Depth == 5 && !in.Is(pubsub.NS, "member"):
			in.Skip()
		case in.Depth == 6:
			x.child(in)
		}
	}
	x.take()
}

// child takes in one element of the member's, and moves behind it.
func (x *telling) child(in *frame.Scanner) {
	wants := func(kind policy.Mask) bool { return x.keeps&kind != 0 }
	switch {
	case in.Is("jabber:client", "presence"):
		x.presence(in)
		return
	case in.Is(pubsub.NSIdle, "idle") && wants(policy.Idle):
		if since := in.Attr("since"); len(since) <= maxStamp {
			x.idle = string(since)
		}
	case in.Is(pubsub.NS, "device"):
		x.device(in)
		return
	case in.Is(pubsub.NS, "connection") && wants(policy.Connection):
		x.connection = connectionOf(in.Attr("state"))
	case in.Is(pubsub.NS, "capabilities") && wants(policy.Capabilities):
		x.can = x.capabilities(in)
		return
	case in.Is(pubsub.NSUpdate, "x") && wants(policy.Avatar):
		x.told.Photo = slices.Clone(x.s.photo(in))
		return
	case in.Is(pubsub.NS, "willing") && wants(policy.Willingness):
		if w, ok := cutOut(in, pubsub.ReadWilling); ok && len(x.told.Willing) < roster.MaxWilling {
			x.told.Willing = append(x.told.Willing, w)
		}
		return
	case in.Is(pubsub.NS, "reported") && wants(policy.Status|policy.Activity):
		if r, ok := cutOut(in, pubsub.ReadReported); ok && len(x.reports) < roster.MaxTrusts {
			x.reports = append(x.reports, r)
		}
		return
	default:
		kind := pubsub.ItemElement(plain(in.NS()), string(in.Local()))
		if payload, ok := in.Cut(nil); ok && wants(kind) && x.items[kind] == nil {
			x.items[kind] = payload
		}
		return
	}
	in.Skip()
}

// cutOut reads an element, and moves behind it.
func cutOut[T any](in *frame.Scanner, read func([]byte) (T, error)) (v T, ok bool) {
	raw, ok := in.Cut(nil)
	if !ok {
		return v, false
	}
	v, err := read(raw)
	return v, err == nil
}

// presence reads the one state.
func (x *telling) presence(in *frame.Scanner) {
	x.show = roster.Online
	if len(in.Attr("type")) > 0 {
		x.show = roster.Offline
	}
	for depth := in.Depth; in.Next() && (in.Kind != frame.End || in.Depth != depth); {
		switch {
		case in.Kind != frame.Start || in.Depth != depth+1:
		case in.Is("jabber:client", "show") && x.show != roster.Offline && x.keeps&policy.Show != 0:
			x.show = roster.ParseShow(bytes.TrimSpace(x.s.value(in)))
		case in.Is("jabber:client", "status") && x.keeps&policy.Status != 0:
			lang := in.Attr("xml:lang")
			x.s.said.add(lang, x.s.value(in))
		}
	}
	x.status = string(x.s.said.whole(&x.s.text))
}

// device reads one of his.
func (x *telling) device(in *frame.Scanner) {
	d := roster.ToldDevice{Resource: plain(in.Attr("name")), Presence: roster.Presence{Show: roster.Online}}
	if x.keeps&policy.Show != 0 {
		d.Show = roster.ParseShow(in.Attr("show"))
	}
	if x.keeps&policy.Connection != 0 {
		d.Connection = connectionOf(in.Attr("connection"))
	}
	for depth := in.Depth; in.Next() && (in.Kind != frame.End || in.Depth != depth); {
		if in.Kind == frame.Start && in.Depth == depth+1 && in.Is(pubsub.NS, "capabilities") && x.keeps&policy.Capabilities != 0 {
			d.Can = x.capabilities(in)
		}
	}
	if d.Resource != "" && len(d.Resource) <= maxResource && len(x.told.Devices) < roster.MaxDevices {
		x.told.Devices = append(x.told.Devices, d)
	}
}

// maxResource bounds the name of a device, in bytes (RFC 7622 §3.4).
const maxResource = 1023

// capabilities reads what a device, or all, can do.
func (x *telling) capabilities(in *frame.Scanner) *roster.Capabilities {
	c, _ := cutOut(in, pubsub.ReadCan)
	return c
}

// connectionOf is what is said; what nobody can read is not said.
func connectionOf(state []byte) roster.Connection {
	c, err := roster.ParseConnection(string(state))
	if err != nil {
		return roster.On
	}
	return c
}

// take lets the group hear what was read.
func (x *telling) take() {
	if x.show == roster.Offline {
		x.told, x.items, x.reports = roster.Told{}, nil, nil
	} else {
		x.report()
		x.speaks()
	}
	for r := roster.Published &^ policy.Willingness; r != 0; r &= r - 1 {
		kind := r & -r
		if payload := x.items[kind]; payload != nil {
			x.s.passOn(x.p, kind, payload)
		} else {
			x.s.pace.published(x.p.g, x.p.jid, kind, nil, roster.Exact, true)
		}
	}
	x.s.pace.told(x.p.g, x.p.jid, &x.told)
}

// report takes the words out that others said on his behalf: they are no longer
// so when their time is over, whether the peer is still there or not.
func (x *telling) report() {
	for _, r := range x.reports {
		one := roster.Report{Bot: r.Source, Until: r.Until}
		if r.Of.Has(policy.Status) && !strings.HasPrefix(x.status, "\x00") {
			one.Status, x.status = x.status, ""
		}
		if r.Of.Has(policy.Activity) && x.items[policy.Activity] != nil {
			one.Activity = string(x.items[policy.Activity])
			delete(x.items, policy.Activity)
			if empty, err := pubsub.CheckPublished(policy.Activity, []byte(one.Activity)); err != nil || empty {
				one.Activity = ""
			}
		}
		x.told.Reports = append(x.told.Reports, one)
	}
}

// speaks brings the device that speaks for him to the front: one that is as the
// peer says that he is.
func (x *telling) speaks() {
	all := x.told.Devices
	i := slices.IndexFunc(all, func(d roster.ToldDevice) bool { return d.Show == x.show })
	switch {
	case len(all) == 0:
		all = []roster.ToldDevice{{Resource: peerDevice, Connection: x.connection, Presence: roster.Presence{Can: x.can}}}
		i = 0
	case i < 0:
		i = 0
	}
	all[0], all[i] = all[i], all[0]
	d := &all[0]
	d.Show, d.Status, d.Idle, d.At = x.show, []byte(x.status), []byte(x.idle), x.s.cfg.Now().Unix()
	x.told.Devices = all
}

// passOn takes in something that he published, as the peer shows it.
func (s *Service) passOn(p proof, kind policy.Mask, payload []byte) {
	var allowed roster.Precision
	if kind == policy.Location {
		var err error
		if allowed, err = p.g.Precision(p.jid); err != nil {
			return // a member no more
		}
	}
	payload, err := pubsub.ReadItem(kind, payload, allowed)
	if err != nil {
		s.counts.dropped[malformed].Add(1)
	}
	s.pace.published(p.g, p.jid, kind, payload, allowed, false)
}
