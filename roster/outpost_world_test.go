package roster_test

import (
	"fmt"
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// office is the server's PubSub service of a stage: the nodes that it has, and
// what it has not answered yet. What is published is judged, and read, when it
// leaves.
type office struct {
	on, waits bool              // waits: it answers when the test says so
	posts     map[string]string // keys of subs, by node
	answers   []string
}

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
	for _, id := range said {
		s.r.OutpostAnswered(id, "")
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
		o.answers = append(o.answers, h.id, h.id)
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
	o.posts[h.post] = key
	o.answers = append(o.answers, h.ids...)
	c.table, c.parts, c.fresh, c.turn, c.owed, c.may = map[string]string{}, nil, true, 0, false, false
	clear(c.dirty)
	return all, nil
}

func (o *office) publish(s *stage, h heard) ([]heard, error) {
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
	o.answers = append(o.answers, h.id)
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
