package roster_test

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// office is the server's PubSub service of a stage: the nodes that it has, and
// what it has not answered yet. What is published is judged, and read, when it
// leaves.
type office struct {
	on, waits bool              // waits: it answers when the test says so
	posts     map[string]string // keys of subs, by node
	taken     map[string]bool   // nodes of somebody else
	lost      map[string]string // keys of subs, by node that is not there any more
	answers   [][2]string       // id, condition
}

// happens is what may happen there: a node is lost, and perhaps somebody else
// makes one of that name.
func (o *office) happens(t *rapid.T) {
	nodes := slices.SortedFunc(maps.Keys(o.posts), func(a, b string) int { return cmp.Compare(o.posts[a], o.posts[b]) }) // their names are random
	if len(nodes) == 0 || rapid.IntRange(0, 3).Draw(t, "office") > 0 {
		return
	}
	node := rapid.SampledFrom(nodes).Draw(t, "lost")
	o.lost[node] = o.posts[node]
	delete(o.posts, node)
	o.taken[node] = rapid.IntRange(0, 3).Draw(t, "taken") == 0
	t.Logf("node of %s is lost, taken=%v", o.lost[node], o.taken[node])
}

// yields lets others give back the nodes that they have.
func (o *office) yields() { clear(o.taken) }

// serves says whose events leave that way.
func (o *office) serves() func(jid string) bool {
	if !o.on {
		return nil
	}
	return func(jid string) bool { return strings.HasSuffix(jid, "@"+served) }
}

// posted says whether the sub of that key has a node.
func (o *office) posted(key string) bool {
	for _, k := range o.posts {
		if k == key {
			return true
		}
	}
	return false
}

// answer lets the next n answers come; false if there is none.
func (o *office) answer(s *stage, n int) bool {
	said := o.answers[:n]
	o.answers = o.answers[n:]
	for _, a := range said {
		s.r.OutpostAnswered(a[0], a[1])
		s.g.Check(s.t)
	}
	return n > 0
}

// take does what a stanza asks for, if it is to the service, and lists what a
// reader hears of it.
func (o *office) take(s *stage, h heard) (all []heard, ok bool) {
	s.t.Helper()
	var err error
	switch h.kind {
	case "outpost":
		all, err = o.make(s, h)
	case "raze":
		delete(o.posts, h.post)
		delete(o.lost, h.post)
		o.says("", h.id, h.id)
	case "publish":
		all, err = o.publish(s, h)
	default:
		return nil, false
	}
	if err != nil {
		s.t.Fatalf("%s: %v\n%+v", h.kind, err, h)
	}
	return all, true
}

func (o *office) says(why string, ids ...string) {
	for _, id := range ids {
		o.answers = append(o.answers, [2]string{id, why})
	}
}

func (o *office) make(s *stage, h heard) ([]heard, error) {
	key := ""
	for k, rec := range s.records {
		if rec.Outpost == h.post {
			key = k
		}
	}
	x, c := s.w.sub(key), s.clients[key]
	switch {
	case x == nil || x.jid != h.to || x.owner != h.owner:
		return nil, fmt.Errorf("nobody is subscribed there")
	case x.held || x.wants.Refuse:
		return nil, fmt.Errorf("nobody is to be told anything")
	case o.posts[h.post] != "" && !c.owed && !c.may && !c.loose && len(c.dirty) == 0:
		return nil, fmt.Errorf("a node is made anew although nothing changed")
	}
	var all []heard
	if o.posts[h.post] != "" {
		all = append(all, heard{kind: "deleted", node: x.node.String(), to: x.jid})
	}
	if delete(o.lost, h.post); o.taken[h.post] { // he is owed it, by another way
		o.says("conflict", h.ids...)
		c.owed = true
		return nil, nil
	}
	o.posts[h.post] = key
	o.says("", h.ids...)
	c.table, c.parts, c.fresh, c.turn, c.owed, c.may = map[string]string{}, nil, true, 0, false, false
	clear(c.dirty)
	return all, nil
}

func (o *office) publish(s *stage, h heard) ([]heard, error) {
	if key, ok := o.lost[h.post]; ok {
		if o.says("item-not-found", h.id); s.clients[key] != nil {
			s.clients[key].owed = true
		}
		if o.taken[h.post] { // whoever it is has not let us
			o.answers[len(o.answers)-1][1] = "forbidden"
		}
		return nil, nil
	}
	key := o.posts[h.post]
	x, c := s.w.sub(key), s.clients[key]
	switch {
	case x == nil:
		return nil, fmt.Errorf("nobody is subscribed there")
	case x.held || x.wants.Refuse:
		return nil, fmt.Errorf("nobody is to be told anything")
	case len(h.items) != 1:
		return nil, fmt.Errorf("%d items", len(h.items))
	}
	if c.fresh {
		c.fresh, c.owed, c.may = false, false, false
	}
	o.says("", h.id)
	it := h.items[0]
	may, seen := c.view[it.id]
	_, had := c.table[it.id]
	_, dirty := c.dirty[it.id]
	switch {
	case it.gone && seen:
		return nil, fmt.Errorf("%s is taken away but may be seen", it.id)
	case it.gone && !had && !dirty && !c.loose:
		return nil, fmt.Errorf("%s is taken away, who was not there", it.id)
	case !it.gone && may != it.text:
		return nil, fmt.Errorf("sent:\n\t%s\nbut may see:\n\t%s", it.text, may)
	case !it.gone && c.table[it.id] == it.text && !dirty && !c.loose:
		return nil, fmt.Errorf("%q although it looks as it did", it.text)
	}
	delete(c.dirty, it.id)
	c.turn = s.turns
	h.kind, h.node, h.to, h.id, h.post = "event", x.node.String(), x.jid, "", ""
	apply(c.table, h)
	return []heard{h}, nil
}

// loosens notes that the group has more to say: who was told something in this
// turn may have been told of a part of a change.
func (o *office) loosens(s *stage) {
	for _, key := range o.posts {
		if c := s.clients[key]; c != nil {
			c.loose = c.loose || c.turn == s.turns
		}
	}
}

func (o *office) options(r roster.Options) roster.Options {
	r.Outposts = o.serves()
	return r
}
