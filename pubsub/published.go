package pubsub

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// kind is a node in which a member publishes something, and what it has.
type kind struct {
	mask  policy.Mask // one word, but for the vCard, which has two
	node  string
	space string // of the item's payload
	local string
}

// wantable are the nodes of which events are wanted: what a member lets others
// see, and what he does.
var wantable = []kind{
	{policy.Enrolled, NSAuthorization, NS, "authorization"},
	{policy.Mood, "http://jabber.org/protocol/mood", "http://jabber.org/protocol/mood", "mood"},                 // XEP-0107
	{policy.Activity, "http://jabber.org/protocol/activity", "http://jabber.org/protocol/activity", "activity"}, // XEP-0108
	{policy.Tune, "http://jabber.org/protocol/tune", "http://jabber.org/protocol/tune", "tune"},                 // XEP-0118
	{policy.Interests | policy.Language, nsVCard4Node, nsVCard4, "vcard"},                                       // XEP-0292
	{policy.Location, nsGeo, nsGeo, "geoloc"},                                                                   // XEP-0080
	{policy.Nickname, NSNick, NSNick, "nick"},                                                                   // XEP-0172
	{policy.Avatar, nsAvatarMeta, nsAvatarMeta, "metadata"},                                                     // XEP-0084
	{policy.Addresses, nsReach, nsReach, "reach"},                                                               // XEP-0152
	{policy.Willingness, NSWilling, NS, "willing"},                                                              // not passed on: see ParseWilling
}

// wishes is what the events that are wanted for interest bring.
func wishes(interest policy.Mask) (all policy.Mask) {
	for _, k := range wantable {
		if interest&k.mask != 0 {
			all |= k.mask
		}
	}
	return all
}

// Published says what a member's node of that name has: some of
// [roster.Published], or 0.
func Published(node string) policy.Mask {
	for _, k := range wantable {
		if k.node == node {
			return k.mask & roster.Published
		}
	}
	return 0
}

// PublishedNode is where one of them stands; "" if it is in no node.
func PublishedNode(mask policy.Mask) string {
	for _, k := range wantable {
		if k.mask&mask == mask {
			return k.node
		}
	}
	return ""
}

// maxDepth is how deep the elements of a payload may stand in each other.
const maxDepth = 6

// ErrPayload: somebody published what is no such thing, or what cannot be
// passed on.
var ErrPayload = errors.New("pubsub: payload")

// ErrTooLarge is an ErrPayload that is only that.
var ErrTooLarge = fmt.Errorf("%w too large", ErrPayload)

// ReadPublished is what is held, and shown in an item, of what a member
// published or was asked for, as far as p lets others see where he is: nil if
// that is nothing. It is the payload as it stands but for vCards, of which a
// part is taken, times, and places that are not shown exactly. ErrPayload.
func ReadPublished(mask policy.Mask, payload []byte, p roster.Precision) (element []byte, err error) {
	switch mask {
	case policy.Interests, policy.Language:
		return appendPersonal(nil, mask, payload)
	case policy.Timezone:
		return appendZone(nil, payload)
	}
	empty, err := CheckPublished(mask, payload)
	switch {
	case err == nil && mask == policy.Willingness:
		return ParseWilling(payload)
	case err != nil || empty:
		return nil, err
	case mask != policy.Location:
		return payload, nil
	}
	if element = appendPlace(nil, payload, p); len(element) == 0 {
		return nil, nil
	}
	return element, nil
}

// CheckPublished says whether an item's payload may be passed on to others as
// it stands: one element of that kind, that declares its namespace itself and
// has nothing of another one in it, with no prefixes, no control characters,
// and neither large nor deep. Nothing but the element: it was published to say
// that there is nothing any more; then it is empty. ErrPayload.
func CheckPublished(mask policy.Mask, payload []byte) (empty bool, err error) {
	i := slices.IndexFunc(wantable, func(k kind) bool { return k.mask == mask && k.space != nsVCard4 })
	if i < 0 || mask&roster.Published == 0 {
		return false, fmt.Errorf("%w of no known kind", ErrPayload)
	}
	if len(payload) > roster.MaxPublished {
		return false, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(payload))
	}
	c := inspection{kind: &wantable[i], d: xml.NewDecoder(bytes.NewReader(payload)), empty: true}
	for {
		from := c.d.InputOffset()
		t, err := c.d.RawToken()
		switch {
		case errors.Is(err, io.EOF) && c.over && len(c.open) == 0:
			return c.empty, nil
		case err != nil:
			return false, fmt.Errorf("%w: %w", ErrPayload, err)
		}
		if why := c.token(t, payload[from:c.d.InputOffset()]); why != "" {
			return false, fmt.Errorf("%w has %s", ErrPayload, why)
		}
	}
}

// inspection reads a payload. The decoder takes what is not well-formed apart as
// far as it looks; tags, which it forgives much, are looked at as they stand.
type inspection struct {
	kind  *kind
	d     *xml.Decoder
	open  []string
	over  bool // the root has begun
	empty bool // and nothing but it
}

var (
	startTag = regexp.MustCompile(`^<[^\s<>/="']+(\s+[^\s<>/="']+=("[^"<]*"|'[^'<]*'))*\s*/?>$`)
	endTag   = regexp.MustCompile(`^</[^\s<>/="']+\s*>$`)
)

// token says what is wrong with the next one, "" for nothing.
func (c *inspection) token(t xml.Token, raw []byte) (why string) {
	switch t := t.(type) {
	case xml.StartElement:
		return c.start(&t, raw)
	case xml.EndElement:
		n := len(c.open)
		if n == 0 || t.Name.Space != "" || c.open[n-1] != t.Name.Local {
			return "an end tag of nothing"
		}
		if c.open = c.open[:n-1]; len(raw) > 0 && !endTag.Match(raw) { // none of an empty element
			return "a tag that is none"
		}
	case xml.CharData:
		switch {
		case len(c.open) == 0:
			return "text around it"
		case strings.HasPrefix(string(raw), "<"):
			return "a section"
		case !plainText(string(t)):
			return "control characters"
		}
		c.empty = c.empty && len(bytes.TrimSpace(t)) == 0
	default:
		return "something else than elements and text"
	}
	return ""
}

func (c *inspection) start(t *xml.StartElement, raw []byte) (why string) {
	root := len(c.open) == 0
	switch {
	case root && c.over:
		return "two elements"
	case !startTag.Match(raw):
		return "a tag that is none"
	case t.Name.Space != "":
		return "a prefix"
	case len(c.open) == maxDepth:
		return "too deep a nesting"
	case root && t.Name.Local != c.kind.local:
		return "another name"
	}
	if why := c.attributes(t.Attr, root); why != "" {
		return why
	}
	c.empty = c.empty && root
	c.over, c.open = true, append(c.open, t.Name.Local)
	return ""
}

// attributes says what is wrong with those of an element.
func (c *inspection) attributes(all []xml.Attr, root bool) (why string) {
	declared := !root
	for i, a := range all {
		switch {
		case slices.ContainsFunc(all[:i], func(b xml.Attr) bool { return a.Name == b.Name }):
			return "an attribute twice"
		case !plainText(a.Value):
			return "control characters"
		case a.Name.Space == "xml" && a.Name.Local == "lang":
		case a.Name.Space != "":
			return "a prefix"
		case a.Name.Local != "xmlns":
		case a.Value != c.kind.space:
			return "another namespace"
		default:
			declared = true
		}
	}
	if !declared {
		return "no namespace"
	}
	return ""
}

// plainText says whether a text is one that people can read: no control
// characters, and nothing that turns the order of what stands around it.
func plainText(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
	})
}

// PublishedElement says which of [roster.Published] an element is, or 0.
func PublishedElement(space, local string) policy.Mask {
	for _, k := range wantable {
		if k.space == space && k.local == local {
			return k.mask & roster.Published
		}
	}
	return 0
}
