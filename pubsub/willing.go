package pubsub

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// NSWilling is the PEP node (XEP-0163) in which a member may keep what he says
// of his willingness, for all groups that may hear of it.
const NSWilling = NS + "#willing"

// wireWord is <willing/> that says one thing.
type wireWord struct {
	App   string `xml:"app,attr"`
	Value string `xml:"value,attr"`
	Until string `xml:"until,attr"`
}

// wireWilling is <willing/> as it is sent: a list of them; or one, which is a
// change of that one.
type wireWilling struct {
	XMLName xml.Name
	wireWord
	Attrs []xml.Attr `xml:",any,attr"`
	All   []wireWord `xml:"willing"`
}

// one says whether it says one thing itself.
func (w *wireWilling) one() bool { return w.App != "" || w.Value != "" || w.Until != "" }

func (w *wireWord) willing(field string) (x roster.Willing, err error) {
	x.App = w.App
	switch w.Value {
	case "yes", "true", "1":
	case "no", "false", "0":
		x.No = true
	default:
		return x, bad(field+".value", fmt.Errorf("%.40q is neither yes nor no", w.Value))
	}
	if x.Until, err = optionalTime(w.Until); err != nil {
		return x, bad(field+".until", err)
	}
	return x, nil
}

// list is a document of them.
func (w *wireWilling) list() (all []roster.Willing, err error) {
	if w.one() {
		x, err := w.willing("willing")
		return []roster.Willing{x}, err
	}
	if len(w.All) > roster.MaxWilling {
		return nil, bad("willing", fmt.Errorf("at most %d", roster.MaxWilling))
	}
	for i := range w.All {
		x, err := w.All[i].willing(fmt.Sprintf("willing[%d]", i))
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// ParseWilling reads a <willing/> element as a member publishes it, in the form
// that [roster.Group.HearItem] takes; nil: it says nothing. ErrPayload.
func ParseWilling(payload []byte) ([]byte, error) {
	var w wireWilling
	if err := decode(payload, &w); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	all, err := w.list()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	if len(all) == 0 {
		return nil, nil
	}
	b, err := roster.FormatWilling(all)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return b, nil
}

// edit is what a set request makes of what stands.
func (w *wireWilling) edit() (func([]roster.Willing) ([]roster.Willing, error), error) {
	if w.one() && w.Value == "" && w.Until == "" { // takes one back
		return func(was []roster.Willing) ([]roster.Willing, error) { return withoutApp(was, w.App), nil }, nil
	}
	all, err := w.list()
	if err != nil {
		return nil, err
	}
	return func(was []roster.Willing) ([]roster.Willing, error) {
		if w.one() {
			return append(withoutApp(was, w.App), all...), nil
		}
		return slices.Clone(all), nil
	}, nil
}

func withoutApp(all []roster.Willing, app string) []roster.Willing {
	return slices.DeleteFunc(slices.Clone(all), func(x roster.Willing) bool { return x.App == app })
}

// willingness answers get and set of what the requester says of his own: in a
// group, or with nil in all that he is a member of.
func (s *Service) willingness(ctx context.Context, b []byte, g *roster.Group, q *Request) ([]byte, error) {
	if !q.Set {
		all := []roster.Willing(nil)
		if g == nil {
			all = s.Roster.SaidToAll(q.Bare())
		} else if said, err := g.Said(q.Bare()); err != nil {
			return b, err
		} else {
			all = said.Here
		}
		b = append(b, "<willing xmlns='"+NS+"'>"...)
		return append(willing(b, all), "</willing>"...), nil
	}
	var w wireWilling
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	edit, err := w.edit()
	switch {
	case err != nil:
		return b, err
	case g == nil:
		return b, s.Roster.SayToAll(ctx, q.Bare(), edit)
	}
	return b, g.Say(ctx, q.Bare(), edit)
}

// willing appends what is said, an element for each.
func willing(b []byte, all []roster.Willing) []byte {
	for i := range all {
		x := &all[i]
		b = optional(append(b, "<willing"...), "app", x.App)
		if x.No {
			b = append(b, " value='no'"...)
		} else {
			b = append(b, " value='yes'"...)
		}
		b = until(b, x.Until)
		b = append(optional(b, "source", x.Source), "/>"...)
	}
	return b
}

func until(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return b
	}
	b = at.AppendFormat(append(b, " until='"...), "2006-01-02T15:04:05Z")
	return append(b, '\'')
}

// reported appends which of the elements before it somebody said on the
// member's behalf.
func reported(b []byte, it *roster.Item) []byte {
	mark := func(b []byte, of string, by *roster.Source) []byte {
		b = attr(append(b, "<reported"...), "of", of)
		return append(attr(until(b, by.Until), "source", by.Bot), "/>"...)
	}
	s, a := it.StatusBy, it.ActivityBy
	if s != nil && a != nil && *s == *a {
		return mark(b, "status activity", s)
	}
	if s != nil {
		b = mark(b, "status", s)
	}
	if a != nil {
		b = mark(b, "activity", a)
	}
	return b
}

// willingText is what somebody is not willing to do, and what he is all the same,
// for those who are shown nothing but text.
func willingText(all []roster.Willing) string {
	var parts []string
	none := len(all) > 0 && all[0].App == "" && all[0].No
	for i := range all {
		x, what := &all[i], ""
		switch {
		case x.App == "" && x.No:
			what = "not willing to communicate"
		case x.App == "":
			continue
		case x.No && !none:
			what = "no " + x.App
		case !x.No && none:
			what = "but " + x.App
		default:
			continue
		}
		if !x.Until.IsZero() {
			what += x.Until.Format(" until 2 Jan 15:04 UTC")
		}
		if x.Source != "" {
			what += " (" + x.Source + ")"
		}
		parts = append(parts, what)
	}
	return strings.Join(parts, ", ")
}

type wireTrust struct {
	Bots []struct {
		JID string  `xml:"jid,attr"`
		May *string `xml:"may,attr"`
	} `xml:"bot"`
}

// trust answers get and set of whom the requester lets speak for him.
func trust(ctx context.Context, b []byte, g *roster.Group, q *Request) ([]byte, error) {
	if !q.Set {
		all, err := g.Trusted(q.Bare())
		if err != nil {
			return b, err
		}
		b = append(b, "<trust xmlns='"+NS+"'>"...)
		for _, t := range all {
			b = append(attr(attr(append(b, "<bot"...), "jid", t.Bot), "may", t.May.String()), "/>"...)
		}
		return append(b, "</trust>"...), nil
	}
	var w wireTrust
	if err := decode(q.Payload, &w); err != nil {
		return b, BadRequest
	}
	var all []roster.Trust
	if len(w.Bots) > roster.MaxTrusts {
		return b, bad("trust", fmt.Errorf("at most %d", roster.MaxTrusts))
	}
	for i, x := range w.Bots {
		t := roster.Trust{May: roster.Reportable}
		var err error
		if t.Bot, err = botJID(x.JID); err != nil {
			return b, bad(fmt.Sprintf("bot[%d].jid", i), err)
		}
		if x.May != nil {
			if t.May, err = policy.ParseMask(*x.May); err != nil {
				return b, bad(fmt.Sprintf("bot[%d].may", i), err)
			}
		}
		all = append(all, t)
	}
	return b, g.Trust(ctx, q.Bare(), func([]roster.Trust) ([]roster.Trust, error) { return all, nil })
}

type wireReport struct {
	For     string     `xml:"for,attr"`
	Until   string     `xml:"until,attr"`
	Willing []wireWord `xml:"willing"`
	Status  string     `xml:"status"`
}

// report takes in what the requester says on a member's behalf: in a group, or
// with nil in all groups where he may.
func (s *Service) report(ctx context.Context, b []byte, g *roster.Group, q *Request) ([]byte, error) {
	if !q.Set {
		return b, BadRequest
	}
	who, r, err := parseReport(q.Payload)
	if err != nil {
		return b, err
	}
	if s.Reports != nil && s.speaksFor(g, q.Bare(), who) && !s.Reports(q.Bare(), who) {
		return b, Busy
	}
	if g == nil {
		err = s.Roster.ReportToAll(ctx, q.Bare(), who, *r)
	} else {
		err = g.Report(ctx, q.Bare(), who, *r)
	}
	if errors.Is(err, roster.ErrForbidden) {
		return b, forbidden // no node is spoken of
	}
	return b, err
}

// speaksFor says whether somebody trusts bot with anything: in g, or with nil in
// any group. Of who is trusted by nobody nothing has to be remembered.
func (s *Service) speaksFor(g *roster.Group, bot, who string) bool {
	if g != nil {
		return g.Trusts(who, bot) != 0
	}
	return slices.ContainsFunc(s.Roster.GroupsOf(who), func(g *roster.Group) bool { return g.Trusts(who, bot) != 0 })
}

func parseReport(payload []byte) (who string, r *roster.Report, err error) {
	var w wireReport
	if err := decode(payload, &w); err != nil {
		return "", nil, BadRequest
	}
	r = &roster.Report{Status: strings.TrimSpace(w.Status)}
	if who, err = bareJID(w.For); err != nil {
		return "", nil, bad("report.for", err)
	}
	if r.Until, err = optionalTime(w.Until); err != nil {
		return "", nil, bad("report.until", err)
	}
	all := wireWilling{All: w.Willing}
	if r.Willing, err = all.list(); err != nil {
		return "", nil, err
	}
	var in frame.Scanner
	for in.Reset(payload); in.Next(); {
		if in.Kind != frame.Start || in.Depth != 2 || !in.Is(nsActivity, "activity") {
			continue
		}
		raw, ok := in.Cut(nil)
		if r.Activity != "" || !ok {
			return "", nil, BadRequest
		}
		empty, err := CheckPublished(policy.Activity, raw)
		if err != nil {
			return "", nil, bad("report.activity", err)
		}
		if !empty {
			r.Activity = string(raw)
		}
	}
	return who, r, nil
}
