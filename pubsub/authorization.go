package pubsub

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// authorization answers get and set of the requester's own policy; the result
// of a set is empty.
func authorization(ctx context.Context, b []byte, g *roster.Group, q *Request) ([]byte, error) {
	if !q.Set {
		return ownAuthorization(b, g, q.Bare())
	}
	var w wireAuthorization
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	if w.Agree != nil {
		return b, w.agree(ctx, g, q.Bare())
	}
	a, err := w.policy()
	if err != nil {
		return b, err
	}
	if err = g.Authorize(ctx, q.Bare(), a); errors.Is(err, roster.ErrLimit) {
		return b, Busy // not too many subscriptions
	}
	return b, err
}

// ownAuthorization appends what is in force for jid, and what the group asks
// him to agree to.
func ownAuthorization(b []byte, g *roster.Group, jid string) ([]byte, error) {
	a, _, err := g.Authorization(jid)
	if err != nil {
		return b, err
	}
	p, err := g.Proposal(jid)
	if err != nil {
		return b, err
	}
	b = appendRules(appendAuthorization(b, &a), a.Rules)
	if p != nil {
		b = attr(append(b, "<proposal"...), "id", p.ID)
		b = append(optional(b, "require", p.Require.String()), '>')
		b = append(appendRules(b, p.Default.Rules), "</proposal>"...)
	}
	return append(b, "</authorization>"...), nil
}

// agree takes in a yes to a proposal. It says nothing else.
func (w *wireAuthorization) agree(ctx context.Context, g *roster.Group, jid string) error {
	if w.Share != "" || w.Hide != "" || len(w.Rules) > 0 {
		return bad("agree", errors.New("cannot come with a policy: say yes, or set another one"))
	}
	return g.Agree(ctx, jid, *w.Agree)
}

// ParseAuthorization reads an <authorization/> element as [roster.Group]
// understands it. A [roster.InvalidError] names the attribute that makes no
// sense.
func ParseAuthorization(payload []byte) (*policy.Authorization, error) {
	var w wireAuthorization
	if err := decode(payload, &w); err != nil {
		return nil, bad("authorization", err)
	}
	if w.Agree != nil {
		return nil, bad("agree", errors.New("is no part of a policy"))
	}
	return w.policy()
}

// wireAuthorization is <authorization/> as bots write it.
type wireAuthorization struct {
	Share string     `xml:"share,attr"`
	Hide  string     `xml:"hide,attr"`
	Agree *string    `xml:"agree,attr"` // the id of a proposal
	Rules []wireRule `xml:"rule"`
}

type wireRule struct {
	Who        string `xml:"who,attr"`
	Attributes string `xml:"attributes,attr"`
	Except     string `xml:"except,attr"`
	From       string `xml:"from,attr"`
	Until      string `xml:"until,attr"`
}

func bad(field string, err error) error {
	return &roster.InvalidError{Field: field, Reason: err.Error()}
}

// policy reads the wire form. A [roster.InvalidError] names the attribute
// that makes no sense.
func (w *wireAuthorization) policy() (*policy.Authorization, error) {
	a := &policy.Authorization{Share: true}
	switch w.Share {
	case "", "true", "1":
	case "false", "0":
		a.Share = false
	default:
		return nil, bad("share", fmt.Errorf("%q is neither true nor false", w.Share))
	}
	if len(w.Rules) > policy.MaxRules {
		return nil, bad("rule", fmt.Errorf("more than %d rules", policy.MaxRules))
	}
	for _, word := range strings.Fields(w.Hide) {
		bare, err := bareJID(strings.TrimPrefix(word, "jid:"))
		if err != nil {
			return nil, bad("hide", err)
		}
		a.Hide = append(a.Hide, bare)
	}
	for i := range w.Rules {
		r, err := w.Rules[i].policy(fmt.Sprintf("rule[%d]", i))
		if err != nil {
			return nil, err
		}
		a.Rules = append(a.Rules, r)
	}
	if err := a.Check(); err != nil {
		return nil, bad("rule", err)
	}
	a.Normalise()
	return a, nil
}

func (w *wireRule) policy(field string) (r policy.Rule, err error) {
	if r.Who, err = policy.ParseWho(w.Who); err != nil {
		return r, bad(field+".who", err)
	}
	switch r.Who.Class {
	case policy.JID:
		r.Who.Name, err = bareJID(r.Who.Name)
	case policy.Domain:
		r.Who.Name, err = domain(r.Who.Name)
	}
	if err != nil {
		return r, bad(field+".who", err)
	}
	if r.Attributes, err = policy.ParseMask(w.Attributes); err != nil {
		return r, bad(field+".attributes", err)
	}
	if r.Except, err = policy.ParseMask(w.Except); err != nil {
		return r, bad(field+".except", err)
	}
	if r.From, err = optionalTime(w.From); err != nil {
		return r, bad(field+".from", err)
	}
	if r.Until, err = optionalTime(w.Until); err != nil {
		return r, bad(field+".until", err)
	}
	return r, nil
}

func optionalTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return policy.ParseTime(s)
}

// bareJID reads an address in a payload: only there are they parsed.
func bareJID(s string) (string, error) {
	j, err := jid.Parse(s)
	if err != nil || j.Localpart() == "" || j.Resourcepart() != "" {
		return "", fmt.Errorf("%q is not an address like user@example.org", s)
	}
	return j.String(), nil
}

// botJID is bareJID for programs, which may be servers and components.
func botJID(s string) (string, error) {
	j, err := jid.Parse(s)
	if err != nil || j.Resourcepart() != "" {
		return "", fmt.Errorf("%q is not an address like bot@example.org", s)
	}
	return j.String(), nil
}

func domain(s string) (string, error) {
	j, err := jid.Parse(s)
	if err != nil || j.Localpart() != "" || j.Resourcepart() != "" {
		return "", fmt.Errorf("%q is not a domain like example.org", s)
	}
	return j.String(), nil
}

// appendAuthorization appends the wire form up to the rules.
func appendAuthorization(b []byte, a *policy.Authorization) []byte {
	b = attr(append(b, "<authorization xmlns='"+NS+"'"...), "share", fmt.Sprint(a.Share))
	if len(a.Hide) > 0 {
		hide := slices.Clone(a.Hide)
		for i := range hide {
			hide[i] = "jid:" + hide[i]
		}
		b = attr(b, "hide", strings.Join(hide, " "))
	}
	return append(b, '>')
}

func appendRules(b []byte, rules []policy.Rule) []byte {
	for i := range rules {
		r := &rules[i]
		b = attr(append(b, "<rule"...), "who", r.Who.String())
		b = attr(b, "attributes", r.Attributes.String())
		b = optional(b, "except", r.Except.String())
		if !r.From.IsZero() {
			b = attr(b, "from", r.From.UTC().Format(time.RFC3339))
		}
		if !r.Until.IsZero() {
			b = attr(b, "until", r.Until.UTC().Format(time.RFC3339))
		}
		b = append(b, "/>"...)
	}
	return b
}
