package watch

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mellium.im/xmpp"
	"mellium.im/xmpp/stanza"
)

const (
	retryTime = 5 * time.Second        // about how long it takes until a request is made again
	doubtTime = 500 * time.Millisecond // and until the group is asked about a node that is no more
)

// talk does what is said to the group over one session, until ctx ends: it
// subscribes, asks what the table wants to know, and unsubscribes.
func (w *Watcher) talk(ctx context.Context, s *xmpp.Session) (err error) {
	defer func() { w.leave(s, err) }()
	if err := w.begin(ctx, s); err != nil {
		return err
	}
	tick := time.NewTicker(max(w.o.Check, time.Millisecond))
	defer tick.Stop()
	if w.o.Check < 0 {
		tick.Stop()
	}
	for {
		select {
		case <-w.ask:
		case <-tick.C:
			w.check()
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
		doubts := w.table.doubts()
		w.mu.Unlock()
		if doubts { // the group may be about to go away: what is asked just then is lost
			pause(ctx, doubtTime)
		}
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
			w.checks = w.checks && u.Partial
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
	w.moves()
	w.synced, w.news.synced, w.checks = false, false, false
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
				for i := range a.PubSub.Subscriptions {
					if x := &a.PubSub.Subscriptions[i]; x.Node == w.o.Node && x.JID == as {
						w.stands(x)
						stands = true
						break
					}
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
	payload += w.o.form()
	err := w.query(ctx, s, stanza.SetIQ, payload+"</pubsub>", func(a *wireAnswer, err error) error {
		if err == nil && a.PubSub != nil && a.PubSub.Subscription != nil && a.PubSub.Subscription.Node == w.o.Node {
			w.stands(a.PubSub.Subscription)
		}
		return err
	})
	if err == nil && w.o.Want.Refuse && !w.o.Local { // nothing will come: that is all
		w.mu.Lock()
		defer w.mu.Unlock()
		w.synced, w.news.synced = true, true
		wake(w.fed)
	}
	return err
}

// stands takes what the group says of the subscription.
func (w *Watcher) stands(x *wireSubscription) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.table.subscribed(x)
	w.moves()
	wake(w.ask)
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
