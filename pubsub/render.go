package pubsub

import (
	"strconv"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/leak"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Renderer implements [roster.Renderer]. It may be used by all groups at
// once.
type Renderer struct {
	Domain string // of the service
	PubSub string // the server's own PubSub service; "" = it is not used
}

var _ roster.Renderer = (*Renderer)(nil)

// Address implements [roster.Renderer].
func (r *Renderer) Address(b []byte, jid string) []byte { return frame.AppendAttr(b, jid) }

func (r *Renderer) group(b []byte, name string) []byte {
	if roster.ForPeers(name) {
		return append(b, r.Domain...)
	}
	b = frame.AppendAttr(b, name)
	b = append(b, '@')
	return append(b, r.Domain...)
}

func attr(b []byte, name, value string) []byte {
	b = append(b, ' ')
	b = append(b, name...)
	b = append(b, "='"...)
	b = frame.AppendAttr(b, value)
	return append(b, '\'')
}

// optional appends an attribute unless it is empty.
func optional(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	return attr(b, name, value)
}

func element(b []byte, name, text string) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = frame.AppendText(b, text)
	return append(append(append(b, "</"...), name...), '>')
}

func number(b []byte, name string, n int) []byte {
	b = append(append(append(b, ' '), name...), "='"...)
	return append(strconv.AppendInt(b, int64(n), 10), '\'')
}

func attributes(b []byte, list []roster.Attribute) []byte {
	for _, a := range list {
		b = attr(append(b, "<attribute"...), "name", a.Name)
		b = frame.AppendText(append(b, '>'), a.Value)
		b = append(b, "</attribute>"...)
	}
	return b
}

// Info implements [roster.Renderer].
func (r *Renderer) Info(b []byte, s *roster.Settings, name string, basic bool) []byte {
	title := s.Title
	if title == "" {
		title = name
	}
	b = append(b, "<item id='info'><info xmlns='"+NS+"'"...)
	b = optional(b, "xml:lang", s.Language)
	b = element(append(b, '>'), "name", title)
	if s.Description != "" {
		b = element(b, "description", s.Description)
	}
	if basic {
		b = attributes(b, s.Attributes)
	}
	return append(b, "</info></item>"...)
}

// Summary implements [roster.Renderer].
func (r *Renderer) Summary(b []byte, s roster.Summary) []byte {
	b = append(b, "<item id='summary'><summary xmlns='"+NS+"'"...)
	b = number(b, "members", s.Members)
	b = number(b, "available", s.Available)
	b = number(b, "chat", s.Chat)
	b = number(b, "away", s.Away)
	b = number(b, "xa", s.XA)
	b = number(b, "dnd", s.DND)
	return append(b, "/></item>"...)
}

// Member implements [roster.Renderer].
func (r *Renderer) Member(b []byte, n roster.Node, it *roster.Item) []byte {
	if n == roster.NodeResources {
		return resource(b, it)
	}
	b = append(b, "<item id='"...)
	jid := len(b)
	b = frame.AppendAttr(b, it.JID)
	end := len(b)
	b = append(b, "'><member xmlns='"+NS+"' jid='"...)
	b = append(append(b, b[jid:end]...), '\'')
	b = optional(b, "nick", it.Nick)
	if len(it.Roles) > 0 {
		b = append(b, " roles='"...)
		for i, role := range it.Roles {
			if i > 0 {
				b = append(b, ' ')
			}
			b = frame.AppendAttr(b, role)
		}
		b = append(b, '\'')
	}
	b = attributes(append(b, '>'), it.Attributes)
	if n != roster.NodeMembers {
		b = presence(b, it)
	}
	return append(b, "</member></item>"...)
}

// presence appends the member's one combined state. Who is offline, and who
// looks so, is the same few bytes.
func presence(b []byte, it *roster.Item) []byte {
	if it.Show == roster.Offline {
		return append(b, "<presence xmlns='"+nsPresence+"' type='unavailable'/>"...)
	}
	b = append(b, "<presence xmlns='"+nsPresence+"'>"...)
	if s := it.Show.String(); s != "" {
		b = append(append(append(b, "<show>"...), s...), "</show>"...)
	}
	b = append(statuses(b, it, "", ""), "</presence>"...)
	for i := range it.Devices {
		b = device(b, &it.Devices[i])
	}
	if it.Connection != "" {
		b = append(attr(append(b, "<connection"...), "state", it.Connection), "/>"...)
	}
	b = idle(capabilitiesOf(b, it.Can), it.Idle)
	return published(b, it)
}

// published appends what he publishes beside it, as it was read by
// [ReadPublished].
func published(b []byte, it *roster.Item) []byte {
	for _, element := range it.Published {
		b = append(b, element...)
	}
	return reported(willing(portrait(b, it.Photo), it.Willing), it)
}

// portrait is XEP-0153's element, nothing without a hash.
func portrait(b []byte, photo string) []byte {
	if photo == "" {
		return b
	}
	b = append(b, "<x xmlns='"+NSUpdate+"'>"...)
	return append(element(b, "photo", photo), "</x>"...)
}

// statuses is what a member says, in each language in which he says it (RFC 6121
// §4.7.2.2), between words of ours.
func statuses(b []byte, it *roster.Item, before, after string) []byte {
	if it.Languages == "" {
		if before == "" && it.Status == "" && after == "" {
			return b
		}
		b = frame.AppendText(append(b, "<status>"...), before)
		return append(frame.AppendText(frame.AppendText(b, it.Status), after), "</status>"...)
	}
	return languages(b, it, before, after)
}

// languages is statuses of who speaks several. It stands apart because its loop
// would move every b to the heap.
func languages(b []byte, it *roster.Item, before, after string) []byte {
	for lang, text := range it.Texts() {
		b = append(optional(append(b, "<status"...), "xml:lang", lang), '>')
		b = frame.AppendText(frame.AppendText(b, before), text)
		b = append(frame.AppendText(b, after), "</status>"...)
	}
	return b
}

// idle is XEP-0319's element, nothing without a time.
func idle(b []byte, since string) []byte {
	if since == "" {
		return b
	}
	b = attr(append(b, "<idle xmlns='"+NSIdle+"'"...), "since", since)
	return append(b, "/>"...)
}

// Gone implements [roster.Renderer]: XEP-0060 §7.2.2.1.
func (r *Renderer) Gone(b []byte, jid string) []byte {
	return append(attr(append(b, "<retract"...), "id", jid), "/>"...)
}

// EventStart implements [roster.Renderer]. Events come from the group's bare
// JID: libraries refuse those from a full one.
func (r *Renderer) EventStart(b []byte, group, id string) []byte {
	b = append(b, "<message type='headline' from='"...)
	b = r.group(b, group)
	b = append(b, "' id='"...)
	b = append(b, id...)
	return append(b, "' to='"...)
}

// EventItems implements [roster.Renderer]: XEP-0060 §7.1.2.1.
func (r *Renderer) EventItems(b []byte, n roster.Node) []byte {
	b = append(b, "'><event xmlns='"+NSEvent+"'><items node='"+NS+"#"...)
	b = append(b, n.String()...)
	return append(b, "'>"...)
}

// Members implements [roster.Renderer].
func (r *Renderer) Members(b []byte) []byte { return b }

// EventEnd implements [roster.Renderer].
func (r *Renderer) EventEnd(b []byte, s *roster.Stamp) []byte {
	return stamp(append(b, "</items></event>"...), s)
}

// EventTail implements [roster.Renderer]: XEP-0060 §6.1.6 and §12.3 in the
// words of XEP-0131, and XEP-0184 §5.1.
func (r *Renderer) EventTail(b []byte, t *roster.Tail) []byte {
	if t.SubID != "" || t.Collection {
		b = append(b, "<headers xmlns='"+NSHeaders+"'>"...)
		if t.Collection {
			b = append(b, "<header name='Collection'>"+nodeMine+"</header>"...)
		}
		if t.SubID != "" {
			b = append(b, "<header name='SubID'>"...)
			b = append(frame.AppendText(b, t.SubID), "</header>"...)
		}
		b = append(b, "</headers>"...)
	}
	if t.Receipt {
		b = append(b, "<request xmlns='"+NSReceipts+"'/>"...)
	}
	return b
}

// EventClose implements [roster.Renderer].
func (r *Renderer) EventClose(b []byte) []byte { return append(b, "</message>"...) }

// CopiesStart implements [roster.Renderer]: XEP-0033 §4.
func (r *Renderer) CopiesStart(b []byte) []byte {
	return append(b, "<addresses xmlns='"+NSAddress+"'>"...)
}

// CopyTo implements [roster.Renderer]. Nothing but bcc: of all other types the
// readers are shown (XEP-0033 §4.5.3).
func (r *Renderer) CopyTo(b, to []byte) []byte {
	if leak.Face == "copies" {
		b = append(b, "<address type='to' jid='"...)
	} else {
		b = append(b, "<address type='bcc' jid='"...)
	}
	return append(append(b, to...), "'/>"...)
}

// CopiesEnd implements [roster.Renderer].
func (r *Renderer) CopiesEnd(b []byte) []byte { return append(b, "</addresses>"...) }

func stamp(b []byte, s *roster.Stamp) []byte {
	if s.To == "" {
		return b
	}
	b = append(b, "<state xmlns='"+NS+"'"...)
	b = optional(b, "from", s.From)
	b = attr(b, "to", s.To)
	if s.Full {
		b = append(b, " full='true'"...)
	}
	if s.Parts > 1 {
		b = append(b, " part='"...)
		b = strconv.AppendInt(b, int64(s.Part), 10)
		b = append(b, '/')
		b = strconv.AppendInt(b, int64(s.Parts), 10)
		b = append(b, '\'')
	}
	if s.Period > 0 {
		b = number(b, "delivery", s.Period)
	}
	return append(b, "/>"...)
}
