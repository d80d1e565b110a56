package roster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// Manner is how a subscription is delivered, beside what it wants: for how
// long, when, and how surely. The zero value is: for good, at once, once.
type Manner struct {
	Until    time.Time // its end, to the second; zero = none
	While    bool      // it ends when the watcher goes offline (`presence`)
	Digest   int       // ms: changes come at most once in so long; 0 = as they happen
	Shows    []Show    // only while he is one of these; nil = always. Sorted, unique
	Receipts bool      // he says what arrived, and gets again what did not
	Format   string    // of the items: "" = the dialect's own, FormatPIDF or FormatJSON
	OneItem  bool      // an event has one item: for readers who drop the others

	outpost bool // it leaves through the server's PubSub service: never stored
}

// The formats of a subscription's items beside the dialect's own.
const (
	FormatPIDF = "pidf" // members' presence as PIDF documents (RFC 3863)
	FormatJSON = "json" // all that changed as one item, a JSON object (XEP-0335)
)

// Wish is all that a watcher says of his subscription.
type Wish struct {
	Receiving policy.Receiving
	Manner    Manner
}

// The availabilities that a watcher may name in Manner.Shows, by their names
// on the wire (XEP-0060 §16.4.2).
var showWords = map[string]Show{"xa": XA, "away": Away, "dnd": DND, "online": Online, "chat": Chat}

// ParseShowWord reads a value of pubsub#show-values.
func ParseShowWord(s string) (Show, error) {
	if show, ok := showWords[s]; ok {
		return show, nil
	}
	return Offline, invalid("show-values", "%q is none of away, chat, dnd, online, xa", s)
}

// Word is the inverse of [ParseShowWord].
func (s Show) Word() string {
	if s == Online {
		return "online"
	}
	return s.String()
}

// Check says why m makes no sense, naming the field.
func (m *Manner) Check() error {
	switch {
	case m.Digest != 0 && (m.Digest < MinDelivery || m.Digest > MaxDelivery):
		return invalid("digest", "%d ms is not within %d and %d", m.Digest, MinDelivery, MaxDelivery)
	case m.Format != "" && m.Format != FormatPIDF && m.Format != FormatJSON:
		return invalid("format", "%q is not known", m.Format)
	case m.While && !m.Until.IsZero():
		return invalid("expire", "is either a time or presence")
	}
	return nil
}

// normalise brings equal manners to one form.
func (m *Manner) normalise() {
	slices.Sort(m.Shows)
	if m.Shows = slices.Compact(m.Shows); len(m.Shows) == len(showWords) || len(m.Shows) == 0 {
		m.Shows = nil // all of them: who is not known to be offline
	}
	m.Until = m.Until.UTC().Truncate(time.Second)
}

// String is the text form, "" for the zero value; [ParseManner] reads it.
func (m *Manner) String() string {
	var words []string
	if !m.Until.IsZero() {
		words = append(words, "until "+m.Until.UTC().Format(time.RFC3339))
	}
	if m.While {
		words = append(words, "while available")
	}
	if m.Digest > 0 {
		words = append(words, "digest "+strconv.Itoa(m.Digest))
	}
	for _, s := range m.Shows {
		words = append(words, "show "+s.Word())
	}
	if m.Receipts {
		words = append(words, "receipts asked")
	}
	if m.OneItem {
		words = append(words, "one item")
	}
	if m.Format != "" {
		words = append(words, "format "+m.Format)
	}
	return strings.Join(words, "\n")
}

// ParseManner reads the text form.
func ParseManner(text string) (m Manner, err error) {
	for line := range strings.Lines(text) {
		word, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "":
		case "until":
			m.Until, err = policy.ParseTime(value)
		case "while":
			m.While = true
		case "digest":
			m.Digest, err = strconv.Atoi(value)
		case "show":
			var s Show
			s, err = ParseShowWord(value)
			m.Shows = append(m.Shows, s)
		case "format":
			m.Format = value
		case "one":
			m.OneItem = true
		case "receipts":
			m.Receipts = true
		default:
			err = fmt.Errorf("unknown word %q", word)
		}
		if err != nil {
			return Manner{}, invalid("manner", "%v", err)
		}
	}
	m.normalise()
	return m, m.Check()
}

// manner reads the stored one; one that cannot be read is the plain one,
// which tells nobody more.
func (g *Group) manner(rec *SubscriptionRecord) Manner {
	m, err := ParseManner(rec.Manner)
	if err != nil {
		g.roster.log.Error("stored manner of a subscription cannot be read", "group", g.name, "error", err)
		m = Manner{}
	}
	m.outpost = g.posts(rec, &m)
	return m
}
