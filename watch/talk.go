package watch

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

const (
	answerTime = time.Minute     // how long a request may go unanswered
	graceTime  = 3 * time.Second // how long, when nobody wants the answer any more
	retryTime  = 5 * time.Second // about how long before a request is made again
)

// talk does what is said to the group over one session, until ctx ends: it
// subscribes, asks what the table wants to know, and unsubscribes.
func (w *Watcher) talk(ctx context.Context, s *xmpp.Session) (err error) {
	defer func() { w.leave(s, err) }()
	if err := w.begin(ctx, s); err != nil {
		return err
	}
	for {
		select {
		case <-w.ask:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		if err := w.catchUp(ctx, s); err != nil {
			return err
		}
	}
}

// catchUp asks as long as the table wants to.
func (w *Watcher) catchUp(ctx context.Context, s *xmpp.Session) error {
	for ctx.Err() == nil {
		w.mu.Lock()
		payload, ended := w.table.Request(), w.table.Ended()
		w.mu.Unlock()
		switch {
		case ended:
			return fmt.Errorf("watch %s: %w", w.group, ErrEnded)
		case payload == "":
			return nil
		}
		err := w.query(ctx, s, stanza.GetIQ, payload, func(a *wireAnswer, err error) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			u, err := w.table.answer(a, err, w.o.Now())
			w.note(&u)
			return err
		})
		if err != nil && !temporary(err) {
			return err
		}
		if err != nil {
			w.mu.Lock()
			w.table.Resync()
			w.mu.Unlock()
			pause(ctx, retryTime)
		}
	}
	return nil
}

// begin makes sure that there is a subscription, and that the table hears what
// it missed, or everything.
func (w *Watcher) begin(ctx context.Context, s *xmpp.Session) error {
	if err := w.o.Want.check(w.o.Node); err != nil {
		return err
	}
	as := w.o.As
	if as == "" {
		as = s.LocalAddr().String()
	}
	w.mu.Lock()
	known := w.as == as
	w.as = as
	if w.o.Local {
		me, _, _ := strings.Cut(as, "/")
		w.table.Filter(me, w.o.Want)
	}
	w.table.fresh()
	w.synced, w.news.synced = false, false
	w.mu.Unlock()
	for ctx.Err() == nil {
		err := w.settle(ctx, s, as, known)
		if err == nil || !known || !temporary(err) {
			return err
		}
		pause(ctx, retryTime) // the service is away: it was here before
	}
	return context.Cause(ctx)
}

// settle asks for what was missed if the subscription stands, and subscribes
// if not.
func (w *Watcher) settle(ctx context.Context, s *xmpp.Session, as string, known bool) error {
	node := string(appendEscaped(nil, w.o.Node))
	stands := false
	if known {
		payload := "<pubsub xmlns='" + nsPubSub + "'><subscriptions node='" + node + "'/></pubsub>"
		err := w.query(ctx, s, stanza.GetIQ, payload, func(a *wireAnswer, err error) error {
			if err == nil && a.PubSub != nil {
				for _, x := range a.PubSub.Subscriptions {
					stands = stands || x.Node == w.o.Node && x.JID == as
				}
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	if stands {
		w.mu.Lock()
		w.table.Resync()
		w.mu.Unlock()
		wake(w.ask)
		return nil
	}
	payload := "<pubsub xmlns='" + nsPubSub + "'><subscribe node='" + node + "' jid='" + string(appendEscaped(nil, as)) + "'/>"
	if !w.o.Local {
		payload += w.o.Want.form()
	}
	err := w.query(ctx, s, stanza.SetIQ, payload+"</pubsub>", nil)
	if err == nil && w.o.Want.Refuse && !w.o.Local { // nothing will come: that is all
		w.mu.Lock()
		defer w.mu.Unlock()
		w.synced, w.news.synced = true, true
		wake(w.fed)
	}
	return err
}

// leave ends the subscription, unless there is none or the session, by why, is
// no more.
func (w *Watcher) leave(s *xmpp.Session, why error) {
	w.mu.Lock()
	w.synced = false
	as := w.as
	w.mu.Unlock()
	if w.o.Keep || errors.Is(why, ErrLost) || errors.Is(why, ErrEnded) || errors.Is(why, ErrRefused) {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // nobody waits: grace is all it gets
	payload := "<pubsub xmlns='" + nsPubSub + "'><unsubscribe node='" + string(appendEscaped(nil, w.o.Node)) +
		"' jid='" + string(appendEscaped(nil, as)) + "'/></pubsub>"
	if w.query(ctx, s, stanza.SetIQ, payload, nil) == nil {
		w.mu.Lock()
		w.as = ""
		w.mu.Unlock()
	}
}

// query sends a request to the group. take, if there is one, is given the
// answer, or the reason why there is none, before the session reads on, so
// that answers and events keep their order.
func (w *Watcher) query(ctx context.Context, s *xmpp.Session, typ stanza.IQType, payload string, take func(*wireAnswer, error) error) error {
	if take == nil {
		take = func(_ *wireAnswer, err error) error { return err }
	}
	to, err := jid.Parse(w.group)
	if err != nil {
		return fmt.Errorf("ask %s: %w", w.group, err)
	}
	iq := stanza.IQ{Type: typ, To: to}
	if s.Out().XMLNS == component.NSAccept { // ejabberd ends a stream without (XEP-0114 §3)
		if iq.From, err = jid.Parse(w.asBare()); err != nil {
			return fmt.Errorf("ask %s: %w", w.group, err)
		}
	}
	p := newPatience(ctx)
	defer p.stop()
	resp, err := s.SendIQElement(p, tokens(payload), iq)
	var a wireAnswer
	if err == nil {
		defer resp.Close()
		err = xml.NewTokenDecoder(resp).Decode(&a)
	}
	switch {
	case err != nil && ctx.Err() != nil:
		err = context.Cause(ctx)
	case errors.Is(err, errPatience):
		err = fmt.Errorf("%w: %w", ErrLost, err)
	case err == nil && a.From != "" && a.From != w.group:
		err = errStranger
	case err == nil && a.Type == string(stanza.ErrorIQ):
		err = a.refusal()
	}
	if err = take(&a, err); err != nil {
		return fmt.Errorf("ask %s: %w", w.group, err)
	}
	return nil
}

func (w *Watcher) asBare() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.as
}

var (
	errStranger = errors.New("somebody else answered")
	errPatience = errors.New("no answer came")
)

// temporary says whether the same request may succeed later.
func temporary(err error) bool {
	var r *refusedError
	return errors.As(err, &r) && r.temporary || errors.Is(err, errStranger)
}

// pause waits about so long.
func pause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d/2 + rand.N(d))
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// tokens is XML of our own as a session sends it: its encoder writes the
// namespace of each element, so it must not stand there as an attribute too.
func tokens(s string) xml.TokenReader {
	return &tokenReader{xml.NewDecoder(strings.NewReader(s))}
}

type tokenReader struct{ d *xml.Decoder }

// Token implements [xml.TokenReader].
func (r *tokenReader) Token() (xml.Token, error) {
	t, err := r.d.Token()
	start, ok := t.(xml.StartElement)
	if !ok {
		return xml.CopyToken(t), err
	}
	var attrs []xml.Attr
	for _, a := range start.Attr {
		if a.Name.Local != "xmlns" {
			attrs = append(attrs, a)
		}
	}
	start.Attr = attrs
	return start, err
}

// patience is the context of one request. mellium v0.22.0 breaks a session
// when a context ends while, or just after, something is sent: so this one
// ends only when nobody would mind, never because all went well.
type patience struct {
	context.Context
	done   chan struct{}
	end    func()
	timers []*time.Timer
	unhook func() bool
	mu     sync.Mutex // guards timers
}

func newPatience(ctx context.Context) *patience {
	p := &patience{Context: context.Background(), done: make(chan struct{})}
	p.end = sync.OnceFunc(func() { close(p.done) })
	p.after(answerTime)
	p.unhook = context.AfterFunc(ctx, func() {
		if errors.Is(context.Cause(ctx), ErrLost) {
			p.end()
			return
		}
		p.after(graceTime)
	})
	return p
}

func (p *patience) after(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timers = append(p.timers, time.AfterFunc(d, p.end))
}

func (p *patience) stop() {
	p.unhook()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.timers {
		t.Stop()
	}
}

// Done implements [context.Context].
func (p *patience) Done() <-chan struct{} { return p.done }

// Err implements [context.Context].
func (p *patience) Err() error {
	select {
	case <-p.done:
		return errPatience
	default:
		return nil
	}
}
