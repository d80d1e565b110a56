package pubsub_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/model"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// truth is the model of a group and of those who watch it.
type truth struct {
	m       *model.Group
	time    time.Time
	subs    map[string]sub            // by tableKey
	devices map[string][]model.Device // where people are, whoever may know
	given   map[string]bool           // whose presence the group gets

	published map[string]map[string]string // at people's servers, by word
}

// sub is a subscription, or a contact.
type sub struct {
	owner, jid, node string
	wants            model.Receiving
}

// act is one thing that happens.
type act struct {
	kind   string
	jid    string // who does it, or to whom it happens; a subscriber's address
	node   string
	text   string // of a policy, as people write it
	group  *model.Group
	member *model.Member
	device *model.Device // nil: unavailable
	name   string        // of the device
	at     time.Time
}

func (a act) String() string {
	s := strings.Join([]string{a.kind, a.jid, a.node, a.name, fmt.Sprintf("%q", a.text)}, " ")
	switch {
	case a.device != nil:
		s += fmt.Sprintf(" %+v", *a.device)
	case a.member != nil:
		s += fmt.Sprintf(" %+v", *a.member)
	case a.group != nil:
		s += fmt.Sprintf(" %+v", *a.group)
	case !a.at.IsZero():
		s += a.at.String()
	}
	return s
}

func tableKey(jid, node string) string { return jid + " " + node }

func bare(jid string) string { return strings.Split(jid, "/")[0] }

// refused is a no that does not come as a stanza error.
const refused = "refused"

// do lets a happen. It returns the condition with which it is refused, "" if
// it is not.
func (w *truth) do(a act) string {
	defer w.follow()
	switch a.kind {
	case "appears":
		w.appears(a)
	case "connects":
		if !w.m.MayKnow(a.jid) {
			return "item-not-found"
		}
		w.connects(a.jid, a.name, a.text)
	case "combines":
		switch m := w.m.Members[a.jid]; {
		case !w.m.MayKnow(a.jid):
			return "item-not-found"
		case m == nil:
			return "not-allowed"
		default:
			m.Combination = a.text
		}
	case "publishes":
		w.published[a.jid] = maps.Clone(w.published[a.jid])
		if w.published[a.jid] == nil {
			w.published[a.jid] = map[string]string{}
		}
		w.published[a.jid][a.name] = a.text
	case "joins", "changes", "leaves":
		return w.doMember(a)
	case "allows":
		return w.allows(a)
	case "policy":
		return w.policy(a)
	case "settings":
		g := w.m
		g.Title, g.Description, g.Language = a.group.Title, a.group.Description, a.group.Language
		g.Attributes, g.Payload, g.Listed = a.group.Attributes, a.group.Payload, a.group.Listed
		w.prune()
	case "subscribes", "configures", "unsubscribes":
		return w.subscription(a)
	case "adds":
		if w.m.MayWatch(a.jid) {
			w.subs[tableKey(a.jid, "contact")] = sub{owner: a.jid, jid: a.jid, node: "contact"}
		}
	case "drops":
		delete(w.subs, tableKey(a.jid, "contact"))
	case "time":
		w.time = a.at
	case "agrees":
		switch {
		case !w.m.MayKnow(a.jid):
			return "item-not-found"
		case w.m.Members[a.jid] == nil:
			return "not-allowed"
		case !w.m.Proposed(a.jid):
			return "conflict"
		}
		w.m.Agree(a.jid)
	}
	return ""
}

func (w *truth) appears(a act) {
	rest := slices.DeleteFunc(slices.Clone(w.devices[a.jid]), func(x model.Device) bool { return x.Name == a.name })
	if a.device != nil {
		rest = append(rest, *a.device)
	}
	w.devices[a.jid] = rest
}

// connects is what the network says of a device.
func (w *truth) connects(jid, device, state string) {
	devices := slices.Clone(w.devices[jid])
	for i := range devices {
		if devices[i].Name == device {
			devices[i].Connection = strings.TrimPrefix(state, "on")
		}
	}
	w.devices[jid] = devices
}

// alive is a sign of life of a device.
func (w *truth) alive(full string) {
	if jid, device, ok := strings.Cut(full, "/"); ok && w.m.MayKnow(jid) {
		w.connects(jid, device, "on")
		w.follow()
	}
}

func (w *truth) doMember(a act) string {
	old := w.m.Members[a.jid]
	switch {
	case (a.kind == "joins") == (old != nil):
		return refused
	case a.kind == "joins":
		m := w.m.Join(a.jid)
		m.Nick, m.Roles, m.Attributes = a.member.Nick, a.member.Roles, a.member.Attributes
		w.given[a.jid] = true
	case a.kind == "changes":
		m := *old
		m.Nick, m.Roles, m.Attributes = a.member.Nick, a.member.Roles, a.member.Attributes
		w.m.Members[a.jid] = &m
	default:
		w.m.Leave(a.jid)
		maps.DeleteFunc(w.subs, func(_ string, s sub) bool { return s.owner == a.jid })
	}
	w.prune()
	return ""
}

// prune ends what nobody may have any more.
func (w *truth) prune() {
	maps.DeleteFunc(w.subs, func(_ string, s sub) bool {
		return !w.m.MayWatch(s.owner) || s.node != "contact" && !slices.Contains(w.m.Nodes(), s.node)
	})
}

// follow lets the model have what people give the group.
func (w *truth) follow() {
	for jid, m := range w.m.Members {
		m.Devices, m.Published = nil, nil
		if w.given[jid] {
			m.Devices, m.Published = w.devices[jid], w.published[jid]
		}
	}
	for jid := range w.devices { // what nobody may see is not held
		if m := w.m.Members[jid]; m == nil || !w.given[jid] || !w.m.Acquired(jid, w.time)["connection"] {
			for _, d := range w.devices[jid] {
				w.connects(jid, d.Name, "on")
			}
			if m != nil && w.given[jid] {
				m.Devices = w.devices[jid]
			}
		}
	}
}

func (w *truth) allows(a act) string {
	set := &model.Authorization{}
	readLines(a.text, set.AddLine)
	switch {
	case !w.m.MayKnow(a.jid):
		return "item-not-found"
	case w.m.Missing(set) != "":
		return "not-acceptable"
	}
	w.m.Said[a.jid] = set
	return ""
}

// readLines reads a policy; "nothing" has no line.
func readLines(text string, read func(string) error) {
	if text == "nothing" {
		return
	}
	for line := range strings.Lines(text) {
		if err := read(strings.TrimSpace(line)); err != nil {
			panic(err) // the tests write it themselves
		}
	}
}

func (w *truth) policy(a act) string {
	p, err := model.ReadPolicy(a.text)
	if err != nil {
		panic(err)
	}
	if !p.Possible() {
		return refused
	}
	rules := p.Default
	p.Default = w.m.Policy.Default
	w.m.Policy = p
	w.m.SetDefault(rules, w.time)
	w.prune()
	return ""
}

func (w *truth) subscription(a act) string {
	w.alive(a.jid)
	key, owner := tableKey(a.jid, a.node), bare(a.jid)
	s, known := w.subs[key]
	switch {
	case a.kind == "subscribes" && w.m.Refusal(owner, a.node) != "":
		return w.m.Refusal(owner, a.node)
	case a.kind != "subscribes" && !w.m.MayKnow(owner):
		return "item-not-found"
	case a.kind != "subscribes" && !known:
		return "unexpected-request"
	case a.kind == "unsubscribes":
		delete(w.subs, key)
		return ""
	}
	s.owner, s.jid, s.node = owner, a.jid, a.node
	if a.text != "-" && !(known && a.kind == "subscribes") {
		s.wants = receiving(a.text)
	}
	w.subs[key] = s
	return ""
}

// asJSON is a line of a receiving policy that is about how it is told.
const asJSON = "format json"

func receiving(text string) (r model.Receiving) {
	readLines(text, func(line string) error {
		if line == asJSON {
			return nil
		}
		return r.AddLine(line)
	})
	return r
}

// view is what somebody sees of a node, by item.
func (w *truth) view(s sub) map[string]string {
	view := map[string]string{}
	if s.node == "contact" {
		view["line"] = w.m.Line(s.owner, w.time)
		return view
	}
	for _, it := range w.m.Items(s.node, s.owner, &s.wants, w.time) {
		view[it.ID] = it.XML
	}
	return view
}

// asker is how somebody at an address is seen who asks for items: as the
// subscription of that address, or that of his bare one; sure is false if
// neither is there but another.
func (w *truth) asker(from, node string) (s sub, sure bool) {
	for _, at := range []string{from, bare(from)} {
		if s, ok := w.subs[tableKey(at, node)]; ok {
			return s, true
		}
	}
	for _, s := range w.subs {
		if s.owner == bare(from) && s.node == node {
			return s, false
		}
	}
	return sub{owner: bare(from), jid: from, node: node}, true
}

// interest is what the group wants to hear of what somebody publishes: what he
// lets anybody see, once he lets the group see it.
func (w *truth) interest(jid string) (all policy.Mask) {
	if w.m.Members[jid] == nil {
		return 0
	}
	all = policy.Enrolled
	for word := range w.m.Acquired(jid, w.time) {
		if m, err := policy.ParseMask(word); err == nil && w.given[jid] {
			all |= m & roster.Published
		}
	}
	return all
}

// sight is everything that somebody could find out. #group has all that the
// other nodes have.
func (w *truth) sight(jid string) (all []string) {
	all = append(all, fmt.Sprint(w.m.Refusal(jid, "group"), w.view(sub{owner: jid, node: "group"})))
	all = append(all, w.m.Line(jid, w.time), fmt.Sprint(w.m.MayKnow(jid), w.m.Nodes(), w.m.Title, w.m.Listed))
	all = append(all, fmt.Sprint(w.interest(jid)))
	for _, key := range slices.Sorted(maps.Keys(w.subs)) {
		if s := w.subs[key]; s.owner == jid {
			all = append(all, fmt.Sprint(s, w.view(s)))
		}
	}
	if m := w.m.Members[jid]; m != nil {
		all = append(all, fmt.Sprint(m.Agreed))
	}
	if w.m.MayKnow(jid) { // what he has not said for himself is the group's
		all = append(all, fmt.Sprintf("%+v %v %v", w.m.Said[jid], w.m.Policy.Default, w.m.Policy.Require))
	}
	return all
}

// clone copies w. What is never changed in place is shared.
func (w *truth) clone() *truth {
	c, g := *w, *w.m
	c.m, c.subs, c.devices, c.given, c.published = &g, maps.Clone(w.subs), maps.Clone(w.devices), maps.Clone(w.given), maps.Clone(w.published)
	g.Said, g.Members = maps.Clone(g.Said), map[string]*model.Member{}
	for jid, m := range w.m.Members {
		one := *m
		g.Members[jid] = &one
	}
	return &c
}
