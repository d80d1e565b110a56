package command

import (
	"context"
	"errors"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// Message is a message to the service or to a group, as it came. The addresses
// are as the server stamped them, entities expanded.
type Message struct {
	From, To  string
	Group     string // localpart of the group; "" = the service itself
	Lang      string // xml:lang
	Thread    string
	Body      string // "" = none, such as a chat state
	Delayed   bool   // XEP-0203: it was stored
	Encrypted bool   // what it says is not in Body
	Told      bool   // somebody told a group: it is another group's, or came back
}

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 8192

// Chat answers m: it appends the answer to b, or nothing. An error is that
// there is nobody to talk to, or that the caller may not know: then whoever
// wrote gets what an unused name would say. It may wait for the store.
func (s *Service) Chat(ctx context.Context, b []byte, m *Message) ([]byte, error) {
	q := &pubsub.Request{From: m.From, To: m.To, Group: m.Group, Lang: m.Lang}
	c, err := s.call(ctx, q)
	if err != nil {
		return b, err
	}
	c.chat = true
	if m.silent() || domainOf(c.bare) == s.cfg.Domain || !s.rations.take(c.bare, 1) {
		return b, nil
	}
	a, err := c.reply(ctx, m)
	if err != nil {
		s.cfg.Log.Error("answer chat", "error", err)
		a = failed(c.say("That did not work. Please try again later."))
	}
	render := func(b []byte, a *answer) []byte { return c.appendMessage(b, m, a) }
	switch {
	case a == nil:
		return b, nil
	case a.later == nil:
		return render(b, a), nil
	}
	if err := c.askGroup(render, a); !errors.Is(err, errLater) {
		return render(b, failed(c.say("I am busy. Please try again later."))), nil
	}
	return b, nil
}

// silent says whether m is something that nobody expects an answer to.
func (m *Message) silent() bool {
	return m.Delayed || m.Told || strings.TrimSpace(m.Body) == "" && !m.Encrypted
}

func domainOf(bare string) string {
	_, domain, ok := strings.Cut(bare, "@")
	if !ok {
		return bare
	}
	return domain
}

// reply is what there is to say to m; nil for silence.
func (c *call) reply(ctx context.Context, m *Message) (*answer, error) {
	switch {
	case m.Encrypted:
		return failed(c.say("I cannot read encrypted messages. Please switch encryption off in this chat.")), nil
	case len(m.Body) > maxBody:
		return failed(c.say("That is too long for me.")), nil
	}
	l := readLine(m.Body)
	w := c.called(l.verb)
	if w == nil {
		return c.lost(l.verb), nil
	}
	var in values
	if w.read != nil {
		var err error
		if in, err = w.read(ctx, c, l); err != nil {
			return c.unread(l, err)
		}
	}
	var f *form
	if in != nil && w.form != nil {
		var err error
		if f, err = w.whole(ctx, c, in); err != nil {
			return nil, err
		}
		checked, wrong := c.check(f, in)
		if wrong != nil {
			return c.unread(l, wrong)
		}
		in = checked
	}
	a, err := w.run(ctx, c, in)
	if wrong := c.wrong(f, err); wrong != nil {
		err = wrong
	}
	if err != nil {
		return c.unread(l, err)
	}
	return a, nil
}

// unread says why a line makes no sense, and how it is written.
func (c *call) unread(l *line, err error) (*answer, error) {
	var wrong *fieldError
	if !errors.As(err, &wrong) {
		if a := c.explainError(err); a != nil {
			return a, nil
		}
		return nil, err
	}
	return failed(wrong.Error() + "\n" + c.say("Write “help %s” for how it is written.", l.verb)), nil
}

// lost is the answer to a word that is none of ours, as long as there is
// patience.
func (c *call) lost(verb string) *answer {
	if !c.s.rations.take(c.bare, notUnderstood-1) {
		return nil
	}
	if near := c.near(verb); near != "" {
		return failed(c.say("I do not know “%s”. Did you mean “%s”?", shorten(verb, 30), near))
	}
	a := failed(c.say("I do not know “%s”. Write “help” for what I understand.", shorten(verb, 30)))
	if w := c.called("tell"); w != nil { // he may be answering who told him something
		a.notes = append(a.notes, note{info, c.say("Only I read this. Write “tell” before it, and the others do.")})
	}
	return a
}

// near is the word that verb was meant for, or "".
func (c *call) near(verb string) string {
	best, distance := "", 3
	for _, w := range c.words() {
		for _, name := range append([]string{w.name}, w.also...) {
			if d := edits(verb, name, distance); d < distance && d < len(name)/2 {
				best, distance = name, d
			}
		}
	}
	return best
}

// edits is how many letters lie between a and b (Levenshtein), at most limit.
func edits(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) >= limit || len(y)-len(x) >= limit {
		return limit
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diagonal
			if x[i] != y[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return min(limit, row[len(y)])
}

// appendMessage appends the answer to m.
func (c *call) appendMessage(b []byte, m *Message, a *answer) []byte {
	text := a.text()
	for len(text) > maxAnswer {
		i := strings.LastIndexByte(text[:maxAnswer], '\n')
		if i < 0 {
			text = shorten(text, maxAnswer/8)
			break
		}
		text = text[:i] + "\n…"
	}
	b = frame.AppendAttr(append(b, "<message type='chat' from='"...), c.to)
	b = frame.AppendAttr(append(b, "' to='"...), c.from)
	b = append(append(b, "' xml:lang='"...), c.lang.tag...)
	b = frame.AppendText(append(b, "'><body>"...), text)
	b = append(b, "</body>"...)
	if m.Thread != "" {
		b = frame.AppendText(append(b, "<thread>"...), m.Thread)
		b = append(b, "</thread>"...)
	}
	return append(b, "</message>"...)
}
