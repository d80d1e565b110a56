package pubsub_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// ways are those by which what a group says leaves it: from its own nodes, by
// the PubSub service of a.example, and by its multicast service.
var ways = []string{"own", "pubsub", "multicast"}

const pubsubOf, copiesOf = "pubsub.a.example", "multicast.a.example"

// servers are the services of a house's server: they do what they are asked for,
// in its order, and answer when the turn is over.
type servers struct {
	way     string
	posts   map[string]*post // by node
	answers [][2]string      // id, condition
	aloft   int              // multicast stanzas
	told    int              // how much left that way
	loose   map[string]bool  // by tableKey: told something in pieces, at different times
	turn    []string         // who was told something in this turn
}

// post is a node of the PubSub service. Nobody but its subscriber hears of it,
// whoever may.
type post struct{ member, subscriber, key string }

func (v *servers) options(o roster.Options) roster.Options {
	v.loose = map[string]bool{}
	if v.posts = map[string]*post{}; v.way == "pubsub" {
		o.Outposts = func(jid string) bool { return strings.HasSuffix(jid, "@a.example") }
	}
	return o
}

// service is the address of the PubSub service, if it is used.
func (v *servers) service() string {
	if v.way == "pubsub" {
		return pubsubOf
	}
	return ""
}

// answer lets the services say what they have to say after a turn; more: it was
// cut off.
func (v *servers) answer(h *house, more bool) {
	for _, key := range v.turn {
		v.loose[key] = v.loose[key] || more
	}
	v.turn = nil
	said := v.answers
	v.answers = nil
	for _, a := range said {
		h.r.OutpostAnswered(a[0], a[1])
	}
	h.g.Landed(v.aloft)
	v.aloft = 0
}

var (
	copyTo    = regexp.MustCompile(`<address type='(\w+)' jid='([^']*)'/>`)
	addresses = regexp.MustCompile(`<addresses .*</addresses>`)
)

// take does what a stanza asks for, if it is for a service.
func (v *servers) take(h *house, raw, to string) bool {
	h.t.Helper()
	switch to {
	case copiesOf:
		v.aloft++
		list := addresses.FindString(raw)
		for _, m := range copyTo.FindAllStringSubmatch(list, -1) {
			if m[1] != "bcc" || !strings.HasSuffix(bare(plain(m[2])), "@a.example") {
				h.t.Fatalf("a copy for %s, %s", m[2], m[1])
			}
			v.told++
			h.take(strings.Replace(strings.Replace(raw, list, "", 1), "'"+copiesOf+"'", "'"+m[2]+"'", 1))
		}
	case pubsubOf:
		why := v.post(h, raw)
		v.answers = append(v.answers, [2]string{idOf.FindStringSubmatch(raw)[1], why})
	default:
		return false
	}
	return true
}

func attribute(raw, name string) string {
	_, rest, _ := strings.Cut(raw, " "+name+"='")
	value, _, _ := strings.Cut(rest, "'")
	return plain(value)
}

// post does what a stanza asks of the PubSub service.
func (v *servers) post(h *house, raw string) (why string) {
	h.t.Helper()
	_, asked, _ := strings.Cut(raw, "<pubsub ")
	name := attribute(asked, "node")
	p := v.posts[name]
	switch {
	case strings.Contains(raw, "<create "):
		if p != nil {
			h.t.Fatalf("made twice: %s", raw)
		}
		v.posts[name] = &post{}
	case p == nil:
		return "item-not-found"
	case strings.Contains(raw, "<delete "):
		delete(v.posts, name)
	case strings.Contains(raw, "<affiliation "):
		p.member = attribute(asked, "jid")
	case strings.Contains(raw, " subscription='none'"):
		p.subscriber = ""
	case strings.Contains(raw, "<subscription "):
		v.subscribe(h, p, name, attribute(asked, "jid"))
	case strings.Contains(raw, "<publish "):
		_, item, _ := strings.Cut(raw, "<publish node='"+name+"'>")
		item, _, _ = strings.Cut(item, "</publish>")
		h.published(p, item)
	default:
		h.t.Fatalf("the service does not know what to do: %s", raw)
	}
	return ""
}

// subscribe begins anew for who is subscribed.
func (v *servers) subscribe(h *house, p *post, name, jid string) {
	h.t.Helper()
	rec, err := h.r.ShowGroup(context.Background(), h.w.m.Name)
	h.must(err)
	for _, s := range rec.Subscriptions {
		if s.Outpost == name && s.JID == jid && s.Owner == p.member {
			p.subscriber, p.key = jid, tableKey(jid, s.Node)
		}
	}
	c := h.tables[p.key]
	if c == nil {
		h.t.Fatalf("%s is subscribed to %s, whose nobody is", jid, name)
	}
	c.items, c.token = map[string]string{}, ""
	clear(c.dirty)
}

// published is an item that the subscriber of a node hears of: it is true, he
// may see it, and it is new to him.
func (h *house) published(p *post, item string) {
	h.t.Helper()
	s, known := h.w.subs[p.key]
	c := h.tables[p.key]
	if p.subscriber == "" || !known || c == nil || s.wants.Refuse {
		h.t.Fatalf("nobody there wants to hear: %s", item)
	}
	raw := fmt.Sprintf("<message to='%s'><items node='%s#%s'>%s</items></message>", p.subscriber, ns, s.node, item)
	ids := h.within(s, raw)
	if len(ids) != 1 {
		h.t.Fatalf("%d items: %s", len(ids), raw)
	}
	if c.items[ids[0]] == item && !c.dirty[ids[0]] && !h.servers.loose[p.key] {
		h.t.Fatalf("%s looks as it did: %s", ids[0], raw)
	}
	h.servers.told++
	h.servers.turn = append(h.servers.turn, p.key)
	delete(c.dirty, ids[0])
	apply(c.items, raw)
	h.told[bare(p.subscriber)] = append(h.told[bare(p.subscriber)], raw)
}

// byAllWays says whether each way was gone.
func byAllWays(t *testing.T, gone map[string]int) {
	t.Helper()
	for _, way := range ways {
		if gone[way] == 0 {
			t.Errorf("nothing happened by the way %q", way)
		}
	}
}
