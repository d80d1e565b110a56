package pubsub

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"

	"mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The fields of a subscription's options (XEP-0060 §16.4.1, and ours).
const (
	formOptions   = NSPubSub + "#subscribe_options"
	fieldDeliver  = "pubsub#deliver"
	fieldMembers  = "{" + NS + "}members"
	fieldRoles    = "{" + NS + "}roles"
	fieldSameRole = "{" + NS + "}same-role"
	fieldOf       = "{" + NS + "}attributes"
)

// wireForm is a data form as it is submitted (XEP-0004). Submits do not say
// what type a field has.
type wireForm struct {
	Fields []struct {
		Var    string   `xml:"var,attr"`
		Values []string `xml:"value"`
	} `xml:"field"`
}

type wireOptions struct {
	Node  string    `xml:"node,attr"`
	JID   string    `xml:"jid,attr"`
	SubID string    `xml:"subid,attr"`
	Form  *wireForm `xml:"jabber:x:data x"`
}

// receiving reads submitted options over those in force. A field that is not
// there stays as it was; a field the service does not know is refused, so
// that nobody relies on what does not happen.
func (f *wireForm) receiving(r policy.Receiving) (*policy.Receiving, error) {
	for _, field := range f.Fields {
		var err error
		switch field.Var {
		case "FORM_TYPE", "":
		case fieldDeliver:
			r.Refuse, err = boolean(field.Values)
			r.Refuse = !r.Refuse
		case fieldMembers:
			r.Members, err = jids(field.Values)
		case fieldRoles:
			r.Roles = words(field.Values)
		case fieldSameRole:
			r.SameRole, err = boolean(field.Values)
		case fieldOf:
			r.Attributes, err = policy.ParseMask(strings.Join(field.Values, " "))
		default:
			err = fmt.Errorf("is not an option of this service")
		}
		if err != nil {
			return nil, optionError(field.Var, err)
		}
	}
	r.Normalise()
	if err := r.Check(); err != nil {
		return nil, optionError("options", err)
	}
	return &r, nil
}

// optionError is XEP-0060 §6.3.5.5, with the field that is wrong.
func optionError(field string, err error) Error {
	e := BadRequest
	e.App, e.Text = "invalid-options", field+": "+err.Error()
	return e
}

func boolean(values []string) (bool, error) {
	if len(values) == 1 {
		if b, err := strconv.ParseBool(strings.TrimSpace(values[0])); err == nil {
			return b, nil
		}
	}
	return false, fmt.Errorf("is neither true nor false")
}

func jids(values []string) ([]string, error) {
	var all []string
	for _, v := range words(values) {
		bare, err := bareJID(v)
		if err != nil {
			return nil, err
		}
		all = append(all, bare)
	}
	return all, nil
}

// words are the values of a list; some clients put several into one.
func words(values []string) []string { return strings.Fields(strings.Join(values, " ")) }

// optionsForm shows r as a form to be filled in.
func optionsForm(r *policy.Receiving) *form.Data {
	values := func(list []string) (o []form.Option) {
		for _, v := range list {
			o = append(o, form.Value(v))
		}
		return o
	}
	all := strings.Fields(policy.All.String())
	wanted := strings.Fields(r.Attributes.String())
	if r.Attributes == 0 {
		wanted = all
	}
	of := append(values(wanted), form.Label("Of each member, only this"))
	for _, w := range all {
		of = append(of, form.ListItem(w, w))
	}
	return form.New(
		form.Hidden("FORM_TYPE", form.Value(formOptions)),
		form.Boolean(fieldDeliver, form.Label("Send me group presence"), form.Value(strconv.FormatBool(!r.Refuse))),
		form.JIDMulti(fieldMembers, append(values(r.Members), form.Label("Only these members (none: all)"))...),
		form.TextMulti(fieldRoles, append(values(r.Roles), form.Label("Only members with one of these roles (none: all)"))...),
		form.Boolean(fieldSameRole, form.Label("Only members with a role of mine"), form.Value(strconv.FormatBool(r.SameRole))),
		form.ListMulti(fieldOf, of...),
	)
}

// options answers XEP-0060 §6.3: get shows the options of a subscription, set
// changes them.
func (s *Service) options(ctx context.Context, b []byte, g *roster.Group, w *wireOptions, q *Request) ([]byte, error) {
	jid, ok := subscriber(q, w.JID)
	if !ok {
		return b, invalidJID
	}
	n, err := requiredNode(w.Node)
	if err != nil {
		return b, err
	}
	r, err := g.Receiving(q.Bare(), jid, n, w.SubID)
	if err != nil {
		return b, err
	}
	if q.Set {
		if w.Form == nil {
			return b, BadRequest
		}
		changed, err := w.Form.receiving(r)
		if err != nil {
			return b, err
		}
		return b, g.Configure(ctx, q.Bare(), jid, n, w.SubID, changed)
	}
	b = append(b, "<pubsub xmlns='"+NSPubSub+"'><options"...)
	b = attr(attr(b, "node", w.Node), "jid", jid)
	if b, err = appendForm(append(b, '>'), &r); err != nil {
		return b, err
	}
	return append(b, "</options></pubsub>"...), nil
}

// defaults answers XEP-0060 §6.4: what a subscription without options is
// like.
func defaults(b []byte, d *roster.Description, w *wireOptions) ([]byte, error) {
	if w.Node != "" {
		if n, err := parseNode(w.Node); err != nil || !d.Has(n) {
			return b, roster.ErrNoNode
		}
	}
	b = append(b, "<pubsub xmlns='"+NSPubSub+"'><default"...)
	b, err := appendForm(append(optional(b, "node", w.Node), '>'), &policy.Receiving{})
	return append(b, "</default></pubsub>"...), err
}

func appendForm(b []byte, r *policy.Receiving) ([]byte, error) {
	var buf bytes.Buffer
	e := xml.NewEncoder(&buf)
	if _, err := optionsForm(r).WriteXML(e); err != nil {
		return b, fmt.Errorf("write form: %w", err)
	}
	if err := e.Flush(); err != nil {
		return b, fmt.Errorf("write form: %w", err)
	}
	return append(b, buf.Bytes()...), nil
}
