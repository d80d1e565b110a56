package roster_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

var errDisk = errors.New("the disk is full")

// failing is a store that writes nothing while broken.
type failing struct {
	roster.Store
	broken bool
	writes int
}

func (f *failing) write() error {
	f.writes++
	if f.broken {
		return errDisk
	}
	return nil
}

func (f *failing) CreateGroup(ctx context.Context, r *roster.GroupRecord) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.CreateGroup(ctx, r) }))
}

func (f *failing) DeleteGroup(ctx context.Context, name string) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.DeleteGroup(ctx, name) }))
}

func (f *failing) StoreSettings(ctx context.Context, group string, s roster.Settings, agreed ...roster.Agreement) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.StoreSettings(ctx, group, s, agreed...) }))
}

func (f *failing) ReviseGroup(ctx context.Context, group string, r *roster.Revision) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.ReviseGroup(ctx, group, r) }))
}

func (f *failing) StoreMembers(ctx context.Context, group string, m ...roster.MemberRecord) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.StoreMembers(ctx, group, m...) }))
}

func (f *failing) DeleteMember(ctx context.Context, group, jid string) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.DeleteMember(ctx, group, jid) }))
}

func (f *failing) StoreSubscription(ctx context.Context, group string, s roster.SubscriptionRecord) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.StoreSubscription(ctx, group, s) }))
}

func (f *failing) DeleteSubscriptions(ctx context.Context, group string, ids ...string) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.DeleteSubscriptions(ctx, group, ids...) }))
}

func (f *failing) StoreContact(ctx context.Context, group, jid string) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.StoreContact(ctx, group, jid) }))
}

func (f *failing) DeleteContact(ctx context.Context, group, jid string) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.DeleteContact(ctx, group, jid) }))
}

func (f *failing) unless(do func() error) error {
	if f.broken {
		return nil
	}
	return do()
}

// playOn is play with a store of one's own.
func playOn(t *testing.T, f roster.Store, rec *roster.GroupRecord) (*roster.Roster, *outbox, *roster.Group) {
	t.Helper()
	out := &outbox{wake: make(chan struct{}, 1)}
	r := roster.New(roster.Options{Store: f, Outbox: out, Renderer: dialect{},
		Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	if err := r.CreateGroup(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	return r, out, r.Loaded([]byte(rec.Name))
}

// TestNothingIsAcknowledgedThatIsNotStored: when the store fails, whoever
// asked hears of it, and it is as if he had not: in memory, on the wire, and
// for everybody else.
func TestNothingIsAcknowledgedThatIsNotStored(t *testing.T) {
	ctx, ann, bob := context.Background(), at("ann"), at("bob")
	for name, change := range map[string]func(r *roster.Roster, g *roster.Group) error{
		"create": func(r *roster.Roster, _ *roster.Group) error {
			return r.CreateGroup(ctx, &roster.GroupRecord{Name: "another"})
		},
		"delete": func(r *roster.Roster, _ *roster.Group) error { return r.DeleteGroup(ctx, "team") },
		"say": func(_ *roster.Roster, g *roster.Group) error {
			return g.Say(ctx, ann, saying(roster.Willing{No: true}))
		},
		"say to all": func(r *roster.Roster, _ *roster.Group) error {
			return r.SayToAll(ctx, ann, saying(roster.Willing{No: true}))
		},
		"trust": func(_ *roster.Roster, g *roster.Group) error {
			return g.Trust(ctx, ann, func([]roster.Trust) ([]roster.Trust, error) {
				return []roster.Trust{{Bot: calendar, May: policy.Status}}, nil
			})
		},
		"settings": func(r *roster.Roster, _ *roster.Group) error {
			return r.UpdateGroup(ctx, "team", func(s *roster.Settings) error {
				s.Title, s.Payload = "Another", roster.PresenceOnly
				s.Attributes[0].Value = "changed in place"
				return nil
			})
		},
		"add": func(r *roster.Roster, _ *roster.Group) error {
			return r.AddMembers(ctx, "team", roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain})
		},
		"update": func(r *roster.Roster, _ *roster.Group) error {
			return r.UpdateMember(ctx, "team", ann, func(m *roster.MemberRecord) error {
				m.Nick, m.Roles[0] = "Annie", "in-place"
				return nil
			})
		},
		"remove": func(r *roster.Roster, _ *roster.Group) error { return r.RemoveMember(ctx, "team", bob) },
		"subscribe": func(_ *roster.Roster, g *roster.Group) error {
			_, err := g.Subscribe(ctx, ann, ann, roster.NodeInfo, nil)
			return err
		},
		"unsubscribe": func(_ *roster.Roster, g *roster.Group) error {
			return g.Unsubscribe(ctx, bob, bob, roster.NodeGroup, "")
		},
		"contact":    func(_ *roster.Roster, g *roster.Group) error { return g.OnSubscribe(ctx, ann) },
		"no contact": func(_ *roster.Roster, g *roster.Group) error { return g.OnUnsubscribe(ctx, bob) },
		"denied":     func(_ *roster.Roster, g *roster.Group) error { return g.OnUnsubscribed(ctx, ann) },
		"approved":   func(_ *roster.Roster, g *roster.Group) error { return g.OnSubscribed(ctx, bob) },
		"asked":      func(_ *roster.Roster, g *roster.Group) error { return g.Asked(ctx, []string{at("dan")}) },
	} {
		t.Run(name, func(t *testing.T) {
			rec := team("ann", "bob", "dan")
			rec.Members[0].Roles = []string{"lead"}
			rec.Members[1].Ask, rec.Members[2].Ask = roster.Asked, roster.Unasked
			rec.Settings.Attributes = []roster.Attribute{{Name: "phone", Value: "1"}}
			rec.Contacts = []string{bob}
			f := &failing{Store: store.Memory()}
			r, out, g := playOn(t, f, rec)
			if _, err := g.Subscribe(ctx, bob, bob, roster.NodeGroup, nil); err != nil {
				t.Fatal(err)
			}
			g.Hear([]byte(ann), []byte("desk"), &roster.Presence{Show: roster.Online})
			for g := out.next(); g != nil; g = out.next() {
				g.Turn(nil, 1<<20)
			}
			out.sent()
			before := picture(t, r)
			f.broken, f.writes = true, 0
			if err := change(r, g); !errors.Is(err, errDisk) {
				t.Errorf("%v", err)
			}
			f.broken = false
			if f.writes != 1 {
				t.Errorf("%d writes", f.writes)
			}
			if after := picture(t, r); after != before {
				t.Errorf("before\n%s\nafter\n%s", before, after)
			}
			g.Check(t)
			presence, ended := out.sent()
			if len(presence) > 0 || len(ended) > 0 || len(out.ready) > 0 {
				t.Errorf("sent %q, ended %q, %d turns wanted", presence, ended, len(out.ready))
			}
		})
	}
}

// picture is everything that can be found out about the groups.
func picture(t *testing.T, r *roster.Roster) string {
	t.Helper()
	names, err := r.ListGroups(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	s := fmt.Sprint(names, len(r.All()))
	for _, n := range names {
		rec, err := r.ShowGroup(context.Background(), n)
		if err != nil {
			t.Fatal(err)
		}
		g := r.Loaded([]byte(n))
		g.Lost() // what was under way is wanted again
		ask, probe := g.Wants()
		s += fmt.Sprintf("\n%+v %q %q %q", *rec, ask, probe, g.Contacts())
	}
	return s
}

// TestRestart: what was acknowledged is there when the next process loads it,
// and presence is unknown until it is asked for.
func TestRestart(t *testing.T) {
	ctx, ann, bob := context.Background(), at("ann"), at("bob")
	disk := store.Memory()
	r, _, g := playOn(t, disk, team("ann", "bob"))
	if _, err := g.Subscribe(ctx, bob, bob, roster.NodePresence, nil); err != nil {
		t.Fatal(err)
	}
	g.Hear([]byte(ann), []byte("desk"), &roster.Presence{Show: roster.Online})
	before, err := r.ShowGroup(ctx, "team")
	if err != nil {
		t.Fatal(err)
	}

	out := &outbox{wake: make(chan struct{}, 1)}
	r = roster.New(roster.Options{Store: disk, Outbox: out, Renderer: dialect{}})
	g, err = r.Group(ctx, "team")
	if err != nil {
		t.Fatal(err)
	}
	after, err := r.ShowGroup(ctx, "team")
	if err != nil || fmt.Sprint(*after) != fmt.Sprint(*before) {
		t.Fatalf("%v\nbefore %+v\nafter  %+v", err, *before, *after)
	}
	if out.wanted != 1 || out.next() != nil {
		t.Fatalf("wanted %d times, and says something before it knows", out.wanted)
	}
	g.Hear([]byte(bob), []byte("desk"), &roster.Presence{Show: roster.Away})
	if g.Swept(true) || !g.Swept(false) {
		t.Fatal("the sweep ends at the wrong time")
	}
	b, _ := out.next().Turn(nil, 1<<20)
	if all := read(t, b); len(all) != 1 || short(all[0]) != "bob presence full: ann bob" {
		t.Errorf("%q", b)
	}
}

// A group of whose members none can be probed speaks at once.
func TestRestartWithNobodyToProbe(t *testing.T) {
	ctx, disk := context.Background(), store.Memory()
	rec := team("ann")
	rec.Members[0].Ask = roster.Refused
	_, _, g := playOn(t, disk, rec)
	if _, err := g.Subscribe(ctx, at("ann"), at("ann"), roster.NodeGroup, nil); err != nil {
		t.Fatal(err)
	}
	out := &outbox{wake: make(chan struct{}, 1)}
	if _, err := roster.New(roster.Options{Store: disk, Outbox: out, Renderer: dialect{}}).Group(ctx, "team"); err != nil {
		t.Fatal(err)
	}
	if g := out.next(); g == nil {
		t.Fatal("says nothing")
	} else if b, _ := g.Turn(nil, 1<<20); len(read(t, b)) != 1 {
		t.Errorf("%q", b)
	}
}

// counting counts the groups that are looked for in the store.
type counting struct {
	roster.Store
	got int
}

func (c *counting) GetGroup(ctx context.Context, name string) (*roster.GroupRecord, error) {
	c.got++
	return c.Store.GetGroup(ctx, name)
}

// When all groups are loaded an unused name is known to be one without the
// store: it answers as fast as an unlisted group does.
func TestUnusedNameIsNotLookedFor(t *testing.T) {
	ctx, c := context.Background(), &counting{Store: store.Memory()}
	r, _, _ := playOn(t, c, team("ann"))
	look := func(want int) {
		t.Helper()
		if _, err := r.Group(ctx, "unused"); !errors.Is(err, roster.ErrNoGroup) || c.got != want {
			t.Errorf("%v, looked for %d times, want %d", err, c.got, want)
		}
	}
	look(1)
	r.Complete()
	look(1)
	if err := r.CreateGroup(ctx, &roster.GroupRecord{Name: "new"}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Group(ctx, "new"); err != nil {
		t.Error(err)
	}
	if err := r.DeleteGroup(ctx, "new"); err != nil {
		t.Error(err)
	}
	if _, err := r.Group(ctx, "new"); !errors.Is(err, roster.ErrNoGroup) {
		t.Error(err)
	}
	look(1)
}

func (f *failing) StoreVisitor(ctx context.Context, group string, v roster.VisitorRecord) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.StoreVisitor(ctx, group, v) }))
}

func (f *failing) DeleteVisitor(ctx context.Context, group, jid string) error {
	return errors.Join(f.write(), f.unless(func() error { return f.Store.DeleteVisitor(ctx, group, jid) }))
}
