package component

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/command"
	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/component/source"
	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// ServiceConfig says what a Service is made of.
type ServiceConfig struct {
	Link    Config
	Store   roster.Store
	Title   string // the service's name for people
	Version string
	Now     func() time.Time // nil = time.Now
	Limits  Limits

	Admin     func(jid string) bool // who administers every group; nil = nobody
	MayCreate func(jid string) bool // who else may create groups; nil = nobody
	Network   func(jid string) bool // who may say how users' devices are connected; nil = nobody else
	Inform    bool                  // see [roster.Options]
	Origin    roster.Origin         // of the presence of the server's own users
	Peers     peers                 // whom we give presence to, and take it from

	Hooks   hook.Config   // what it says of networks and times
	Sources source.Config // what it says of times

	PubSub    string // the server's own service: events leave through it; "" = from the groups themselves
	Multicast bool   // the server's service (XEP-0033) is used, if it has one

	ProbeRate int           // probes a second, 2000
	Silence   time.Duration // after which an unanswered probe means offline; 2 s
	Patience  time.Duration // after which a group speaks although its sweep goes on; 15 s
	PeerCheck time.Duration // how often peers are asked whether they are there; 30 s
}

func (c *ServiceConfig) withDefaults() {
	orElse(&c.Title, "Group presence")
	orElse(&c.Version, "unknown")
	orElse(&c.ProbeRate, 2000)
	orElse(&c.Silence, 2*time.Second)
	orElse(&c.Patience, 15*time.Second)
	orElse(&c.PeerCheck, 30*time.Second)
	c.Limits.withDefaults()
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Link.Log == nil {
		c.Link.Log = slog.New(slog.DiscardHandler)
	}
}

// Service is Rollcall as an XMPP server sees it.
type Service struct {
	Roster *roster.Roster
	Link   *Link
	Hooks  *hook.Keeper

	// Sources keeps the groups of others; SourceLink is what those that speak
	// XMPP are made with.
	Sources    *source.Keeper
	SourceLink source.Link

	cfg      ServiceConfig
	log      *slog.Logger
	pubsub   *pubsub.Service
	commands *command.Service
	workers  *workers
	attend   *attendant
	pace     *pace
	herald   *herald
	takings  *takings
	wishes   *wishes
	sources  *sourceLink
	copier   *multicast
	counts   counts
	writes   atomic.Bool // the server lets us write its users' rosters
	tells    atomic.Bool // the server tells of their presence, and we listen
	granted  atomic.Pointer[privileges]
	relied   atomic.Bool // it once told of all of them
	abandon  context.CancelCauseFunc

	probeRate atomic.Int64 // stanzas a second of those who ask about members

	limits atomic.Pointer[Limits] // for the reading goroutine to take; nil = as before

	// Only the reading goroutine uses these.
	gate     *gate
	presence roster.Presence
	caps     capsTag
	scan     frame.Scanner
	said     said
	text     []byte
	resource []byte
}

// NewService makes a service; Run brings it to life.
func NewService(cfg ServiceConfig) *Service {
	cfg.withDefaults()
	s := &Service{cfg: cfg, log: cfg.Link.Log, Link: NewLink(cfg.Link)}
	s.probeRate.Store(int64(cfg.ProbeRate))
	s.attend = newAttendant(s)
	s.herald = newHerald(s)
	s.copier = &multicast{s: s}
	s.takings, s.wishes = newTakings(s), newWishes(s)
	s.Hooks = newHooks(s)
	s.Roster = roster.New(roster.Options{
		Store:    cfg.Store,
		Outbox:   &outlet{s},
		Renderer: &pubsub.Renderer{Domain: cfg.Link.Domain, PubSub: cfg.PubSub},
		Outposts: outposts(&cfg),
		Now:      cfg.Now,
		Log:      s.log,
		Reads:    true,
		Domain:   cfg.Link.Domain,
		Hooks:    s.Hooks,

		Admin:     cfg.Admin,
		MayCreate: cfg.MayCreate,
		Notify:    func(n roster.Notice) { (&outlet{s}).notice(n) },
		Inform:    cfg.Inform,
		Origin:    cfg.Origin,
		Ours:      func(jid string) bool { return string(domainOf([]byte(jid))) == cfg.Link.ServerHost },
		Taken:     func(jid string) bool { return cfg.Peers.takes(jid) != nil },
		Peers:     cfg.Peers.gives,
	})
	s.Link.answered = s.garrisoned
	s.sources = newSourceLink(s.Link)
	s.Sources, s.SourceLink = newSources(s), s.sources
	s.pubsub = &pubsub.Service{Roster: s.Roster, Domain: cfg.Link.Domain, Title: cfg.Title, Began: cfg.Now(), Now: cfg.Now,
		PubSub: cfg.PubSub, Network: cfg.Network}
	record, _ := cfg.Store.(audit.Reader) // the one in memory keeps none
	s.commands = command.New(command.Config{Roster: s.Roster, Domain: cfg.Link.Domain, Title: cfg.Title, Now: cfg.Now, Log: s.log,
		Audit: record, Send: s.send, Hooks: s.Hooks.State})
	s.pubsub.Invites = s.commands.Invites
	reports := newRation(reportRate, reportBurst)
	s.pubsub.Reports = func(bot, member string) bool { return reports.allow(bot+"\n"+member, cfg.Now()) }
	if cfg.Peers.serves() {
		s.pubsub.Peers = cfg.Peers.gives
	}
	s.workers = newWorkers(s.log)
	s.gate = s.newGate(cfg.Limits)
	s.pace = newPace(cfg.Limits.ChangeRate, cfg.Limits.ChangeBurst, cfg.Now)
	return s
}

// newGate lets the peers of the configuration use the service, whoever else may.
func (s *Service) newGate(l Limits) *gate {
	if len(l.Domains) > 0 {
		l.Domains = slices.Clone(l.Domains)
		for _, p := range s.cfg.Peers {
			l.Domains = append(l.Domains, p.Address)
		}
	}
	return newGate(l, s.Link.cfg.ServerHost)
}

// SetLimits puts other limits in force, from the next stanza on. What anybody
// has used up of the former ones is forgiven.
func (s *Service) SetLimits(l Limits) {
	l.withDefaults()
	s.limits.Store(&l)
	s.pace.set(l.ChangeRate, l.ChangeBurst)
}

// SetProbeRate puts another rate of probes in force, from the next ones on.
func (s *Service) SetProbeRate(n int) { s.probeRate.Store(int64(n)) }

// pause is how long who has sent so many probes waits with the next.
func (s *Service) pause(n int) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(s.probeRate.Load())
}

// Run serves until ctx is done. An error means that the server will not have
// us and that trying again is no use.
func (s *Service) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	done := s.workers.run(work)
	hooks := make(chan struct{})
	go func() {
		defer close(hooks)
		s.Hooks.Run(work)
	}()
	sources := make(chan struct{})
	go func() {
		defer close(sources)
		s.Sources.Run(work)
	}()
	defer func() {
		stop()
		<-hooks
		<-sources
		<-done
	}()
	ctx, s.abandon = context.WithCancelCause(ctx)
	defer s.abandon(nil)
	err := s.Link.Run(ctx, s)
	if why := context.Cause(ctx); err == nil && errors.Is(why, ErrPrivilege) {
		return why
	}
	return err
}

// Attached implements [Handler].
func (s *Service) Attached(ctx context.Context) {
	s.counts.attach(s.cfg.Now())
	s.herald.attached()
	s.granted.Store(nil)
	s.Roster.Attached()
	s.Sources.Attached(ctx)
	s.attend.begin(ctx)
	if s.cfg.Multicast {
		s.copier.begin(ctx)
	}
}

// Detached implements [Handler].
func (s *Service) Detached(error) {
	s.counts.detach()
	s.Sources.Detached()
	if s.cfg.PubSub != "" {
		s.Roster.Detached()
	}
	s.writes.Store(false)
	s.tells.Store(false)
	s.takings.detach()
	s.attend.wait()
	s.wishes.wait()
	s.pace.drop()
}

// Detaching implements [Handler]: nobody is left with a contact that looks
// alive when it is not.
func (s *Service) Detaching() {
	for _, g := range s.Roster.All() {
		known := append(g.Contacts(), g.Granted()...) // these were told what the group can do
		slices.Sort(known)
		for _, jid := range slices.Compact(known) {
			(&outlet{s}).Presence(g.Name(), jid, roster.Unavailable)
		}
		s.abandonOutposts(g)
		g.Shown(func(to string, members []string) { (&outlet{s}).Gone(g.Name(), to, members) })
	}
}

// Refused implements [Handler].
func (s *Service) Refused(head *frame.Stanza, _ error) {
	s.counts.refused.Add(1)
	if string(head.Name) != "message" || string(head.Type) != "headline" {
		return
	}
	if p, ok := s.owner(head); ok {
		p.g.Missed(p.jid)
		s.attend.read(p, nil) // what is too large may be a policy
	}
}

// maxID bounds the id of a stanza, in bytes: it comes back with the answer, and
// an answer larger than the server takes from us ends the stream for everybody.
const maxID = 4096

// Stanza implements [Handler].
func (s *Service) Stanza(st *frame.Stanza) {
	if len(st.From) == 0 || string(domainOf(st.To)) != s.cfg.Link.Domain {
		return
	}
	s.counts.received(st.Name)
	if len(st.ID) > maxID { // no answer could be told from others by it
		s.counts.turned[limited].Add(1)
		return
	}
	if string(st.Name) == "message" && string(st.Type) != "error" && s.onPeer(st) || s.sources.take(st) {
		return
	}
	if s.limits.Load() != nil { // seldom, and only we take it
		s.gate = s.newGate(*s.limits.Swap(nil))
	}
	if v := s.gate.judge(st, s.cfg.Now()); v != hear {
		s.counts.turned[v].Add(1)
		s.turnAway(st, v)
		return
	}
	switch string(st.Name) {
	case "presence":
		s.onPresence(st)
	case "iq":
		s.onIQ(st)
	case "message":
		s.onMessage(st)
	}
}
