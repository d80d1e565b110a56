package source

import (
	"context"
	"encoding/xml"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// TieStore keeps ties: a [roster.Store] does.
type TieStore interface {
	ListTies(ctx context.Context) ([]roster.TieRecord, error)
	StoreTie(ctx context.Context, t roster.TieRecord) error
	DeleteTie(ctx context.Context, t roster.TieRecord) error
}

// TiesConfig says what Ties are made of. Store, Wanted and Leave are required.
type TiesConfig struct {
	Store TieStore
	// Wanted says whether somebody has a use for what a tie brings. While that is
	// not known, it is.
	Wanted func(roster.TieRecord) bool
	// Leave tells the other side that it is not wanted any more; nil: it knows, or
	// will not hear of it. See [Leave].
	Leave    func(ctx context.Context, t roster.TieRecord) error
	Log      *slog.Logger
	Retry    time.Duration // after the first failure with a service, then twice as long each time; 2 s
	MaxRetry time.Duration // at most; 1 h
	Look     time.Duration // how often all are looked at; 30 s
}

// Ties are what other services tell us until we say that they need not. They are
// stored before they begin, so that what is told us for a source that was taken
// out of the configuration while we did not run is ended, too.
type Ties struct {
	cfg     TiesConfig
	changed chan struct{} // holds a token: one may not be wanted any more

	mu      sync.Mutex
	loaded  bool
	all     map[roster.TieRecord]*tie
	leaving map[roster.TieRecord]chan struct{} // by what is told, to whom: closed when a farewell is over
	waiting map[string]*waiting                // by domain: services that did not answer
}

type tie struct {
	again bool // it was asked for during a farewell
}

// told is what other ties may be, too: for somebody else.
func told(t roster.TieRecord) roster.TieRecord {
	t.For = ""
	return t
}

type waiting struct {
	until time.Time
	pause time.Duration
}

// NewTies returns ties that Run ends.
func NewTies(cfg TiesConfig) *Ties {
	cfg.Retry, cfg.MaxRetry, cfg.Look = orElse(cfg.Retry, 2*time.Second), orElse(cfg.MaxRetry, time.Hour), orElse(cfg.Look, 30*time.Second)
	if cfg.Log == nil {
		cfg.Log = slog.New(slog.DiscardHandler)
	}
	return &Ties{cfg: cfg, changed: make(chan struct{}, 1), all: map[roster.TieRecord]*tie{},
		leaving: map[roster.TieRecord]chan struct{}{}, waiting: map[string]*waiting{}}
}

// Look has those ended that are not wanted any more.
func (t *Ties) Look() {
	if t != nil {
		wake(t.changed)
	}
}

// Hold is called before something is asked for that keeps being told: it is on
// disk then, and no farewell is under way that could come after it.
func (t *Ties) Hold(ctx context.Context, rec roster.TieRecord) error {
	if t == nil {
		return nil
	}
	for {
		t.mu.Lock()
		over := t.leaving[told(rec)]
		t.mu.Unlock()
		if over == nil {
			return t.Note(ctx, rec)
		}
		select {
		case <-over:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Note is Hold for who says his farewells himself: it waits for none.
func (t *Ties) Note(ctx context.Context, rec roster.TieRecord) error {
	if err := t.load(ctx); err != nil {
		return err
	}
	t.mu.Lock()
	one := t.all[rec]
	if one != nil {
		one.again = true
	}
	t.mu.Unlock()
	if one != nil {
		return nil
	}
	if err := t.cfg.Store.StoreTie(ctx, rec); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.all[rec] == nil {
		t.all[rec] = &tie{}
	}
	return nil
}

// TieStats counts ties.
type TieStats struct {
	Held    int // of all kinds
	Leaving int // that are not wanted any more, and still have to be ended
}

// Stats counts them.
func (t *Ties) Stats() (s TieStats) {
	if t == nil {
		return s
	}
	t.mu.Lock()
	all := make([]roster.TieRecord, 0, len(t.all))
	for rec := range t.all {
		all = append(all, rec)
	}
	t.mu.Unlock()
	for _, rec := range all {
		if s.Held++; !t.cfg.Wanted(rec) {
			s.Leaving++
		}
	}
	return s
}

// Run ends what is not wanted, as long as there is a connection.
func (t *Ties) Run(ctx context.Context) {
	for wait := t.cfg.Retry; ; wait = min(2*wait, t.cfg.MaxRetry) {
		err := t.load(ctx)
		if err == nil {
			break
		}
		if ctx.Err() == nil {
			t.cfg.Log.Error("not known what others keep telling us", "error", err)
		}
		if !pause(ctx, wait) {
			return
		}
	}
	t.mu.Lock()
	clear(t.waiting) // another connection, another chance
	t.mu.Unlock()
	for ctx.Err() == nil {
		next := t.round(ctx)
		timer := time.NewTimer(next)
		select {
		case <-ctx.Done():
		case <-t.changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// load reads, once, what was asked for in former lives.
func (t *Ties) load(ctx context.Context) error {
	t.mu.Lock()
	loaded := t.loaded
	t.mu.Unlock()
	if loaded {
		return nil
	}
	all, err := t.cfg.Store.ListTies(ctx)
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, rec := range all {
		if t.all[rec] == nil {
			t.all[rec] = &tie{}
		}
	}
	t.loaded = true
	return nil
}

// maxFarewells bounds the services that are spoken to at a time.
const maxFarewells = 8

// round ends what is not wanted, each service by itself, and says when to look
// again.
func (t *Ties) round(ctx context.Context) time.Duration {
	var services sync.WaitGroup
	slots := make(chan struct{}, maxFarewells)
	for domain, all := range t.due(time.Now()) {
		slots <- struct{}{}
		services.Go(func() {
			defer func() { <-slots }()
			t.part(ctx, domain, all)
		})
	}
	services.Wait()
	t.mu.Lock()
	defer t.mu.Unlock()
	next := t.cfg.Look
	for _, w := range t.waiting {
		next = min(next, max(time.Until(w.until), 0))
	}
	return next
}

// due are the ties of those services whose turn it is.
func (t *Ties) due(now time.Time) map[string][]roster.TieRecord {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := map[string][]roster.TieRecord{}
	for rec := range t.all {
		domain := domainOf(rec.There)
		if w := t.waiting[domain]; w == nil || !now.Before(w.until) {
			all[domain] = append(all[domain], rec)
		}
	}
	return all
}

// part ends those of a service's ties that are not wanted, until it fails.
func (t *Ties) part(ctx context.Context, domain string, all []roster.TieRecord) {
	ended := 0
	for _, rec := range all {
		left, err := t.leave(ctx, rec)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			t.failed(domain, err)
			return
		}
		if left {
			ended++
		}
	}
	t.mu.Lock()
	delete(t.waiting, domain)
	t.mu.Unlock()
	if ended > 0 {
		t.cfg.Log.Info("subscriptions ended that are not wanted any more", "at", domain, "subscriptions", ended)
	}
}

func (t *Ties) failed(domain string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.waiting[domain]
	if w == nil {
		w = &waiting{pause: t.cfg.Retry}
		t.waiting[domain] = w
		t.cfg.Log.Warn("subscriptions that are not wanted any more cannot be ended now, tried again", "at", domain, "error", Discreet(short(err.Error())))
	} else {
		w.pause = min(2*w.pause, t.cfg.MaxRetry)
	}
	w.until = time.Now().Add(jitter(w.pause))
}

// leave ends one tie if it is not wanted.
func (t *Ties) leave(ctx context.Context, rec roster.TieRecord) (left bool, err error) {
	t.mu.Lock()
	one := t.all[rec]
	if one == nil {
		t.mu.Unlock()
		return false, nil
	}
	over := make(chan struct{})
	t.leaving[told(rec)], one.again = over, false // of one service's one by one
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.leaving, told(rec))
		close(over)
		if left {
			delete(t.all, rec)
		}
	}()
	if t.cfg.Wanted(rec) {
		return false, nil
	}
	if !t.shared(rec) {
		if err := t.cfg.Leave(ctx, rec); err != nil {
			return false, err
		}
	}
	if err := t.cfg.Store.DeleteTie(ctx, rec); err != nil {
		return false, err
	}
	if t.noted(one) {
		return false, t.cfg.Store.StoreTie(ctx, rec)
	}
	return true, nil
}

// noted says whether it was asked for since its farewell began.
func (t *Ties) noted(one *tie) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return one.again
}

// shared says whether somebody else wants the very same to go on.
func (t *Ties) shared(rec roster.TieRecord) bool {
	t.mu.Lock()
	var same []roster.TieRecord
	for other := range t.all {
		if other != rec && told(other) == told(rec) {
			same = append(same, other)
		}
	}
	t.mu.Unlock()
	return slices.ContainsFunc(same, t.cfg.Wanted)
}

// Leave says that a list or a room need not be told any more, and returns nil
// when the other side has heard it, or has nothing to tell us: what it refuses
// it does not tell.
func Leave(ctx context.Context, l Link, t roster.TieRecord) error {
	us := t.Here + "@" + l.Domain()
	switch t.Kind {
	case roster.TieRoom:
		l.Send(leaveRoom(l, t.There))
		return settled(ask(ctx, l, "get", l.Domain(), t.There, "<query xmlns='"+nsDiscoInfo+"'/>")) // the room reads in order
	case roster.TieList:
		for _, node := range listNodes {
			if err := settled(ask(ctx, l, "set", us, t.There, unsubscribe(node, us))); err != nil {
				return err
			}
		}
	}
	return nil
}

func unsubscribe(node, jid string) string {
	return "<pubsub xmlns='" + nsPubSub + "'><unsubscribe node='" + escape(node) + "' jid='" + escape(jid) + "'/></pubsub>"
}

// settled is the error that is worth another try: nobody was there to answer.
func settled(raw []byte, err error) error {
	if errors.Is(err, ErrRefused) && Settled(raw) {
		return nil
	}
	return err
}

// final are conditions by which somebody says that there is nothing to end
// (XEP-0060 §6.2.3, XEP-0030 §7). Others may be a server's that could not deliver:
// ejabberd says not-allowed when a component is not there.
var final = []string{"item-not-found", "unexpected-request", "not-acceptable", "bad-request", "gone"}

// Settled says whether an answer is the last word of who was asked to tell us no
// more: a result, or that there is nothing to end.
func Settled(answer []byte) bool {
	var w wireError
	if xml.Unmarshal(answer, &w) != nil {
		return false
	}
	todo, conditions := w.conditions()
	return w.Type == "result" || todo != "wait" && slices.ContainsFunc(conditions, func(c string) bool { return slices.Contains(final, c) })
}

func domainOf(jid string) string {
	_, domain, has := strings.Cut(jid, "@")
	if !has {
		return jid
	}
	return domain
}
