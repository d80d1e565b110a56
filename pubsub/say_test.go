package pubsub_test

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/model"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// outgoing is what the group wants of its server.
type outgoing struct{ kind, jid, node string }

var conditionOf = regexp.MustCompile(`<error type='\w+'><([a-z-]+) `)

// condition is that of an error, "" if the answer is none.
func condition(answer string) string {
	if m := conditionOf.FindStringSubmatch(answer); m != nil {
		return m[1]
	}
	return ""
}

// allows sets what jid lets others see, and returns the answer.
func (h *house) allows(jid, text string) string {
	h.t.Helper()
	a := &policy.Authorization{Share: true}
	if text != "nothing" {
		var err error
		a, err = policy.ParseAuthorization(text)
		h.must(err)
	}
	return h.request(jid, "set", authorizationXML(a))
}

// authorizationXML is a policy as a bot writes it.
func authorizationXML(a *policy.Authorization) string {
	s := fmt.Sprintf("<authorization xmlns='%s' share='%t'", ns, a.Share)
	if len(a.Hide) > 0 {
		s += " hide='" + model.Attr("jid:"+strings.Join(a.Hide, " jid:")) + "'"
	}
	s += ">"
	for _, r := range a.Rules {
		s += "<rule who='" + model.Attr(r.Who.String()) + "' attributes='" + r.Attributes.String() + "'"
		if r.Except != 0 {
			s += " except='" + r.Except.String() + "'"
		}
		if !r.From.IsZero() {
			s += " from='" + r.From.Format(time.RFC3339) + "'"
		}
		if !r.Until.IsZero() {
			s += " until='" + r.Until.Format(time.RFC3339) + "'"
		}
		s += "/>"
	}
	return s + "</authorization>"
}

// hear is a device's presence, or what the server tells of it again.
func (h *house) hear(jid, device string, d *model.Device, again bool) {
	p := &roster.Presence{}
	if d != nil {
		p = &roster.Presence{Show: roster.ParseShow([]byte(d.Show)), Priority: int8(d.Priority), Status: statuses(d), Idle: []byte(d.Idle),
			Delayed: again, Can: abilities(d.Can)}
	}
	h.g.Hear([]byte(jid), []byte(device), p)
}

// statuses is what a device says, in all its languages.
func statuses(d *model.Device) (b []byte) {
	if len(d.Texts) == 0 {
		return []byte(d.Status)
	}
	if d.Status != "" {
		b = roster.AppendStatus(b, "", []byte(d.Status))
	}
	for _, lang := range slices.Sorted(maps.Keys(d.Texts)) {
		b = roster.AppendStatus(b, lang, []byte(d.Texts[lang]))
	}
	return b
}

// abilities are words and identities as the service has them.
func abilities(can []string) *roster.Capabilities {
	var ids []roster.Identity
	var able roster.Ability
	for _, w := range can {
		if category, kind, ok := strings.Cut(w, "/"); ok {
			ids = append(ids, roster.Identity{Category: category, Type: kind})
		} else {
			able |= map[string]roster.Ability{"audio": roster.Audio, "video": roster.Video, "files": roster.Files, "omemo": roster.OMEMO}[w]
		}
	}
	return roster.NewCapabilities(ids, able)
}

// attend is the server, and those whom it asks.
func (h *house) attend() {
	h.t.Helper()
	for {
		var events []outgoing
		h.note(func() { events, h.events = h.events, nil })
		if len(events) == 0 {
			return
		}
		for _, e := range events {
			h.outgoing(e)
		}
	}
}

func (h *house) outgoing(e outgoing) {
	h.t.Helper()
	ctx := context.Background()
	switch e.kind {
	case "wanted":
		ask, probe := h.g.Wants()
		for _, jid := range probe {
			h.outgoing(outgoing{kind: "probe", jid: jid})
		}
		h.must(h.g.Asked(ctx, ask))
		for _, jid := range ask {
			if h.no[jid] {
				h.must(h.g.OnUnsubscribed(ctx, jid))
			} else {
				h.must(h.g.OnSubscribed(ctx, jid))
			}
		}
		return
	case "probe": // nobody is told
		h.again = true
		for _, d := range h.w.devices[e.jid] {
			h.hear(e.jid, d.Name, &d, true)
		}
		return
	case "ended":
		delete(h.tables, tableKey(e.jid, e.node))
	case "unavailable", "unsubscribed":
		delete(h.tables, tableKey(e.jid, "contact"))
	}
	h.told[bare(e.jid)] = append(h.told[bare(e.jid)], fmt.Sprint(e))
}

// request puts a request of jid's to the group and returns the answer.
func (h *house) request(jid, typ, payload string) string {
	h.t.Helper()
	from := jid
	if !strings.Contains(jid, "/") {
		from += "/home"
	}
	h.asked++
	id := fmt.Sprint("q", h.asked)
	var in frame.Scanner
	in.Reset([]byte(payload))
	if !in.Next() {
		h.t.Fatalf("%s is no element", payload)
	}
	q := &pubsub.Request{Set: typ == "set", From: from, To: team, Group: h.w.m.Name, ID: id,
		Space: string(in.NS()), Local: string(in.Local()), Payload: []byte(payload)}
	answer := string(h.service.Handle(context.Background(), nil, q))
	if q.Local != "connection" {
		h.w.alive(from)
		h.look()
	}
	if answer == "" {
		h.settle()
		answer = h.answers[from+" "+id]
	}
	if answer == "" {
		h.t.Fatalf("%s is not answered: %s", from, payload)
	}
	return answer
}

func pubsubXML(inner string) string {
	return "<pubsub xmlns='http://jabber.org/protocol/pubsub'>" + inner + "</pubsub>"
}

func nodeAndJID(a act) string {
	return "node='" + ns + "#" + a.node + "' jid='" + model.Attr(a.jid) + "'"
}

// subscribes wants the receiving policy in its text form; with "-" it says
// nothing of it.
func (h *house) subscribes(jid, node, wants string) string {
	h.t.Helper()
	options := ""
	if wants != "-" {
		options = "<options>" + form(wants) + "</options>"
	}
	return h.request(jid, "set", pubsubXML("<subscribe "+nodeAndJID(act{jid: jid, node: node})+"/>"+options))
}

// form is a receiving policy as the form says it.
func form(text string) string {
	r, format := receiving(text), "xml"
	if strings.Contains(text, asJSON) {
		format = "json"
	}
	field := func(name string, values ...string) string {
		s := "<field var='" + name + "'>"
		for _, v := range values {
			s += "<value>" + model.Text(v) + "</value>"
		}
		return s + "</field>"
	}
	return "<x xmlns='jabber:x:data' type='submit'>" +
		field("FORM_TYPE", "http://jabber.org/protocol/pubsub#subscribe_options") +
		field("pubsub#deliver", fmt.Sprint(!r.Refuse)) +
		field("{"+ns+"}members", r.Members...) +
		field("{"+ns+"}roles", r.Roles...) +
		field("{"+ns+"}same-role", fmt.Sprint(r.SameRole)) +
		field("{"+ns+"}attributes", r.Attributes...) + field("{"+ns+"}format", format) + "</x>"
}

// items asks for all items of a node.
func (h *house) items(jid, node, more string) string {
	h.t.Helper()
	return h.request(jid, "get", pubsubXML("<items node='"+ns+"#"+node+"'/>"+more))
}

var proposalOf = regexp.MustCompile(`<proposal id='([^']*)'.*</proposal>`)

// agrees says yes to what is proposed, and returns the answer.
func (h *house) agrees(jid string) string {
	h.t.Helper()
	id := ""
	if p := proposalOf.FindStringSubmatch(h.request(jid, "get", "<authorization xmlns='"+ns+"'/>")); p != nil {
		id = p[1]
	}
	return h.request(jid, "set", "<authorization xmlns='"+ns+"' agree='"+id+"'/>")
}
