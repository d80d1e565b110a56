package roster_test

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// dialect is the simplest language a group can speak: a stanza is a few lines
// and ends with one dot. Every text is quoted, so that nothing in it can be
// taken for a line.
type dialect struct{}

var _ roster.Renderer = dialect{}

func quote(b []byte, s string) []byte { return strconv.AppendQuote(b, s) }

func (dialect) Address(b []byte, jid string) []byte { return quote(b, jid) }

func (dialect) Info(b []byte, s *roster.Settings, name string, basic bool) []byte {
	return append(append(b, infoLine(s, name, basic)...), '\n')
}

func (dialect) Summary(b []byte, s roster.Summary) []byte {
	return append(append(b, summaryLine(s)...), '\n')
}

func (dialect) Member(b []byte, n roster.Node, it *roster.Item) []byte {
	if n == roster.NodeResources {
		return fmt.Appendf(b, " %s\n", resourceLine(it))
	}
	return append(append(b, memberLine(n, it)...), '\n')
}

func resourceLine(it *roster.Item) string {
	if it.Show == roster.Offline {
		return "gone"
	}
	return fmt.Sprintf("%q %d %q %q%s", it.Nick, it.Show, it.Status, it.Idle, wordsLine(it))
}

func wordsLine(it *roster.Item) (s string) {
	for _, x := range it.Willing {
		s += fmt.Sprintf(" willing=%q,%v,%v,%q", x.App, x.No, x.Until, x.Source)
	}
	for _, by := range []*roster.Source{it.StatusBy, it.ActivityBy} {
		if by != nil {
			s += fmt.Sprintf(" by=%q,%v", by.Bot, by.Until)
		}
	}
	return s
}

func (dialect) Gone(b []byte, jid string) []byte {
	return append(quote(append(b, "retract "...), jid), '\n')
}

func (dialect) EventStart(b []byte, group, id string) []byte {
	return fmt.Appendf(b, "event %q %q ", group, id)
}

func (dialect) EventItems(b []byte, n roster.Node) []byte { return fmt.Appendf(b, " %s\n", n) }

func (dialect) Members(b []byte) []byte { return b }

func (d dialect) In(string) roster.Renderer { return d }

func (dialect) EventEnd(b []byte, s *roster.Stamp) []byte { return stampLine(b, s) }

func (dialect) EventTail(b []byte, t *roster.Tail) []byte {
	return fmt.Appendf(b, "tail %q %v %v\n", t.SubID, t.Collection, t.Receipt)
}

func (dialect) EventClose(b []byte) []byte { return append(b, ".\n"...) }

// A stanza to many has their addresses in one line before its end.
func (dialect) CopiesStart(b []byte) []byte { return append(b, "\ncopies"...) }

func (dialect) CopyTo(b, to []byte) []byte { return append(append(b, ' '), to...) }

func (dialect) CopiesEnd(b []byte) []byte { return append(b, '\n') }

func (dialect) ContactStart(b []byte, group string) []byte {
	return fmt.Appendf(b, "contact %q ", group)
}

func (dialect) Contact(b []byte, l *roster.Line) []byte {
	return fmt.Appendf(b, "\n%s", contactLine(l))
}

func (dialect) ContactEnd(b []byte, interest policy.Mask) []byte {
	return fmt.Appendf(b, "\n%d\n.\n", interest)
}

func (dialect) ResourceStart(b []byte, group, jid string) []byte {
	return fmt.Appendf(b, "resource %q %q ", group, jid)
}

// Badge is the picture as who asks sees it; most groups of the tests have none.
func (dialect) Badge(b []byte, s *roster.Settings, _ string, basic bool) []byte {
	if basic {
		b = append(b, s.Avatar...)
	}
	return b
}

func (dialect) AnswerStart(b []byte, group string, q *roster.Question) []byte {
	return fmt.Appendf(b, "answer %q %q %q %s\n", group, q.ID, q.To, q.Node)
}

func (dialect) AnswerGone(b []byte, jid string) []byte {
	return append(quote(append(b, "gone "...), jid), '\n')
}

func (dialect) AnswerEnd(b []byte, _ string, _ *roster.Question, s *roster.Stamp, p *roster.Page) []byte {
	b = stampLine(b, s)
	return fmt.Appendf(b, "page %v %q %q %d %d\n.\n", p.Wanted, p.First, p.Last, p.Index, p.Count)
}

func (dialect) Refuse(b []byte, group string, q *roster.Question, err error) []byte {
	return fmt.Appendf(b, "refuse %q %q %q %s\n%q\n.\n", group, q.ID, q.To, q.Node, err)
}

// The lines of the items. The oracle writes them too, from what it believes.

func infoLine(s *roster.Settings, name string, basic bool) string {
	var attributes []roster.Attribute
	if basic {
		attributes = s.Attributes
	}
	return fmt.Sprintf("item \"info\" %q %q %q %q %q", name, s.Title, s.Description, s.Language, attributes)
}

func summaryLine(s roster.Summary) string { return fmt.Sprintf("item \"summary\" %v", s) }

func memberLine(n roster.Node, it *roster.Item) string {
	var b strings.Builder
	fmt.Fprintf(&b, "item %q nick=%q roles=%q attributes=%q", it.JID, it.Nick, it.Roles, it.Attributes)
	if n == roster.NodeMembers {
		return b.String()
	}
	fmt.Fprintf(&b, " there=%v show=%q status=%q idle=%q", it.Show != roster.Offline, it.Show, it.Status, it.Idle)
	for _, d := range it.Devices {
		fmt.Fprintf(&b, " device=%q,%q,%q", d.Name, d.Show, d.Connection)
	}
	for i, text := range it.Published {
		if text != "" {
			fmt.Fprintf(&b, " published=%d,%q", i, text)
		}
	}
	b.WriteString(wordsLine(it))
	return b.String()
}

func contactLine(l *roster.Line) string {
	if len(l.Badge) > 0 {
		return fmt.Sprintf("%d %v %q %q", l.Show, l.Summary, l.Names, l.Badge)
	}
	return fmt.Sprintf("%d %v %q", l.Show, l.Summary, l.Names)
}

func stampLine(b []byte, s *roster.Stamp) []byte {
	return fmt.Appendf(b, "state %q %q %v %d %d %d\n", s.From, s.To, s.Full, s.Part, s.Parts, s.Period)
}

// heard is one stanza of the dialect, read back.
type heard struct {
	kind  string // event, contact, answer, refuse
	group string
	id    string
	to    string
	node  string
	items []line
	stamp roster.Stamp
	page  roster.Page
	text  string // of contact and refuse

	interest policy.Mask // of contact
	tail     roster.Tail
	copies   []string // to whom it is, if it is to the multicast service
	post     string   // a node at the PubSub service, and whose it is
	owner    string
	ids      []string // of what makes it
}

// line is one item: the whole line it was, under its id.
type line struct {
	id   string
	text string
	gone bool
}

// read takes the stanzas apart that a turn produced.
func read(t rapid.TB, b []byte) []heard {
	t.Helper()
	var all []heard
	lines := strings.Split(string(b), "\n")
	if lines[len(lines)-1] != "" {
		t.Fatalf("a turn ends in the middle of a line: %q", lines[len(lines)-1])
	}
	lines = lines[:len(lines)-1]
	for len(lines) > 0 {
		n := 0
		for n < len(lines) && lines[n] != "." {
			n++
		}
		if n == len(lines) {
			t.Fatalf("a turn ends in the middle of a stanza:\n%s", strings.Join(lines, "\n"))
		}
		all = append(all, readStanza(t, lines[:n]))
		lines = lines[n+1:]
	}
	return all
}

func readStanza(t rapid.TB, lines []string) heard {
	t.Helper()
	var h heard
	format, into := "", []any{}
	kind, rest, _ := strings.Cut(lines[0], " ")
	switch h.kind = kind; kind {
	case "event":
		format, into = "%q %q %q %s", []any{&h.group, &h.id, &h.to, &h.node}
	case "contact":
		h.node = "contact"
		format, into = "%q %q", []any{&h.group, &h.to}
	case "answer", "refuse":
		format, into = "%q %q %q %s", []any{&h.group, &h.id, &h.to, &h.node}
	case "outpost":
		h.ids = make([]string, 4)
		format, into = "%q %q %q {%q %q %q %q}", []any{&h.post, &h.owner, &h.to, &h.ids[0], &h.ids[1], &h.ids[2], &h.ids[3]}
	case "raze":
		format, into = "%q %q %q", []any{&h.post, &h.to, &h.id}
	case "publish":
		format, into = "%q %q", []any{&h.post, &h.id}
	}
	if _, err := fmt.Sscanf(rest, format, into...); err != nil {
		t.Fatalf("read %q: %v", lines[0], err)
	}
	for _, l := range lines[1:] {
		h.add(t, l)
	}
	return h
}

func (h *heard) add(t rapid.TB, l string) {
	t.Helper()
	word, rest, _ := strings.Cut(l, " ")
	var err error
	switch {
	case l == "":
	case word == "copies":
		for _, to := range strings.Fields(rest) {
			to, bad := strconv.Unquote(to)
			h.copies, err = append(h.copies, to), errors.Join(err, bad)
		}
	case h.kind == "contact" && h.text != "":
		_, err = fmt.Sscan(l, &h.interest)
	case h.kind == "contact" || h.kind == "refuse":
		h.text = l
	case word == "item":
		var id string
		_, err = fmt.Sscanf(rest, "%q", &id)
		h.items = append(h.items, line{id: id, text: l})
	case word == "retract", word == "gone":
		var id string
		_, err = fmt.Sscanf(rest, "%q", &id)
		h.items = append(h.items, line{id: id, text: l, gone: true})
	case word == "state":
		s := &h.stamp
		_, err = fmt.Sscanf(rest, "%q %q %v %d %d %d", &s.From, &s.To, &s.Full, &s.Part, &s.Parts, &s.Period)
	case word == "tail":
		_, err = fmt.Sscanf(rest, "%q %v %v", &h.tail.SubID, &h.tail.Collection, &h.tail.Receipt)
	case word == "page":
		p := &h.page
		_, err = fmt.Sscanf(rest, "%v %q %q %d %d", &p.Wanted, &p.First, &p.Last, &p.Index, &p.Count)
	default:
		t.Fatalf("line %q in %s", l, h.kind)
	}
	if err != nil {
		t.Fatalf("read %q: %v", l, err)
	}
}

// aliases give tokens, which are random, names that are the same in every run:
// t1, t2 and so on in the order in which they are heard. What is random and no
// token goes.
type aliases struct{ of, real map[string]string }

func (a *aliases) alias(token string) string {
	if token == "" {
		return ""
	}
	if a.of[token] == "" {
		t := "t" + strconv.Itoa(len(a.of)+1)
		a.of[token], a.real[t] = t, token
	}
	return a.of[token]
}

// token is the inverse of alias; what is no alias stays as it is.
func (a *aliases) token(alias string) string {
	if t, ok := a.real[alias]; ok {
		return t
	}
	return alias
}

func (a *aliases) rename(h *heard) {
	h.stamp.From, h.stamp.To = a.alias(h.stamp.From), a.alias(h.stamp.To)
	if id, token, ok := strings.Cut(h.page.Last, "/"); ok {
		h.page.Last = id + "/" + a.alias(token)
	}
	if h.kind == "event" {
		h.id = ""
	}
}

// What is for the server's PubSub service begins with a word of its own.
func (dialect) OutpostMake(b []byte, node, owner string, to []byte, ids roster.OutpostIDs) []byte {
	return fmt.Appendf(b, "outpost %q %q %s %q\n.\n", node, owner, to, ids)
}

func (dialect) OutpostEnd(b []byte, node string, to []byte, id string) []byte {
	return fmt.Appendf(b, "raze %q %s %q\n.\n", node, to, id)
}

func (dialect) PublishStart(b []byte, node, id string) []byte {
	return fmt.Appendf(b, "publish %q %q\n", node, id)
}

func (dialect) PublishEnd(b []byte) []byte { return append(b, ".\n"...) }
