package component

import (
	"slices"
	"sync"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Limits says who may ask, and how much. Somebody may ask Burst at once, which
// grows again by Rate a second; a rate below zero is no limit.
type Limits struct {
	Rate, Burst             float64 // of one bare JID; 50 and 2000
	DomainRate, DomainBurst float64 // of all of one domain but the server's own; 500 and 20,000

	// ChangeRate and ChangeBurst are for a member's presence in one group;
	// 5 and 100. What is beyond is told later, and only the latest of it.
	ChangeRate, ChangeBurst float64

	// Domains may use the service, beside the server's own; empty = all.
	Domains []string
}

func (l *Limits) withDefaults() {
	orElse(&l.Rate, 50)
	orElse(&l.Burst, 2000)
	orElse(&l.DomainRate, 500)
	orElse(&l.DomainBurst, 20_000)
	orElse(&l.ChangeRate, 5)
	orElse(&l.ChangeBurst, 100)
}

// maxBuckets is how many of those who asked lately are known. More than that
// share what is left: they are served, at one rate for all of them.
const maxBuckets = 1 << 16

// limiter holds a bucket of tokens for each of those who asked lately. It is
// its owner's alone.
type limiter struct {
	rate, burst float64
	max         int
	buckets     map[string]*bucket // pointers: to store under bytes would copy them each time
	rest        bucket             // of all for whom there is no room
	swept       time.Time
}

type bucket struct {
	tokens float64
	at     time.Time
}

func newLimiter(rate, burst float64) *limiter {
	return &limiter{rate: rate, burst: burst, max: maxBuckets, buckets: map[string]*bucket{}, rest: bucket{tokens: burst}}
}

// allow takes a token of key's. False: there is none.
func (l *limiter) allow(key []byte, now time.Time) bool {
	if l.rate < 0 {
		return true
	}
	b, known := l.buckets[string(key)]
	if !known {
		if len(l.buckets) >= l.max {
			l.sweep(now)
		}
		if len(l.buckets) >= l.max {
			return l.take(&l.rest, now)
		}
		b = &bucket{l.burst, now}
		l.buckets[string(key)] = b
	}
	return l.take(b, now)
}

// take fills b by what has passed; a clock that went back fills nothing.
func (l *limiter) take(b *bucket, now time.Time) bool {
	if d := now.Sub(b.at); d > 0 {
		b.tokens = min(l.burst, b.tokens+d.Seconds()*l.rate)
	}
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}

// sweep forgets whose bucket is full again, at most once a second.
func (l *limiter) sweep(now time.Time) {
	if d := now.Sub(l.swept); d >= 0 && d < time.Second {
		return
	}
	l.swept = now
	for key, b := range l.buckets {
		if b.tokens+now.Sub(b.at).Seconds()*l.rate >= l.burst {
			delete(l.buckets, key)
		}
	}
}

// ration is a limiter that several use.
type ration struct {
	mu     sync.Mutex
	limits *limiter
}

func newRation(rate, burst float64) *ration { return &ration{limits: newLimiter(rate, burst)} }

func (r *ration) allow(key string, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.limits.allow([]byte(key), now)
}

// What a bot may say on behalf of one member: each is a write, and told on.
const (
	reportRate  = 1.0 / 3 // a second
	reportBurst = 20
)

// gate decides which stanzas are heard. It is the reading goroutine's.
type gate struct {
	cfg     Limits
	own     string // the server's domain
	jids    *limiter
	answers *limiter // to requests of ours: nobody has more of them than groups
	domains *limiter
}

func newGate(cfg Limits, own string) *gate {
	return &gate{cfg: cfg, own: own, jids: newLimiter(cfg.Rate, cfg.Burst), answers: newLimiter(cfg.Rate, 5*cfg.Burst),
		domains: newLimiter(cfg.DomainRate, cfg.DomainBurst)}
}

// verdict is what becomes of a stanza.
type verdict uint8

const (
	hear    verdict = iota
	limited         // who sent it asks too much
	foreign         // his domain may not use the service
)

// judge says what becomes of st. Presence of members passes here, it has a
// limit of its own (see pace), and so does what comes back to us: to drop it
// would be to believe what is not so.
func (g *gate) judge(st *frame.Stanza, now time.Time) verdict {
	bare, _ := split(st.From)
	domain := domainOf(st.From)
	if string(domain) != g.own && len(g.cfg.Domains) > 0 && !slices.Contains(g.cfg.Domains, string(domain)) {
		return foreign
	}
	who := g.jids
	switch string(st.Name) {
	case "presence":
		switch string(st.Type) {
		case "", "unavailable", "error":
			return hear
		case "subscribed", "unsubscribed":
			who = g.answers
		}
	case "message":
		if string(st.Type) == "error" {
			return hear
		}
	}
	if !who.allow(bare, now) {
		return limited
	}
	// Whoever is limited himself takes nothing from his domain.
	if string(domain) != g.own && !g.domains.allow(domain, now) {
		return limited
	}
	return hear
}

// turnAway answers a stanza that is not heard, as far as it asks anything.
// Nothing here depends on whether the name asked is used.
func (s *Service) turnAway(st *frame.Stanza, v verdict) {
	asked := string(st.Type) == "get" || string(st.Type) == "set"
	switch name := string(st.Name); {
	case v == foreign && name == "presence" && string(st.Type) == "subscribe":
		bare, _ := split(st.From)
		(&outlet{s}).Presence(string(local(st.To)), string(bare), roster.Unsubscribed)
	case v == foreign && name == "iq" && asked:
		s.Link.Out.Control(func(b []byte) []byte { return appendError(b, st, "auth", "forbidden") })
	case v == limited && name == "message" && string(st.Type) == "headline":
		s.hurried(st)
	case v == limited && (name == "iq" && asked || name == "presence" && string(st.Type) == "subscribe" || name == "message"):
		s.Link.Out.Control(func(b []byte) []byte { return appendError(b, st, "wait", "resource-constraint") })
	}
}
