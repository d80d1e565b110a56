package component

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// leakPubSub is the server's PubSub service of a leakWorld.
const leakPubSub = "pubsub.example.org"

// leakService is what it has, and what it has not said yet. It answers as
// servers do, in order, and shows a subscriber what is published.
type leakService struct {
	nodes   map[string]*leakNode
	kinds   map[string]string // which node of a group a node stands for, as its subscriber was told
	answers []string
}

type leakNode struct{ member, subscriber string }

// take does what a stanza asks for.
func (l *leakService) take(w *leakWorld, raw string) {
	w.t.Helper()
	name, why := value(raw, " node='"), ""
	n := l.nodes[name]
	put := func(text string) {
		if n.subscriber != "" {
			jid, _, _ := strings.Cut(n.subscriber, "/")
			w.put(jid, "outpost", l.kinds[name], text)
		}
	}
	switch {
	case strings.Contains(raw, "<create "):
		if n != nil {
			why = "conflict"
			break
		}
		l.nodes[name] = &leakNode{}
	case n == nil:
		why = "item-not-found"
	case strings.Contains(raw, "<delete "):
		put("deleted")
		delete(l.nodes, name)
	case strings.Contains(raw, "<affiliation "):
		n.member = value(raw, " jid='")
	case strings.Contains(raw, "<subscription "):
		jid, _, _ := strings.Cut(value(raw, " jid='"), "/")
		switch n.subscriber = ""; {
		case strings.Contains(raw, " subscription='none'"):
		case jid != n.member:
			why = "forbidden"
		default:
			n.subscriber = value(raw, " jid='")
		}
	case strings.Contains(raw, "<publish "):
		_, item, _ := strings.Cut(raw, "<item ")
		item, _, _ = strings.Cut(item, "</publish>")
		if n.subscriber == "" || l.kinds[name] == "" {
			w.t.Errorf("published for nobody: %s", raw)
		}
		put("<item " + item)
	default:
		w.t.Errorf("the PubSub service does not know what to do: %s", raw)
	}
	answer := "<iq type='result' from='" + leakPubSub + "' to='groups.example.org' id='" + value(raw, " id='") + "'/>"
	if why != "" {
		answer = strings.Replace(answer[:len(answer)-2], "result", "error", 1) +
			"><error type='cancel'><" + why + " xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
	}
	l.answers = append(l.answers, answer)
}

// answer says what there is to be said; false if there is nothing.
func (l *leakService) answer(w *leakWorld) bool {
	w.t.Helper()
	said := l.answers
	l.answers = nil
	for _, raw := range said {
		var st frame.Stanza
		if !frame.Parse([]byte(raw), &st) {
			w.t.Fatalf("no stanza: %s", raw)
		}
		w.must(w.s.Link.dispatch(w.s, &st))
	}
	return len(said) > 0
}
