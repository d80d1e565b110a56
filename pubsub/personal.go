package pubsub

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Of a member's vCard4 (XEP-0292) two things are taken: the languages he likes
// to be written to in, and what he is interested in. Nothing else of it is kept.

// Bounds of that.
const (
	maxCard      = 64 << 10 // bytes of a vCard that is looked at: there may be a picture in it
	maxLanguages = 10
	maxInterests = 20
	maxInterest  = 80 // bytes of one
)

var languageTag = regexp.MustCompile(`^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8}){0,5}$`) // BCP 47

// spoken is one of his languages.
type spoken struct {
	tag  string
	pref int // RFC 6350 §5.3: 1 is the most preferred, 100 what says nothing
}

// interest is something he is interested in (RFC 6715).
type interest struct {
	kind  string // interest, hobby, expertise
	level string // "" = not said
	text  string
}

// levels are those that RFC 6715 §3.2 knows, by kind.
var levels = map[string][]string{
	"interest": {"high", "medium", "low"}, "hobby": {"high", "medium", "low"}, "expertise": {"beginner", "average", "expert"},
}

// personal is what is taken of a vCard.
type personal struct {
	languages []spoken
	interests []interest
}

// appendPersonal appends what a vCard says of one kind, nothing if it says
// nothing. ErrPayload.
func appendPersonal(b []byte, kind policy.Mask, payload []byte) ([]byte, error) {
	if len(payload) > maxCard {
		return b, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(payload))
	}
	x, err := readPersonal(payload)
	if err != nil {
		return b, err
	}
	return x.append(b, kind), nil
}

// append appends what x has of one kind, nothing for nothing.
func (x *personal) append(b []byte, kind policy.Mask) []byte {
	switch {
	case kind == policy.Language && len(x.languages) > 0:
		slices.SortStableFunc(x.languages, func(a, b spoken) int { return cmp.Compare(a.pref, b.pref) })
		b = append(b, "<language>"...)
		for i, l := range x.languages {
			if i > 0 {
				b = append(b, ' ')
			}
			b = append(b, l.tag...)
		}
		b = append(b, "</language>"...)
	case kind == policy.Interests && len(x.interests) > 0:
		b = appendInterests(b, x.interests)
	}
	return b
}

// appendInterests appends as many as there is room for.
func appendInterests(b []byte, all []interest) []byte {
	const end = "</interests>"
	limit := len(b) + roster.MaxPublished - len(end)
	b = append(b, "<interests>"...)
	for _, one := range all {
		n := len(b)
		b = attr(append(b, "<interest"...), "kind", one.kind)
		b = append(optional(b, "level", one.level), '>')
		if b = append(frame.AppendText(b, one.text), "</interest>"...); len(b) > limit {
			b = b[:n]
			break
		}
	}
	return append(b, end...)
}

// readPersonal reads a <vcard/>. What is of other namespaces in it, and other
// properties, is passed over.
func readPersonal(payload []byte) (x personal, err error) {
	if !utf8.Valid(payload) {
		return x, fmt.Errorf("%w is no UTF-8", ErrPayload)
	}
	var in frame.Scanner
	roots := 0
	for in.Reset(payload); in.Next(); {
		switch {
		case in.Kind != frame.Start && in.Depth > 0:
		case in.Kind != frame.Start:
			return x, fmt.Errorf("%w has text around it", ErrPayload)
		case in.Depth == 1:
			if roots++; roots > 1 || !in.Is(nsVCard4, "vcard") {
				return x, fmt.Errorf("%w is no vCard", ErrPayload)
			}
		case string(in.NS()) != nsVCard4:
			in.Skip()
		case in.Depth == 2 && string(in.Local()) == "group": // RFC 6351 §6
		default:
			if err := x.property(&in); err != nil {
				return x, err
			}
		}
	}
	if in.Bad() || roots == 0 {
		return x, fmt.Errorf("%w is not whole", ErrPayload)
	}
	return x, nil
}

// property takes in one, and moves behind it.
func (x *personal) property(in *frame.Scanner) error {
	name := string(in.Local())
	if name != "lang" && levels[name] == nil {
		in.Skip()
		return nil
	}
	value, pref, level, param := "", 100, "", ""
	depth := in.Depth
	for in.Next() && (in.Kind != frame.End || in.Depth != depth) {
		if in.Kind != frame.Start || string(in.NS()) != nsVCard4 {
			continue
		}
		switch at, local := in.Depth-depth, string(in.Local()); {
		case at > maxDepth-2:
			return fmt.Errorf("%w has too deep a nesting", ErrPayload)
		case at == 1 && (local == "language-tag" && name == "lang" || local == "text" && name != "lang"):
			value = string(in.AppendValue(nil))
		case at == 2:
			param = local
		case at == 3 && param == "pref" && local == "integer":
			if n, err := strconv.Atoi(string(in.AppendValue(nil))); err == nil && n >= 1 && n <= 100 {
				pref = n
			}
		case at == 3 && param == "level" && local == "text":
			level = strings.TrimSpace(string(in.AppendValue(nil)))
		}
	}
	return x.add(name, strings.TrimSpace(value), level, pref)
}

// add takes in a property that was read, if it says something and there is
// room. ErrPayload: it is not meant to be read.
func (x *personal) add(name, value, level string, pref int) error {
	switch {
	case value == "":
	case !plainText(value) || strings.ContainsAny(value, "\n\t"):
		return fmt.Errorf("%w has control characters", ErrPayload)
	case name == "lang":
		same := func(l spoken) bool { return strings.EqualFold(l.tag, value) }
		if languageTag.MatchString(value) && len(x.languages) < maxLanguages && !slices.ContainsFunc(x.languages, same) {
			x.languages = append(x.languages, spoken{value, pref})
		}
	case len(value) <= maxInterest && len(x.interests) < maxInterests:
		if !slices.Contains(levels[name], level) {
			level = ""
		}
		x.interests = append(x.interests, interest{name, level, value})
	}
	return nil
}
