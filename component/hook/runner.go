package hook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// runner tells one webhook. Its goroutine owns what has no lock.
type runner struct {
	k     *Keeper
	g     *roster.Group
	rec   roster.HookRecord
	jid   string
	url   *url.URL
	log   *slog.Logger
	news  chan struct{} // holds a token: there is something to ask
	hurry chan struct{} // holds a token: an admin waits, do not rest
	stop  context.CancelFunc
	done  chan struct{} // closed when run has returned
	turn  chan struct{} // has room for the posts of one group at a time

	table  *table
	write  *writer
	failed int       // attempts in a row
	since  time.Time // of the first of them

	mu    sync.Mutex
	state State
}

// State is how a webhook does.
type State struct {
	Posts   uint64    // that were accepted
	Last    time.Time // when the last one was; zero = none
	Failing time.Time // since when none is; zero = all is well
	Said    string    // what came of the last one
}

func (k *Keeper) newRunner(g *roster.Group, rec roster.HookRecord, turn chan struct{}) (*runner, error) {
	u, err := url.Parse(rec.URL)
	if err != nil {
		return nil, fmt.Errorf("read webhook %s: %w", rec.Name, err)
	}
	jid := k.cfg.JID(g.Name(), rec.Name)
	group := g.Name() + "@" + k.cfg.Domain
	return &runner{
		k: k, g: g, rec: rec, jid: jid, url: u,
		log:  k.cfg.Log.With(slog.String("group", g.Name()), slog.String("webhook", rec.Name)),
		news: make(chan struct{}, 1), hurry: make(chan struct{}, 1), done: make(chan struct{}), turn: turn,
		table: newTable(),
		write: &writer{group: group, webhook: jid, format: rec.Format, now: k.cfg.Now},
	}, nil
}

// run tells the webhook until ctx ends, or the webhook does.
func (r *runner) run(ctx context.Context) {
	for ctx.Err() == nil {
		drain(r.news)
		told, err := r.deliver(ctx)
		pause, kick := r.k.cfg.Pace, (chan struct{})(nil)
		switch {
		case ctx.Err() != nil || err != nil && r.ended(ctx, err):
			return
		case err != nil:
			pause, kick = r.backoff(err), r.hurry
		case !told:
			pause = 0
		}
		if !r.rest(ctx, pause, kick) {
			return
		}
	}
}

// rest waits for that long, or until hurry; 0 = until there is news.
func (r *runner) rest(ctx context.Context, pause time.Duration, hurry <-chan struct{}) bool {
	if pause == 0 {
		select {
		case <-ctx.Done():
		case <-r.news:
		}
		return ctx.Err() == nil
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	case <-hurry:
	}
	return ctx.Err() == nil
}

// postError is a post that failed.
type postError struct{ outcome }

func (e *postError) Error() string { return e.say() }

func (e *postError) Unwrap() error { return e.err }

// deliver tells what there is to tell, if there is something. What it tells is
// asked for when the connection stands.
func (r *runner) deliver(ctx context.Context) (told bool, err error) {
	if err := r.look(ctx); err != nil {
		return false, err
	}
	if b, err := r.table.next(r.limit()); b == nil || err != nil {
		return false, err
	}
	for _, room := range []chan struct{}{r.turn, r.k.slots} {
		select {
		case room <- struct{}{}:
			defer func() { <-room }()
		case <-ctx.Done():
			return false, ctx.Err()
		}
	}
	ctx, cancel := context.WithTimeout(ctx, r.k.cfg.Timeout)
	defer cancel()
	conn, err := r.k.dial(ctx, r.url)
	if err != nil {
		o := failed(ctx, unreachable, err)
		r.note(&o)
		return false, &postError{o}
	}
	if err := r.look(ctx); err != nil {
		return false, errors.Join(err, conn.Close())
	}
	b, err := r.table.next(r.limit())
	if b == nil || err != nil {
		return false, errors.Join(err, conn.Close())
	}
	text, err := r.write.write(r.table, b)
	if err != nil {
		return false, errors.Join(err, conn.Close())
	}
	o := r.k.post(ctx, conn, r.url, r.rec.Secret, text)
	r.table.sent(b, o.result == accepted)
	r.note(&o)
	if o.result != accepted {
		return false, &postError{o}
	}
	return true, nil
}

// limit is the size of a batch. A list of members is whole or a difference:
// the parts of a whole have no form in RLMI.
func (r *runner) limit() int {
	if r.rec.Format == roster.HookMultipart {
		return math.MaxInt
	}
	return maxChanges
}

// look asks for what the webhook may see now.
func (r *runner) look(ctx context.Context) error {
	group := r.write.group
	if node := nodePrefix + r.g.HookNode().String(); r.table.node != node {
		r.table.look(watch.NewTable(group, node), node)
	}
	sees := r.table.sees
	sees.Resync()
	for pages := 0; ; pages++ {
		request := sees.Request()
		if request == "" && pages > 1 { // what was said on the first page may have changed since
			pages = 0
			sees.Resync()
			request = sees.Request()
		}
		if request == "" {
			return nil
		}
		answer, err := r.k.cfg.Ask(ctx, r.g, r.jid, request)
		if err != nil {
			sees.Reconnected()
			return err
		}
		if _, err = sees.Answer(answer, r.k.cfg.Now()); errors.Is(err, watch.ErrRefused) {
			r.table.look(watch.NewTable(group, r.table.node), r.table.node) // it may see nothing
			return nil
		} else if err != nil {
			return err
		}
	}
}

const nodePrefix = "urn:xmpp:tmp:group-presence:0#"

// note takes in how a post ended, for who asks.
func (r *runner) note(o *outcome) {
	r.k.posts[o.result].Add(1)
	now := r.k.cfg.Now()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state.Said = o.say()
	if o.result == accepted {
		if !r.state.Failing.IsZero() {
			r.log.Info("webhook is well again")
		}
		r.state.Posts, r.state.Last, r.state.Failing = r.state.Posts+1, now, time.Time{}
		r.failed, r.since = 0, time.Time{}
		return
	}
	if r.state.Failing.IsZero() {
		r.state.Failing = now
		r.log.Warn("webhook fails", slog.String("result", o.result.String()), slog.Int("status", o.status), slog.Any("error", cause(o.err)))
	}
}

// cause is err without the URL, whose path may be a secret.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// now is how the webhook does.
func (r *runner) now() State {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.state
}

// ended says whether that was the end, and makes it one.
func (r *runner) ended(ctx context.Context, err error) bool {
	if errors.Is(err, roster.ErrNoGroup) {
		return true
	}
	var post *postError
	if !errors.As(err, &post) {
		return false
	}
	why := ""
	switch {
	case post.status == http.StatusGone:
		why = "it answered that it is gone (410)"
	case !r.since.IsZero() && r.k.cfg.Now().Sub(r.since) > r.k.cfg.GiveUp:
		why = "no post was accepted for " + r.k.cfg.GiveUp.String() + ": " + post.say()
	default:
		return false
	}
	if err := r.g.EndHook(ctx, r.rec, why); errors.Is(err, roster.ErrNoHook) {
		return true // it is another one by now
	} else if err != nil {
		r.log.Warn("webhook not ended", slog.Any("error", err))
		return false
	}
	return true
}

// backoff is how long to wait after a failure.
func (r *runner) backoff(err error) time.Duration {
	wait := min(r.k.cfg.Retry<<min(r.failed, 30), r.k.cfg.MaxRetry)
	r.failed++
	var post *postError
	if errors.As(err, &post) {
		if r.since.IsZero() {
			r.since = r.k.cfg.Now()
		}
		wait = max(wait, min(post.after, r.k.cfg.MaxRetry))
	}
	return wait*4/5 + rand.N(wait*2/5+1)
}

func drain(c <-chan struct{}) {
	select {
	case <-c:
	default:
	}
}

func wake(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
