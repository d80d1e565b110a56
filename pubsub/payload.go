package pubsub

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// jsonPublished appends what published does of elements, as objects: name, ns
// (said of the outermost only, the others are in the same), attrs, text,
// children.
func jsonPublished(b []byte, it *roster.Item) []byte {
	const key = `,"payloads":[`
	start := len(b)
	b = append(b, key...)
	for i, element := range it.Published {
		if element != "" && policy.Mood<<i&inWords == 0 {
			b = append(jsonElement(b, element), ',')
		}
	}
	if it.Photo != "" {
		b = append(b, `{"name":"x","ns":"`+NSUpdate+`","children":[{"name":"photo","text":`...)
		b = append(jsonString(b, it.Photo), "}]},"...)
	}
	if len(b) == start+len(key) {
		b = b[:start]
	} else {
		b = append(uncomma(b), ']')
	}
	return jsonPersonal(b, it)
}

// inWords are the attributes that have keys of their own: what is known of them
// is not their form but what they say.
const inWords = policy.Language | policy.Interests | policy.Timezone

// jsonPersonal appends those. Their elements were made here.
func jsonPersonal(b []byte, it *roster.Item) []byte {
	if all := inside(it.Publishes(policy.Language), "language"); all != "" {
		b = append(b, `,"languages":[`...)
		for tag := range strings.FieldsSeq(all) {
			b = append(jsonString(b, tag), ',')
		}
		b = append(uncomma(b), ']')
	}
	if all := it.Publishes(policy.Interests); all != "" {
		b = jsonInterests(append(b, `,"interests":[`...), all)
	}
	return jsonOptional(b, `,"timezone":`, inside(it.Publishes(policy.Timezone), "timezone"))
}

// inside is what stands in an element that has no attributes, "" if there is none.
func inside(element, name string) string {
	if n := len(name); len(element) > 2*n+len("<></>") {
		return element[n+len("<>") : len(element)-n-len("</>")]
	}
	return ""
}

func jsonInterests(b []byte, all string) []byte {
	n := len(b)
	b = append(b, all...)
	raw := b[n:]
	var s frame.Scanner
	for s.Reset(raw); s.Next(); {
		switch {
		case s.Depth != 2:
		case s.Kind == frame.Start:
			b = append(jsonXML(append(b, `{"kind":"`...), s.Attr("kind")), '"')
			if level := s.Attr("level"); len(level) > 0 {
				b = append(jsonXML(append(b, `,"level":"`...), level), '"')
			}
			b = append(b, `,"text":"`...)
		case s.Kind == frame.Text:
			b = jsonXML(b, s.Text)
		case s.Kind == frame.End:
			b = append(b, `"},`...)
		}
	}
	return drop(append(uncomma(b), ']'), n, len(raw))
}

// jsonElement appends a payload that was checked ([CheckPublished]), or made
// here: elements and text of one namespace, without prefixes. It stands behind b
// while it is read, so that nothing is allocated.
func jsonElement(b []byte, element string) []byte {
	n := len(b)
	b = append(b, element...)
	raw := b[n:]
	return drop(jsonObject(b, raw, true), n, len(raw))
}

// drop takes size bytes at n out of b.
func drop(b []byte, n, size int) []byte { return b[:n+copy(b[n:], b[n+size:])] }

func jsonObject(b, raw []byte, outer bool) []byte {
	var s frame.Scanner
	if s.Reset(raw); !s.Next() {
		return b
	}
	b = append(jsonText(append(b, `{"name":"`...), s.Name), '"')
	if outer {
		b = append(b, `,"ns":"`...)
		if space := s.NS(); space != nil {
			b = append(jsonXML(b, space), '"')
		} else {
			b = append(b, NS+`"`...) // it stands in an element of ours
		}
	}
	b = jsonAttrs(b, &s)
	const text, children = `,"text":"`, `,"children":[`
	n := len(b)
	b = append(b, text...)
	for s.Next() {
		switch {
		case s.Depth > 1:
		case s.Kind == frame.Text:
			b = jsonXML(b, s.Text)
		case s.Kind == frame.CDATA:
			b = jsonText(b, s.Text)
		}
	}
	if b = append(b, '"'); len(b) == n+len(text)+1 {
		b = b[:n]
	}
	n = len(b)
	b = append(b, children...)
	for s.Reset(raw); s.Next(); {
		if s.Kind == frame.Start && s.Depth == 2 {
			b = append(jsonObject(b, s.Element(), false), ',')
		}
	}
	if len(b) == n+len(children) {
		return append(b[:n], '}')
	}
	return append(uncomma(b), "]}"...)
}

// jsonAttrs appends the attributes of a start tag but for its namespace, which
// is told apart.
func jsonAttrs(b []byte, s *frame.Scanner) []byte {
	const key = `,"attrs":{`
	n := len(b)
	b = append(b, key...)
	for name, value := range s.Attrs() {
		if string(name) == "xmlns" {
			continue
		}
		b = append(jsonText(append(b, '"'), name), `":"`...)
		b = append(jsonXML(b, value), `",`...)
	}
	if len(b) == n+len(key) {
		return b[:n]
	}
	return append(uncomma(b), '}')
}

// jsonXML is jsonText of what is escaped as XML.
func jsonXML(b, raw []byte) []byte {
	n := len(b)
	b = frame.Unescape(b, raw)
	size := len(b) - n
	return drop(jsonText(b, b[n:]), n, size)
}
