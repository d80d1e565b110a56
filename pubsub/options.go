package pubsub

import (
	"bytes"
	"cmp"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The fields of a subscription's options (XEP-0060 §16.4.2, and ours).
const (
	formOptions   = NSPubSub + "#subscribe_options"
	fieldDeliver  = "pubsub#deliver"
	fieldDigest   = "pubsub#digest"
	fieldEvery    = "pubsub#digest_frequency"
	fieldBody     = "pubsub#include_body"
	fieldExpire   = "pubsub#expire"
	fieldShows    = "pubsub#show-values"
	fieldMembers  = "{" + NS + "}members"
	fieldRoles    = "{" + NS + "}roles"
	fieldSameRole = "{" + NS + "}same-role"
	fieldOf       = "{" + NS + "}attributes"
	fieldReceipts = "{" + NS + "}receipts"
	fieldFormat   = "{" + NS + "}format"
	fieldOneItem  = "{" + NS + "}one-item"
)

// formatXML is the value of fieldFormat for items as docs/protocol.md has them.
const formatXML = "xml"

// defaultDigest is the period of who wants digests and does not say how
// often, in ms.
const defaultDigest = 60_000

// wireForm is a data form as it is submitted (XEP-0004). Submits do not say
// what type a field has.
type wireForm struct {
	Type   string `xml:"type,attr"`
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

// wish reads submitted options over those in force. A field that is not
// there stays as it was; a field the service does not know is refused, so
// that nobody relies on what does not happen.
func (f *wireForm) wish(w roster.Wish) (*roster.Wish, error) {
	every, digest := w.Manner.Digest, w.Manner.Digest > 0
	for _, field := range f.Fields {
		var err error
		switch field.Var {
		case "FORM_TYPE", "":
		case fieldDigest:
			digest, err = boolean(field.Values)
		case fieldEvery:
			every, err = strconv.Atoi(strings.TrimSpace(strings.Join(field.Values, "")))
			digest = digest || !f.has(fieldDigest)
		default:
			if err = setReceiving(&w.Receiving, field.Var, field.Values); errors.Is(err, errUnknown) {
				err = setManner(&w.Manner, field.Var, field.Values)
			}
		}
		if err != nil {
			return nil, optionError(field.Var, err)
		}
	}
	if w.Manner.Digest = 0; digest {
		w.Manner.Digest = cmp.Or(every, defaultDigest)
	}
	w.Receiving.Normalise()
	if err := w.Receiving.Check(); err != nil {
		return nil, optionError("options", err)
	}
	if err := w.Manner.Check(); err != nil {
		return nil, optionError("options", err)
	}
	return &w, nil
}

var errUnknown = errors.New("is not an option of this service")

func (f *wireForm) has(name string) bool {
	for i := range f.Fields {
		if f.Fields[i].Var == name {
			return true
		}
	}
	return false
}

// setReceiving reads what a subscriber wants.
func setReceiving(r *policy.Receiving, name string, values []string) (err error) {
	switch name {
	case fieldDeliver:
		r.Refuse, err = boolean(values)
		r.Refuse = !r.Refuse
	case fieldMembers:
		r.Members, err = jids(values)
	case fieldRoles:
		r.Roles = words(values)
	case fieldSameRole:
		r.SameRole, err = boolean(values)
	case fieldOf:
		r.Attributes, err = policy.ParseMask(strings.Join(values, " "))
	default:
		return errUnknown
	}
	return err
}

// setManner reads how it is delivered.
func setManner(m *roster.Manner, name string, values []string) (err error) {
	switch name {
	case fieldExpire: // §16.4.2: a dateTime (XEP-0082) or "presence"
		text := strings.TrimSpace(strings.Join(values, ""))
		m.While, m.Until = text == "presence", time.Time{}
		if !m.While {
			m.Until, err = optionalTime(text)
		}
	case fieldShows:
		m.Shows = nil
		for _, v := range words(values) {
			show, err := roster.ParseShowWord(v)
			if err != nil {
				return err
			}
			m.Shows = append(m.Shows, show)
		}
	case fieldReceipts:
		m.Receipts, err = boolean(values)
	case fieldOneItem:
		m.OneItem, err = boolean(values)
	case fieldFormat:
		if m.Format = strings.TrimSpace(strings.Join(values, "")); m.Format == formatXML {
			m.Format = ""
		}
	case fieldBody:
		var body bool
		if body, err = boolean(values); body {
			return errors.New("events have no body")
		}
	default:
		return errUnknown
	}
	return err
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

// optionsForm shows w, to be filled in, or as what is in force.
func optionsForm(w *roster.Wish) *form.Data {
	r, m := &w.Receiving, &w.Manner
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
		form.Boolean(fieldDigest, form.Label("Not at once, but what has changed, now and then"), form.Value(strconv.FormatBool(m.Digest > 0))),
		form.Text(fieldEvery, form.Label("How often at most, in milliseconds"), form.Value(strconv.Itoa(cmp.Or(m.Digest, defaultDigest)))),
		form.Text(fieldExpire, form.Label("Until when (a date and time; presence: while I am online; nothing: for good)"), form.Value(expiry(m))),
		showsField(m),
		form.Boolean(fieldReceipts, form.Label("I say what arrived; send me again what did not"), form.Value(strconv.FormatBool(m.Receipts))),
		form.Boolean(fieldOneItem, form.Label("One item in an event"), form.Value(strconv.FormatBool(m.OneItem))),
		form.List(fieldFormat, form.Label("Members as"), form.ListItem("Group presence", formatXML),
			form.ListItem("JSON (XEP-0335)", roster.FormatJSON), form.ListItem("PIDF (RFC 3863)", roster.FormatPIDF), form.Value(cmp.Or(m.Format, formatXML))),
		form.JIDMulti(fieldMembers, append(values(r.Members), form.Label("Only these members (none: all)"))...),
		form.TextMulti(fieldRoles, append(values(r.Roles), form.Label("Only members with one of these roles (none: all)"))...),
		form.Boolean(fieldSameRole, form.Label("Only members with a role of mine"), form.Value(strconv.FormatBool(r.SameRole))),
		form.ListMulti(fieldOf, of...),
	)
}

func values(list []string) (o []form.Option) {
	for _, v := range list {
		o = append(o, form.Value(v))
	}
	return o
}

// showLabels are those of XEP-0060 §6.3.3.
var showLabels = [...]struct{ word, label string }{
	{"chat", "Want to Chat"}, {"online", "Available"}, {"away", "Away"}, {"xa", "Extended Away"}, {"dnd", "Do Not Disturb"},
}

func showsField(m *roster.Manner) form.Field {
	o := []form.Option{form.Label("Only while I am")}
	for _, s := range showLabels {
		o = append(o, form.ListItem(s.label, s.word))
		show, err := roster.ParseShowWord(s.word)
		if err == nil && (len(m.Shows) == 0 || slices.Contains(m.Shows, show)) {
			o = append(o, form.Value(s.word))
		}
	}
	return form.ListMulti(fieldShows, o...)
}

// expiry is what pubsub#expire says.
func expiry(m *roster.Manner) string {
	switch {
	case m.While:
		return "presence"
	case m.Until.IsZero():
		return ""
	}
	return m.Until.UTC().Format(time.RFC3339)
}

// options answers XEP-0060 §6.3: get shows the options of a subscription, set
// changes them.
func (s *Service) options(ctx context.Context, b []byte, g *roster.Group, w *wireOptions, q *Request) ([]byte, error) {
	if w.JID == "" {
		return b, jidRequired
	}
	jid, err := own(q, w.JID)
	if err != nil {
		return b, err
	}
	n, err := requiredNode(w.Node)
	if err != nil {
		return b, err
	}
	wish, rec, err := g.Wish(q.Bare(), jid, n, w.SubID)
	if err != nil {
		return b, err
	}
	if q.Set {
		if w.Form == nil {
			return b, BadRequest
		}
		if w.Form.Type == "cancel" {
			return b, nil
		}
		changed, err := w.Form.wish(wish)
		if err != nil {
			return b, err
		}
		return b, option(g.Reconfigure(ctx, q.Bare(), jid, n, rec.ID, changed))
	}
	b = append(b, "<pubsub xmlns='"+NSPubSub+"'><options"...)
	b = attr(attr(attr(b, "node", w.Node), "jid", jid), "subid", rec.ID)
	if b, err = appendForm(append(b, '>'), "form", &wish); err != nil {
		return b, err
	}
	return append(b, "</options></pubsub>"...), nil
}

// option is what the roster says of options that make no sense.
func option(err error) error {
	var bad *roster.InvalidError
	if errors.As(err, &bad) {
		return optionError("pubsub#"+bad.Field, errors.New(bad.Reason))
	}
	return err
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
	b, err := appendForm(append(optional(b, "node", w.Node), '>'), "form", &roster.Wish{})
	return append(b, "</default></pubsub>"...), err
}

// appendForm appends the options as a form of that type (XEP-0004 §3.1).
func appendForm(b []byte, typ string, w *roster.Wish) ([]byte, error) {
	return appendData(b, typ, optionsForm(w))
}

func appendData(b []byte, typ string, data *form.Data) ([]byte, error) {
	var buf bytes.Buffer
	e := xml.NewEncoder(&buf)
	if _, err := data.WriteXML(e); err != nil {
		return b, fmt.Errorf("write form: %w", err)
	}
	if err := e.Flush(); err != nil {
		return b, fmt.Errorf("write form: %w", err)
	}
	return append(b, bytes.Replace(buf.Bytes(), []byte(` type="form"`), []byte(` type="`+typ+`"`), 1)...), nil
}
