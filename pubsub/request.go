package pubsub

import (
	"encoding/xml"
	"errors"
	"strconv"
	"strings"

	"mellium.im/xmpp/jid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Request is an iq get or set as it came. The addresses are as the server
// stamped them: opaque, normalised, entities expanded.
type Request struct {
	Set     bool
	From    string // full JID
	To      string // the address asked: a group's, any of its resources', the service's
	Group   string // localpart of the group asked; "" = the service itself
	ID      string
	Lang    string // xml:lang
	Space   string // namespace and name of the payload
	Local   string
	Payload []byte // the payload element, self-contained

	after []byte // stanzas that follow the answer
}

// Bare is the bare JID of who asks.
func (q *Request) Bare() string {
	bare, _, _ := strings.Cut(q.From, "/")
	return bare
}

// The wire forms that are asked of us. JIDs are strings: a malformed one is
// answered, not a reason to stop reading.
type (
	wireNode struct {
		XMLName xml.Name
		Node    string `xml:"node,attr"`
		JID     string `xml:"jid,attr"`
		SubID   string `xml:"subid,attr"`
	}
	wireItems struct {
		Node string `xml:"node,attr"`
		Max  string `xml:"max_items,attr"`
		Item []struct {
			ID string `xml:"id,attr"`
		} `xml:"item"`
	}
	wireSet struct {
		Max    *string `xml:"max"`
		After  string  `xml:"after"`
		Before *string `xml:"before"`
		Index  *string `xml:"index"`
	}
	wirePubSub struct {
		Subscribe     *wireNode    `xml:"subscribe"`
		Unsubscribe   *wireNode    `xml:"unsubscribe"`
		Items         *wireItems   `xml:"items"`
		Subscriptions *wireNode    `xml:"subscriptions"`
		Affiliations  *wireNode    `xml:"affiliations"`
		Options       *wireOptions `xml:"options"`
		Default       *wireOptions `xml:"default"`
		Since         *struct {
			State string `xml:"state,attr"`
		} `xml:"urn:xmpp:tmp:group-presence:0 since"`
		Set   *wireSet   `xml:"http://jabber.org/protocol/rsm set"`
		Other []wireNode `xml:",any"`
	}
)

var errPage = errors.New("malformed or too long")

// Bounds of a question, which waits in memory for its answer.
const (
	maxIDs = 1000
	maxID  = roster.MaxJID + 64 // bytes: an item's, with a token behind it
)

// question makes of an items request what the group is asked.
func (w *wirePubSub) question(q *Request, n roster.Node) (*roster.Question, error) {
	out := &roster.Question{Node: n, Watcher: q.Bare(), To: q.From, From: q.To, ID: q.ID, Max: -1, Index: -1}
	if len(w.Items.Item) > maxIDs || len(q.ID) > maxID {
		return nil, errPage
	}
	for _, it := range w.Items.Item {
		if len(it.ID) > maxID {
			return nil, errPage
		}
		out.IDs = append(out.IDs, it.ID)
	}
	var err error
	if w.Items.Max != "" {
		if out.Max, err = count(w.Items.Max); err != nil {
			return nil, err
		}
	}
	if w.Since != nil {
		if len(w.Since.State) > maxID {
			w.Since.State = "" // none of ours
		}
		out.Since = &w.Since.State
	}
	s := w.Set
	if s == nil {
		return out, nil
	}
	if len(s.After) > maxID || s.Before != nil && len(*s.Before) > maxID {
		return nil, errPage
	}
	out.Paged, out.After, out.Before = true, s.After, s.Before
	if s.Max != nil {
		if out.Max, err = count(*s.Max); err != nil {
			return nil, err
		}
	}
	if s.Index != nil {
		if out.Index, err = count(*s.Index); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// count reads a number of items; a larger one than any list is as good.
func count(s string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 31)
	if err != nil && !errors.Is(err, strconv.ErrRange) {
		return 0, errPage
	}
	return int(min(n, 1<<30)), nil
}

// subscriber says where events shall go: the requester's bare JID, or the
// full one he speaks from (XEP-0060 §6.1.3.1). Addresses the server stamped
// are compared as they are; another spelling of the same JID is understood.
func subscriber(q *Request, want string) (string, bool) {
	if want == q.From || want == q.Bare() {
		return want, true
	}
	j, err := jid.Parse(want)
	if err != nil {
		return "", false
	}
	s := j.String()
	return s, s == q.From || s == q.Bare()
}

// own is the address of a subscription of the requester's: any of his may
// speak of any other (XEP-0060 §6.2.3.3).
func own(q *Request, want string) (string, error) {
	if want == q.From || want == q.Bare() {
		return want, nil
	}
	j, err := jid.Parse(want)
	if err != nil {
		return "", invalidJID
	}
	if j.Bare().String() != q.Bare() {
		return "", forbidden
	}
	return j.String(), nil
}

func decode(payload []byte, v any) error { return xml.Unmarshal(payload, v) }
