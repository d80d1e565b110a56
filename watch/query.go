package watch

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/component"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/stanza"
)

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
		err = a.read(xml.NewTokenDecoder(resp))
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
