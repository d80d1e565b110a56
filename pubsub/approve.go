package pubsub

import (
	"bytes"
	"context"
	"errors"
	"strconv"
	"strings"

	"mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Subscriptions that wait for an admin's word (XEP-0060 §8.6, §8.7). What he
// says decides about the membership: in a group, that is the way to watch.

const (
	nodePending   = NSPubSub + "#get-pending" // of the command
	formApproval  = NSPubSub + "#subscribe_authorization"
	fieldNode     = "pubsub#node"
	fieldSubID    = "pubsub#subid"
	fieldWho      = "pubsub#subscriber_jid"
	fieldAllow    = "pubsub#allow"
	approvalTitle = "PubSub subscriber request"

	maxPending   = 16 << 10 // bytes of the command
	maxApprovals = 64       // requests that one of them is answered with; the next ones when these are
)

// HandlesCommand says whether q is the command of XEP-0060 §8.7.
func (s *Service) HandlesCommand(q *Request) bool {
	if q.Space != nsCommands || !q.Set || q.Group == "" || len(q.Payload) > maxPending || !bytes.Contains(q.Payload, []byte("#get-pending")) {
		return false // as nearly always: who asks is the reading goroutine
	}
	var w wireCommand
	return decode(q.Payload, &w) == nil && w.Node == nodePending
}

type wireCommand struct {
	Node    string    `xml:"node,attr"`
	Action  string    `xml:"action,attr"`
	Session string    `xml:"sessionid,attr"`
	Form    *wireForm `xml:"jabber:x:data x"`
}

// pendingSession is the session of the command: it remembers nothing.
const pendingSession = "get-pending"

// pending answers the command: first which nodes somebody waits for, then,
// when one is chosen, by the requests themselves.
func (s *Service) pending(b []byte, g *roster.Group, d *roster.Description, q *Request) ([]byte, error) {
	var w wireCommand
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	if d.Power < roster.Admin {
		return b, forbidden
	}
	start := func(status string) {
		b = attr(append(b, "<command xmlns='"+nsCommands+"'"...), "node", nodePending)
		b = append(attr(attr(b, "sessionid", pendingSession), "status", status), '>')
	}
	node := w.Form.value(fieldNode)
	switch {
	case w.Action == "cancel":
		start("canceled")
		return append(b, "</command>"...), nil
	case w.Form == nil || node == "":
		options := []form.Option{form.Label("Node")}
		for _, n := range d.Nodes {
			if all, err := g.Subscribers(q.Bare(), n); err == nil && len(pendingOf(all)) > 0 {
				options = append(options, form.ListItem(nodeTitles[n], nodeName(n)))
			}
		}
		start("executing")
		b = append(b, "<actions execute='complete'><complete/></actions>"...)
		b, err := appendData(b, "form", form.New(form.Hidden("FORM_TYPE", form.Value(formApproval)), form.List(fieldNode, options...)))
		return append(b, "</command>"...), err
	}
	if err := owns(d, node); err != nil {
		return b, err
	}
	n, err := parseNode(node)
	if err != nil {
		return b, err
	}
	all, err := g.Subscribers(q.Bare(), n)
	if err != nil {
		return b, err
	}
	waiting := pendingOf(all)
	for _, rec := range waiting[:min(len(waiting), maxApprovals)] {
		if q.after, err = s.appendApproval(q.after, g.Name(), q.From, &rec); err != nil {
			return b, err
		}
	}
	start("completed")
	return append(b, "</command>"...), nil
}

func pendingOf(all []roster.SubscriptionRecord) (waiting []roster.SubscriptionRecord) {
	for _, rec := range all {
		if rec.Pending {
			waiting = append(waiting, rec)
		}
	}
	return waiting
}

// appendApproval appends the request that an admin is asked to answer (§8.6).
func (s *Service) appendApproval(b []byte, group, to string, rec *roster.SubscriptionRecord) ([]byte, error) {
	b = frame.AppendAttr(append(b, "<message from='"...), group+"@"+s.Domain)
	b = append(attr(attr(append(b, '\''), "to", to), "id", "approve-"+rec.ID), '>')
	b, err := AppendApproval(b, rec)
	return append(b, "</message>"...), err
}

// AppendApproval appends the form of such a request.
func AppendApproval(b []byte, rec *roster.SubscriptionRecord) ([]byte, error) {
	return appendData(b, "form", form.New(
		form.Title(approvalTitle),
		form.Hidden("FORM_TYPE", form.Value(formApproval)),
		form.Hidden(fieldSubID, form.Value(rec.ID)),
		form.Text(fieldNode, form.Label("Node"), form.Value(NS+"#"+rec.Node)),
		form.JID(fieldWho, form.Label("Who wants to join"), form.Value(rec.Owner)),
		form.Boolean(fieldAllow, form.Label("Allow it?"), form.Value("false")),
	))
}

// Approve takes in an admin's answer to such a request: payload is the form.
// handled is false if it is another form. Errors as of [roster.Group.Approve].
func (s *Service) Approve(ctx context.Context, group, from string, payload []byte) (handled bool, err error) {
	var f wireForm
	if decode(payload, &f) != nil || f.value("FORM_TYPE") != formApproval {
		return false, nil
	}
	g, err := s.Roster.Group(ctx, group)
	if err != nil {
		return true, err
	}
	actor, _, _ := strings.Cut(from, "/")
	if g.Power(actor) < roster.Admin {
		return true, roster.ErrForbidden
	}
	if f.Type == "cancel" {
		return true, nil // it goes on waiting
	}
	who, err := bareJID(f.value(fieldWho))
	if err != nil {
		return true, err
	}
	allow, err := strconv.ParseBool(strings.TrimSpace(f.value(fieldAllow)))
	if err != nil {
		return true, errors.New("neither allowed nor not")
	}
	if allow {
		return true, g.Approve(ctx, actor, who)
	}
	return true, g.Reject(ctx, actor, who)
}

// value is the first value of a field; f may be nil.
func (f *wireForm) value(name string) string {
	if f == nil {
		return ""
	}
	for i := range f.Fields {
		if f.Fields[i].Var == name && len(f.Fields[i].Values) > 0 {
			return f.Fields[i].Values[0]
		}
	}
	return ""
}
