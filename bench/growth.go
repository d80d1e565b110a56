package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// grown is what growth costs: each site is a store and a process of its own.
type grown struct {
	Sites []site  `json:"sites"`
	Start startup `json:"start"`
}

// site is how much there is, and what that costs. Groups are alike; a change is
// one member's, in one of the first groups, whose watchers are members.
type site struct {
	Axis     string `json:"axis"` // what grows: members, groups, rules, watchers
	Members  int    `json:"members"`
	Groups   int    `json:"groups"`
	Rules    int    `json:"rules"` // of each member
	Watchers int    `json:"watchers"`

	CPU    float64 `json:"cpu"`    // µs for one change, of the component
	Absent float64 `json:"absent"` // bytes of RSS for each member, while nobody is there
	There  float64 `json:"there"`  // the same while everybody is
	Busy   float64 `json:"busy"`   // the same behind changes, before any rest
}

// startup is what the start of a service with much in its store costs.
type startup struct {
	Groups      int     `json:"groups"`
	Memberships int     `json:"memberships"`
	Ready       float64 `json:"ready"` // seconds from the program's start until all groups answer
	Attached    float64 `json:"attached"`
	RSS         int64   `json:"rss"`
}

// Of growth.
const (
	active      = 20              // groups in which somebody changes
	changeTime  = time.Second / 2 // of changes, one after the other
	maxChanges  = 2000
	siteTime    = 60 * time.Second
	growthTime  = 6 * time.Minute
	startGroups = 10_000
	startEach   = 50
)

// sites are what grows, one thing at a time.
func sites() []site {
	return []site{
		{Axis: "members", Members: 100, Groups: 1, Watchers: 50},
		{Axis: "members", Members: 1000, Groups: 1, Watchers: 50},
		{Axis: "members", Members: 10_000, Groups: 1, Watchers: 50},
		{Axis: "groups", Members: 100, Groups: 10, Watchers: 50},
		{Axis: "groups", Members: 100, Groups: 100, Watchers: 50},
		{Axis: "groups", Members: 100, Groups: 1000, Watchers: 50},
		{Axis: "rules", Members: 1000, Groups: 1, Rules: 1, Watchers: 50},
		{Axis: "rules", Members: 1000, Groups: 1, Rules: 10, Watchers: 50},
		{Axis: "watchers", Members: 1000, Groups: 1, Watchers: 1},
		{Axis: "watchers", Members: 1000, Groups: 1, Watchers: 10},
		{Axis: "watchers", Members: 1000, Groups: 1, Watchers: 100},
		{Axis: "watchers", Members: 1000, Groups: 1, Watchers: 1000},
	}
}

// growth measures all sites, and says so.
func growth(ctx context.Context, program string, progress io.Writer) (*grown, error) {
	ctx, cancel := context.WithTimeout(ctx, growthTime)
	defer cancel()
	empty := site{Members: 2, Groups: 1, Watchers: 1}
	g := &grown{}
	none, err := empty.measure(ctx, program, nil)
	if err != nil {
		return nil, err
	}
	for _, s := range sites() {
		if _, err := s.measure(ctx, program, none); err != nil {
			fmt.Fprintf(progress, "\n  %d groups of %d, %d rules each, %d watchers: left out: %v", s.Groups, s.Members, s.Rules, s.Watchers, err)
			continue
		}
		fmt.Fprintf(progress, "\n  %s", s.line())
		g.Sites = append(g.Sites, s)
	}
	fmt.Fprint(progress, "\n  ")
	if g.Start, err = start(ctx, program); err != nil {
		fmt.Fprintln(progress, "start left out:", err)
	}
	if len(g.Sites) == 0 {
		return nil, errNoCells
	}
	return g, nil
}

func (s site) line() string {
	return fmt.Sprintf("%d groups of %d, %d rules each, %d watchers: %.1f µs for a change; %.0f, %.0f, %.0f bytes for a member", s.Groups, s.Members, s.Rules, s.Watchers, s.CPU, s.Absent, s.There, s.Busy)
}

func (g *grown) line() string {
	return fmt.Sprintf("%d memberships: attached after %.2f s, ready after %.2f s", g.Start.Memberships, g.Start.Attached, g.Start.Ready)
}

// record is the store's group n.
func (s *site) record(n int) *roster.GroupRecord {
	rec := &roster.GroupRecord{Name: groupName(n)}
	for m := range s.Members {
		jid := bareJID(m)
		rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Nick: userName(m), Affiliation: roster.Plain, Ask: roster.Granted})
		if n < active && m < s.Watchers {
			rec.Subscriptions = append(rec.Subscriptions, roster.SubscriptionRecord{ID: fmt.Sprintf("s%d-%d", n, m), Node: "presence", JID: jid, Owner: jid,
				Receiving: "attributes availability show status\n"})
		}
		if s.Rules > 0 {
			rec.Authorizations = append(rec.Authorizations, roster.AuthorizationRecord{JID: jid, Rules: s.rules(m)})
		}
	}
	return rec
}

// rules are about people who are not there, beside the one about the others.
func (s *site) rules(member int) string {
	var b strings.Builder
	b.WriteString("members: all except location addresses\n")
	for r := range s.Rules {
		fmt.Fprintf(&b, "jid:u%d@elsewhere.example: all\n", s.Rules*member+r)
	}
	return b.String()
}

// service is the program with such a store, and us as its server.
type service struct {
	component
	wire  *wire
	began time.Time
	took  time.Duration // until it attached
}

// serve makes the store and starts the program.
func (s *site) serve(ctx context.Context, program string, there bool, probes int) (v *service, err error) {
	v = &service{component: component{prog: program}}
	defer func() {
		if err != nil {
			err = errors.Join(err, v.close())
		}
	}()
	if v.dir, err = os.MkdirTemp("", "rollcall-bench-"); err != nil {
		return v, err
	}
	if v.wire, err = newWire(); err != nil {
		return v, err
	}
	v.wire.there.Store(there)
	if err := s.store(ctx, v.dir); err != nil {
		return v, err
	}
	text := fmt.Sprintf("domain = %q\n[server]\naddress = %q\nhost = %q\nsecret = \"bench\"\n[limits]\nchanges = 0\nprobes = %d\n[http]\nlisten = \"\"\n[log]\nlevel = \"warn\"\n",
		ours, v.wire.addr(), host, probes)
	if err := os.WriteFile(v.config(), []byte(text), 0o600); err != nil {
		return v, err
	}
	v.began = time.Now()
	v.run, err = lab.StartProgram(lab.ProgramOptions{Dir: v.dir, Log: filepath.Join(v.dir, "rollcall.log")}, program, "run", "-config", v.config())
	if err != nil {
		return v, err
	}
	select {
	case <-v.wire.up:
		v.took = time.Since(v.began)
	case <-v.run.Done():
		return v, fmt.Errorf("rollcall ended: %s", v.run.LastWords())
	case <-ctx.Done():
		return v, ctx.Err()
	}
	return v, nil
}

// store makes it, several groups at once.
func (s *site) store(ctx context.Context, dir string) error {
	kept, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "rollcall.db"))
	if err != nil {
		return err
	}
	var all errgroup.Group
	all.SetLimit(64)
	for n := range s.Groups {
		all.Go(func() error { return kept.CreateGroup(ctx, s.record(n)) })
	}
	return errors.Join(all.Wait(), kept.Close())
}

func (v *service) close() error {
	err := v.component.close()
	if v.wire != nil {
		err = errors.Join(err, v.wire.close())
	}
	return err
}

const statusPath = "/status"

// status is what the program says of itself.
func (v *service) status(ctx context.Context) (ready, settled bool) {
	text, err := v.fetch(ctx, statusPath)
	var says struct{ Ready, Settled bool }
	if err != nil || json.Unmarshal(text, &says) != nil {
		return false, false // it is too early
	}
	return says.Ready, says.Settled
}

// await asks until the program is settled, or ready at least.
func (v *service) await(ctx context.Context, every time.Duration, settled bool) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if r, s := v.status(ctx); s || r && !settled {
			return nil
		}
		select {
		case <-tick.C:
		case <-v.run.Done():
			return fmt.Errorf("rollcall ended: %s", v.run.LastWords())
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// start measures the start of a service with much in its store.
func start(ctx context.Context, program string) (s startup, err error) {
	much := site{Members: startEach, Groups: startGroups}
	v, err := much.serve(ctx, program, false, 2000)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, v.close()) }()
	err = v.await(ctx, 10*time.Millisecond, false)
	return startup{Groups: startGroups, Memberships: startGroups * startEach, Ready: time.Since(v.began).Seconds(), Attached: v.took.Seconds(), RSS: rss(v.pids())}, err
}
