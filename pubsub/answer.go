package pubsub

import (
	"cmp"
	"strconv"

	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// AppendIQ appends the start of an iq of the given type, up to its payload.
func AppendIQ(b []byte, typ, from, to, id string) []byte {
	b = attr(append(b, "<iq"...), "type", typ)
	b = attr(attr(b, "from", from), "to", to)
	return append(optional(b, "id", id), '>')
}

// AppendError appends an iq that refuses a request.
func AppendError(b []byte, from, to, id string, e Error) []byte {
	b = append(AppendIQ(b, "error", from, to, id), e.With...)
	b = attr(append(b, "<error"...), "type", string(e.Type))
	b = append(append(append(b, "><"...), e.Condition...), " xmlns='"+nsStanzas+"'/>"...)
	if e.Text != "" {
		b = append(b, "<text xmlns='"+nsStanzas+"'>"...)
		b = append(frame.AppendText(b, e.Text), "</text>"...)
	}
	if e.App != "" {
		b = append(append(append(b, '<'), e.App...), " xmlns='"+cmp.Or(e.Space, NSErrors)+"'"...)
		b = append(optional(b, "feature", e.Feature), "/>"...)
	}
	return append(b, "</error></iq>"...)
}

// bare is a group's address. A peer knows of no group: it is the service that
// tells him.
func (r *Renderer) bare(group string) string {
	if roster.ForPeers(group) {
		return r.Domain
	}
	return group + "@" + r.Domain
}

// asked is the address that q was put to, where the answer comes from
// (RFC 6120 §8.1.2.1).
func (r *Renderer) asked(group string, q *roster.Question) string {
	return cmp.Or(q.From, r.bare(group))
}

// AnswerStart implements [roster.Renderer]: XEP-0060 §6.5.2.
func (r *Renderer) AnswerStart(b []byte, group string, q *roster.Question) []byte {
	b = AppendIQ(b, "result", r.asked(group, q), q.To, q.ID)
	b = attr(append(b, "<pubsub xmlns='"+NSPubSub+"'><items"...), "node", nodeName(q.Node))
	return append(b, '>')
}

// AnswerGone implements [roster.Renderer].
func (r *Renderer) AnswerGone(b []byte, jid string) []byte {
	b = attr(append(b, "<item"...), "id", jid)
	return append(b, "><gone xmlns='"+NS+"'/></item>"...)
}

// AnswerEnd implements [roster.Renderer].
func (r *Renderer) AnswerEnd(b []byte, group string, q *roster.Question, s *roster.Stamp, p *roster.Page) []byte {
	b = append(b, "</items>"...)
	if p.Wanted {
		b = resultSet(b, p)
	}
	b = stamp(b, s)
	return append(b, "</pubsub></iq>"...)
}

// resultSet says where a page stands (XEP-0059 §2.6).
func resultSet(b []byte, p *roster.Page) []byte {
	b = append(b, "<set xmlns='"+NSRSM+"'>"...)
	if p.First != "" {
		b = number(append(b, "<first"...), "index", p.Index)
		b = frame.AppendText(append(b, '>'), p.First)
		b = append(b, "</first>"...)
		b = element(b, "last", p.Last)
	}
	b = append(strconv.AppendInt(append(b, "<count>"...), int64(p.Count), 10), "</count>"...)
	return append(b, "</set>"...)
}

// Refuse implements [roster.Renderer].
func (r *Renderer) Refuse(b []byte, group string, q *roster.Question, err error) []byte {
	if q.Node == roster.NodeContact {
		b = attr(append(b, "<presence"...), "from", r.bare(group))
		b = attr(attr(b, "to", q.Watcher), "type", string(stanza.UnsubscribedPresence))
		return append(b, "/>"...)
	}
	return AppendError(b, r.asked(group, q), q.To, q.ID, Refusal(err))
}
