package fake

import (
	"bytes"
	"regexp"
	"strconv"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// stanza is a stanza between two streams: its addresses are the server's, the
// rest is kept as it came.
type stanza struct {
	name, from, to, id, typ string
	rest                    string // other attributes, raw, each with a space before
	inner                   string // raw
}

var attribute = regexp.MustCompile(`\s+([^\s=]+)\s*=\s*("[^"]*"|'[^']*')`)

func parse(raw []byte) (stanza, bool) {
	var head frame.Stanza
	if !frame.Parse(raw, &head) {
		return stanza{}, false
	}
	st := stanza{
		name: string(head.Name), from: plain(head.From), to: plain(head.To),
		id: plain(head.ID), typ: plain(head.Type), inner: string(head.Inner),
	}
	tag := raw
	if len(head.Inner) > 0 {
		tag = raw[:bytes.LastIndexByte(raw, '<')-len(head.Inner)]
	}
	for _, m := range attribute.FindAllSubmatch(tag, -1) {
		switch string(m[1]) {
		case "from", "to", "id", "type", "xmlns":
		default:
			st.rest += string(m[0])
		}
	}
	return st, true
}

func plain(raw []byte) string { return string(frame.Unescape(nil, raw)) }

// xml renders the stanza for a stream of any default namespace.
func (st stanza) xml() string {
	b := append([]byte{'<'}, st.name...)
	for _, a := range [...][2]string{{"from", st.from}, {"to", st.to}, {"id", st.id}, {"type", st.typ}} {
		if a[1] != "" {
			b = append(append(append(b, ' '), a[0]...), "='"...)
			b = append(frame.AppendAttr(b, a[1]), '\'')
		}
	}
	b = append(b, st.rest...)
	if st.inner == "" {
		return string(append(b, "/>"...))
	}
	return string(b) + ">" + st.inner + "</" + st.name + ">"
}

// with returns st between other addresses.
func (st stanza) with(from, to string) stanza {
	st.from, st.to = from, to
	return st
}

// reply is the answer to st, inner raw.
func (st stanza) reply(typ, inner string) stanza {
	return stanza{name: st.name, from: st.to, to: st.from, id: st.id, typ: typ, inner: inner}
}

// bounce is an error answer (RFC 6120 §8.3).
func (st stanza) bounce(typ, condition string) stanza {
	return st.reply("error", "<error type='"+typ+"'><"+condition+" xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>")
}

// child is the name and namespace of the first child.
func (st stanza) child() (local, space string) {
	var in frame.Scanner
	for in.Reset([]byte(st.inner)); in.Next(); {
		if in.Kind == frame.Start {
			return string(in.Local()), plain(in.NS())
		}
	}
	return "", ""
}

// priority of a presence (RFC 6121 §4.7.2.3), 0 if it says none.
func (st stanza) priority() int {
	_, text, _ := strings.Cut(st.inner, "<priority>")
	text, _, _ = strings.Cut(text, "<")
	n, _ := strconv.Atoi(text)
	return n
}

func bare(jid string) string {
	jid, _, _ = strings.Cut(jid, "/")
	return jid
}

func domain(jid string) string {
	jid = bare(jid)
	return jid[strings.IndexByte(jid, '@')+1:]
}
