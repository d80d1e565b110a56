package watch

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Want is a receiving policy: what a watcher wants of what he may see. The
// zero value wants everything.
type Want struct {
	Refuse     bool     // nothing at all
	Members    []string // only these bare JIDs; empty = all
	Roles      []string // only members with one of these; empty = all
	SameRole   bool     // only members with a role in common with the watcher
	Attributes []string // of each only this: words of docs/protocol.md §9; empty = all
}

func (w *Want) empty() bool { return !w.Refuse && !w.selects() && len(w.Attributes) == 0 }

// selects says whether w leaves members out.
func (w *Want) selects() bool { return w.SameRole || len(w.Members)+len(w.Roles) > 0 }

// closed is w with what its attributes imply: to name one is to name
// availability, without which it cannot be seen; counted alone stays alone.
func (w Want) closed() Want {
	if slices.ContainsFunc(w.Attributes, func(a string) bool { return a != "counted" }) && !w.wants("availability") {
		w.Attributes = append(slices.Clone(w.Attributes), "availability")
	}
	return w
}

func (w *Want) wants(word string) bool {
	return len(w.Attributes) == 0 || slices.Contains(w.Attributes, word) || slices.Contains(w.Attributes, "all")
}

// check refuses what cannot be decided from items of the node.
func (w *Want) check(node string) error {
	if node == NodePresence && (len(w.Roles) > 0 || w.SameRole) {
		return fmt.Errorf("watch %s: its items have no roles to choose by", node)
	}
	return nil
}

// filter is c as w wants it; c itself if w wants everything. me is a bare JID.
func (w *Want) filter(c *content, me, node string) content {
	if w.empty() {
		return *c
	}
	out := content{members: make(map[string]*Member)}
	if w.Refuse {
		return out
	}
	out.info, out.summary = c.info, c.summary
	var mine []string
	if m := c.members[me]; m != nil {
		mine = m.Roles
	}
	for id, m := range c.members {
		if !w.excludes(m, mine) {
			out.members[id] = w.strip(m)
		}
	}
	if node == NodeGroup {
		out.summary = w.count(c, &out)
	}
	return out
}

func (w *Want) excludes(m *Member, mine []string) bool {
	return len(w.Members) > 0 && !slices.Contains(w.Members, m.JID) ||
		len(w.Roles) > 0 && !common(w.Roles, m.Roles) ||
		w.SameRole && !common(mine, m.Roles)
}

func common(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// count is the counts that go with kept, the rows of all that were not left
// out. Who is counted but not named is in the counts that were received; as
// nobody knows who he is, a choice of members leaves him out.
func (w *Want) count(all, kept *content) Summary {
	s := all.summary
	if w.selects() {
		s = Summary{Members: len(kept.members)}
		for id := range kept.members {
			s.add(all.members[id].Show)
		}
	}
	if !w.wants("show") {
		s.Chat, s.Away, s.XA, s.DND = 0, 0, 0, 0
	}
	return s
}

func (s *Summary) add(show Show) {
	if show != Offline {
		s.Available++
	}
	switch show {
	case Chat:
		s.Chat++
	case Away:
		s.Away++
	case XA:
		s.XA++
	case DND:
		s.DND++
	}
}

// strip takes from a row what is not wanted.
func (w *Want) strip(m *Member) *Member {
	if len(w.Attributes) == 0 || m.Show == Offline {
		return m
	}
	out := *m
	out.Presence = Presence{Known: m.Known, Show: Offline}
	if !w.wants("availability") {
		return &out
	}
	out.Show = Available
	if w.wants("show") {
		out.Show = m.Show
	}
	if w.wants("status") {
		out.Status, out.Statuses = m.Status, m.Statuses
	}
	if out.Idle = m.Idle; !w.wants("idle") {
		out.Idle = time.Time{}
	}
	if w.wants("language") {
		out.Languages = m.Languages
	}
	if w.wants("interests") {
		out.Interests = m.Interests
	}
	if w.wants("timezone") {
		out.Timezone = m.Timezone
	}
	if w.wants("willingness") {
		out.Willing = m.Willing
	}
	for _, r := range m.Reported { // a word that is not there has no source
		of := strings.Fields(r.Of)
		if r.Of = strings.Join(slices.DeleteFunc(of, func(word string) bool { return !w.wants(word) }), " "); r.Of != "" {
			out.Reported = append(out.Reported, r)
		}
	}
	if w.wants("devices") {
		out.Devices = w.stripDevices(m.Devices)
	}
	w.stripTogether(m, &out)
	for _, p := range m.Payloads {
		if w.wants(wordOf(p.XMLName.Space)) {
			out.Payloads = append(out.Payloads, p)
		}
	}
	return &out
}

// stripTogether leaves of the devices as one what is wanted: who wants no devices
// has them so.
func (w *Want) stripTogether(m, out *Member) {
	out.Connection, out.Capabilities = m.Connection, m.Capabilities
	if !w.wants("devices") {
		out.Connection, out.Capabilities = m.Reach(), m.Able()
	}
	if !w.wants("connection") {
		out.Connection = ""
	}
	if !w.wants("capabilities") {
		out.Capabilities = nil
	}
}

func (w *Want) stripDevices(list []Device) (out []Device) {
	for _, d := range list {
		if !w.wants("show") {
			d.Show = Available
		}
		if !w.wants("connection") {
			d.Connection = ""
		}
		if !w.wants("capabilities") {
			d.Capabilities = nil
		}
		out = append(out, d)
	}
	return out
}

// wordOf is the attribute that payloads of a namespace belong to, "" if that
// is not known.
func wordOf(space string) string {
	switch space {
	case "http://jabber.org/protocol/geoloc":
		return "location"
	case "http://jabber.org/protocol/nick":
		return "nickname"
	case "http://jabber.org/protocol/caps", "urn:xmpp:caps":
		return "capabilities"
	case "urn:xmpp:avatar:metadata":
		return "avatar"
	}
	word, ok := strings.CutPrefix(space, "http://jabber.org/protocol/")
	if ok && (word == "mood" || word == "activity" || word == "tune") {
		return word
	}
	return ""
}

// form is the options of a subscription (XEP-0060 §6.3) that say the same;
// "" if there is nothing to say.
func (o *Options) form() string {
	w := &o.Want
	if o.Local {
		w = &Want{}
	}
	if w.empty() && !o.JSON {
		return ""
	}
	var b []byte
	field := func(name string, values ...string) {
		b = append(appendEscaped(append(b, "<field var='"...), name), "'>"...)
		for _, v := range values {
			b = append(appendEscaped(append(b, "<value>"...), v), "</value>"...)
		}
		b = append(b, "</field>"...)
	}
	b = append(b, "<options><x xmlns='jabber:x:data' type='submit'>"...)
	field("FORM_TYPE", nsPubSub+"#subscribe_options")
	field("pubsub#deliver", oneOrZero(!w.Refuse))
	for _, f := range []struct {
		name   string
		values []string
	}{{"members", w.Members}, {"roles", w.Roles}, {"attributes", w.Attributes}} {
		if len(f.values) > 0 {
			field("{"+ns+"}"+f.name, f.values...)
		}
	}
	if w.SameRole {
		field("{"+ns+"}same-role", "1")
	}
	if o.JSON {
		field("{"+ns+"}format", "json")
	}
	return string(append(b, "</x></options>"...))
}

func oneOrZero(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
