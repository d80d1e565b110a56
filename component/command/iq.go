package command

import (
	"context"
	"encoding/xml"
	"errors"
	"maps"

	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// NS is the namespace of commands, and the node that lists them.
const NS = "http://jabber.org/protocol/commands"

// wireCommand is a request (XEP-0050 §2.4).
type wireCommand struct {
	Node    string    `xml:"node,attr"`
	Action  string    `xml:"action,attr"`
	Session string    `xml:"sessionid,attr"`
	Lang    string    `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
	Form    *wireForm `xml:"jabber:x:data x"`
}

// The refusals of XEP-0050 §4.4.
var (
	malformedAction = refusal(stanza.Modify, stanza.BadRequest, "malformed-action")
	badAction       = refusal(stanza.Modify, stanza.BadRequest, "bad-action")
	badPayload      = refusal(stanza.Modify, stanza.BadRequest, "bad-payload")
	badSession      = refusal(stanza.Modify, stanza.BadRequest, "bad-sessionid")
	sessionExpired  = refusal(stanza.Cancel, stanza.NotAllowed, "session-expired")
	forbidden       = refusal(stanza.Auth, stanza.Forbidden, "")
)

func refusal(t stanza.ErrorType, c stanza.Condition, app string) pubsub.Error {
	return pubsub.Error{Type: t, Condition: c, App: app, Space: NS}
}

// errLater: the question was put to the group.
var errLater = errors.New("answered in the group's turn")

// Handle answers q, for which [Service.Handles] is true: it appends the answer
// to b, or nothing when the answer will come in the group's turn. It may wait
// for the store.
func (s *Service) Handle(ctx context.Context, b []byte, q *pubsub.Request) []byte {
	start := len(b)
	b, err := s.dispatch(ctx, pubsub.AppendIQ(b, "result", q.To, q.From, q.ID), q)
	var e pubsub.Error
	switch {
	case err == nil:
		return append(b, "</iq>"...)
	case errors.Is(err, errLater):
		return b[:start]
	case !errors.As(err, &e):
		e = pubsub.Refusal(err)
	}
	return pubsub.AppendError(b[:start], q.To, q.From, q.ID, e)
}

// dispatch appends the payload of the result, or says why there is none.
func (s *Service) dispatch(ctx context.Context, b []byte, q *pubsub.Request) ([]byte, error) {
	c, err := s.call(ctx, q)
	if err != nil {
		return b, err
	}
	switch q.Space {
	case NS:
	case pubsub.NSRegister:
		return c.register(ctx, b, q)
	default:
		return c.discover(b, q)
	}
	if !q.Set || q.Local != "command" || len(q.Payload) > maxCommand {
		return b, pubsub.BadRequest
	}
	var in wireCommand
	if err := xml.Unmarshal(q.Payload, &in); err != nil {
		return b, pubsub.BadRequest
	}
	if in.Lang != "" {
		c.lang = s.languages.pick(in.Lang)
	}
	w := s.word(in.Node)
	switch {
	case w == nil || w.at&c.place() == 0:
		return b, roster.ErrNoNode
	case !w.allows(c):
		return b, forbidden
	}
	start := len(b)
	b, err = c.command(ctx, b, w, &in)
	if a := c.explainError(err); a != nil {
		return c.done(b[:start], w, newID(), a)
	}
	return b, err
}

// command performs one stage of w.
func (c *call) command(ctx context.Context, b []byte, w *word, in *wireCommand) ([]byte, error) {
	x, err := c.session(in)
	if err != nil {
		return b, err
	}
	switch in.Action {
	case "", "execute", "next", "complete": // clients send any of these
	case "cancel":
		if x == nil {
			return b, badAction
		}
		c.s.sessions.end(x)
		return append(c.start(b, w, x.id, "canceled"), "</command>"...), nil
	case "prev":
		if x == nil || x.first == nil {
			return b, badAction // there is no stage before
		}
		return c.back(ctx, b, w, x)
	default:
		return b, malformedAction
	}
	if w.form == nil {
		return c.run(ctx, b, w, nil, nil, nil)
	}
	if in.Form == nil || in.Form.Type == "cancel" {
		return c.present(ctx, b, w, x)
	}
	typed, ok := in.Form.submitted(w.node())
	if !ok {
		return b, badPayload
	}
	return c.submit(ctx, b, w, x, typed)
}

// session is the one that in goes on with, nil if it begins one.
func (c *call) session(in *wireCommand) (*session, error) {
	if in.Session == "" {
		return nil, nil
	}
	x, expired := c.s.sessions.find(c, in.Node, in.Session)
	switch {
	case expired:
		return nil, sessionExpired
	case x == nil:
		return nil, badSession
	}
	return x, nil
}

// form is the one that the caller has before him, or all of it if he has
// none.
func (c *call) form(ctx context.Context, w *word, x *session, typed values) (*form, error) {
	switch {
	case x == nil:
		return w.whole(ctx, c, typed)
	case x.first != nil:
		return w.next(ctx, c, x.first)
	}
	return w.form(ctx, c)
}

// present appends the form that is to be filled in.
func (c *call) present(ctx context.Context, b []byte, w *word, x *session) ([]byte, error) {
	if x == nil {
		x = c.s.sessions.begin(c, w.node())
	}
	f, err := c.form(ctx, w, x, nil)
	if err != nil {
		return b, err
	}
	return c.ask(b, w, x, f, nil)
}

// back shows the first of two forms again.
func (c *call) back(ctx context.Context, b []byte, w *word, x *session) ([]byte, error) {
	f, err := w.form(ctx, c)
	if err != nil {
		return b, err
	}
	f, x.first = f.with(x.first), nil
	return c.ask(b, w, x, f, nil)
}

// submit takes what was typed into a form.
func (c *call) submit(ctx context.Context, b []byte, w *word, x *session, typed values) ([]byte, error) {
	f, err := c.form(ctx, w, x, typed)
	if err != nil {
		return b, err
	}
	in, wrong := c.check(f, typed)
	switch {
	case wrong != nil:
		return c.again(b, w, x, f.with(typed), wrong)
	case x != nil && w.next != nil && x.first == nil:
		x.first = in
		return c.present(ctx, b, w, x)
	case x != nil:
		maps.Copy(in, x.first)
	}
	return c.run(ctx, b, w, x, f.with(typed), in)
}

// run lets the word do what it shall with what was said in the form f, and
// appends what it says. x is nil for who submits without having been asked, f
// for a word without form.
func (c *call) run(ctx context.Context, b []byte, w *word, x *session, f *form, in values) ([]byte, error) {
	a, err := w.run(ctx, c, in)
	switch wrong := c.wrong(f, err); {
	case wrong != nil && f != nil:
		return c.again(b, w, x, f, wrong)
	case err != nil:
		return b, err
	}
	id := newID()
	if x != nil {
		id = x.id
		c.s.sessions.end(x)
	}
	if a.later != nil {
		return b, c.askGroup(func(b []byte, a *answer) []byte {
			b = pubsub.AppendIQ(b, "result", c.to, c.from, c.id)
			b, err := c.done(b, w, id, a)
			if err != nil {
				c.s.cfg.Log.Error("answer command", "error", err)
			}
			return append(b, "</iq>"...)
		}, a)
	}
	return c.done(b, w, id, a)
}

// wrong says which field of f err is about, nil if it is about none. Words
// name fields as the form does; people know them by their labels.
func (c *call) wrong(f *form, err error) *fieldError {
	var field *fieldError
	var bad *roster.InvalidError
	switch {
	case errors.As(err, &field):
		if f != nil {
			if x := f.field(field.field); x != nil {
				return &fieldError{x.called(), field.reason}
			}
		}
		return field
	case errors.As(err, &bad):
		return c.invalid(f, bad)
	}
	return nil
}

// again brings the form back with what was typed and what is wrong with it.
func (c *call) again(b []byte, w *word, x *session, f *form, wrong *fieldError) ([]byte, error) {
	if x == nil {
		x = c.s.sessions.begin(c, w.node())
	}
	return c.ask(b, w, x, f, []note{{failure, wrong.Error()}})
}

// start appends the start of an answer (XEP-0050 §2.4).
func (c *call) start(b []byte, w *word, session, status string) []byte {
	b = append(b, "<command xmlns='"+NS+"' node='"...)
	b = frame.AppendAttr(b, w.node())
	b = append(append(b, "' sessionid='"...), session...)
	b = append(append(b, "' status='"...), status...)
	b = append(append(b, "' xml:lang='"...), c.lang.tag...)
	return append(b, "'>"...)
}

// ask appends a form to be filled in.
func (c *call) ask(b []byte, w *word, x *session, f *form, notes []note) ([]byte, error) {
	b = append(c.start(b, w, x.id, "executing"), actions(w, x)...)
	b, err := appendForm(b, w.node(), f)
	return append(appendNotes(b, notes), "</command>"...), err
}

// actions are what can be done with the form that x has before him.
func actions(w *word, x *session) string {
	switch {
	case x.first != nil:
		return "<actions execute='complete'><prev/><complete/></actions>"
	case w.next != nil:
		return "<actions execute='next'><next/></actions>"
	}
	return "<actions execute='complete'><complete/></actions>"
}

// done appends what a word has said.
func (c *call) done(b []byte, w *word, session string, a *answer) ([]byte, error) {
	b = c.start(b, w, session, "completed")
	var err error
	if len(a.fields) > 0 {
		b, err = appendResult(b, a.title, a.fields)
	} else if a.title != "" {
		b = appendNotes(b, []note{{info, a.title}})
	}
	return append(appendNotes(b, a.notes), "</command>"...), err
}

func appendNotes(b []byte, all []note) []byte {
	for _, n := range all {
		b = append(append(append(b, "<note type='"...), n.level...), "'>"...)
		b = append(frame.AppendText(b, n.text), "</note>"...)
	}
	return b
}

// askGroup has a.later answered in the group's turn.
func (c *call) askGroup(render func([]byte, *answer) []byte, a *answer) error {
	q := &roster.Question{Node: roster.NodeContact, Watcher: c.bare, To: c.from, From: c.to, ID: c.id, Max: -1, Index: -1}
	q.Picture = func(b []byte, p *roster.Picture, err error) []byte {
		if err != nil {
			return c.refuse(b, err)
		}
		return render(b, a.later(p))
	}
	if err := c.group.Ask(q); errors.Is(err, roster.ErrLimit) {
		return pubsub.Busy
	} else if err != nil {
		return err
	}
	return errLater
}

// refuse appends the answer to one who may no longer ask.
func (c *call) refuse(b []byte, err error) []byte {
	if c.chat {
		return b
	}
	return pubsub.AppendError(b, c.to, c.from, c.id, pubsub.Refusal(err))
}

// explainError makes of an error of the roster what people can read; nil if
// there is none, or none of theirs.
func (c *call) explainError(err error) *answer {
	var bad *roster.InvalidError
	var instead *said
	var foreign *roster.ForeignError
	switch {
	case errors.As(err, &foreign):
		return failed(c.say("%s keeps the list of this group: it can only be changed there.", foreign.Source))
	case errors.As(err, &instead):
		return told(instead.text)
	case errors.As(err, &bad):
		return failed(c.invalid(nil, bad).Error())
	case errors.Is(err, roster.ErrForbidden):
		return failed(c.say("You may not do that."))
	case errors.Is(err, roster.ErrRefused):
		return failed(c.say("There was a no before, and nobody is asked twice."))
	case errors.Is(err, roster.ErrMemberExists):
		return failed(c.say("That person is a member already."))
	case errors.Is(err, roster.ErrNoMember):
		return failed(c.say("There is no such member."))
	case errors.Is(err, roster.ErrLimit):
		return failed(c.say("There is no more room for this."))
	}
	return nil
}
