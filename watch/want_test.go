package watch_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// deaf is a roster's way out that nobody listens to: tests call Turn.
type deaf struct{}

func (deaf) Ready(*roster.Group)                               {}
func (deaf) Wanted(*roster.Group)                              {}
func (deaf) Presence(string, string, roster.PresenceType)      {}
func (deaf) Began(group string, rec roster.SubscriptionRecord) {}
func (deaf) Gone(string, string, []string)                     {}
func (deaf) Ended(group string, rec roster.SubscriptionRecord) {}

// twin is two tables of one watcher: far has its policy applied by the
// service, near by itself.
type twin struct {
	*rapid.T
	r         *roster.Roster
	g         *roster.Group
	far, near *watch.Table
}

func receiving(t *rapid.T, w *watch.Want) *policy.Receiving {
	mask, err := policy.ParseMask(strings.Join(w.Attributes, " "))
	if err != nil {
		t.Fatal(err)
	}
	r := &policy.Receiving{Refuse: w.Refuse, Members: w.Members, Roles: w.Roles, SameRole: w.SameRole, Attributes: mask}
	r.Normalise()
	return r
}

func newTwin(t *rapid.T, node string, w watch.Want) *twin {
	rec := &roster.GroupRecord{Name: "team", Settings: roster.Settings{Title: "Team", Attributes: []roster.Attribute{{Name: "phone", Value: "123"}}}}
	for _, name := range names {
		rec.Members = append(rec.Members, member(name, roles().Draw(t, name)...))
	}
	x := &twin{T: t, far: watch.NewTable(group, node), near: watch.NewTable(group, node)}
	x.near.Filter("anna@example.org", w)
	x.r = roster.New(roster.Options{Store: store.Memory(), Outbox: deaf{}, Renderer: &pubsub.Renderer{Domain: domain}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	x.must(x.r.CreateGroup(context.Background(), rec))
	x.g = x.r.Loaded([]byte("team"))
	x.g.Open()
	n, err := roster.ParseNode(strings.TrimPrefix(node, pubsub.NS+"#"))
	x.must(err)
	for resource, r := range map[string]*policy.Receiving{"far": receiving(t, &w), "near": nil} {
		_, err := x.g.Subscribe(context.Background(), "anna@example.org", "anna@example.org/"+resource, n, r)
		x.must(err)
	}
	return x
}

func (x *twin) must(err error) {
	if err != nil {
		x.Fatal(err)
	}
}

// listen lets the group speak and both tables hear it.
func (x *twin) listen() {
	for more := true; more; {
		var b []byte
		b, more = x.g.Turn(nil, 1<<20)
		r := frame.NewReader(strings.NewReader(string(b)), 1<<20, 100)
		for raw, err := r.Next(); err == nil; raw, err = r.Next() {
			t := x.near
			if strings.Contains(string(raw), "to='anna@example.org/far'") {
				t = x.far
			}
			_, err := t.Take(raw, time.Time{})
			x.must(err)
		}
	}
}

var names = []string{"anna", "bo", "cy", "dee"}

func roles() *rapid.Generator[[]string] {
	return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"lead", "ops", "night"}), 0, 2, rapid.ID)
}

func wants(node string) *rapid.Generator[watch.Want] {
	words := append(strings.Fields(policy.All.String()), "all")
	return rapid.Custom(func(t *rapid.T) watch.Want {
		var w watch.Want
		if rapid.Bool().Draw(t, "chosen") {
			w.Members = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"anna@example.org", "bo@example.org", "x@example.org"}), 0, 3, rapid.ID).Draw(t, "members")
		}
		if node != watch.NodePresence {
			w.Roles = roles().Draw(t, "roles")
			w.SameRole = rapid.Bool().Draw(t, "same")
		}
		w.Attributes = rapid.SliceOfNDistinct(rapid.SampledFrom(words), 0, 6, rapid.ID).Draw(t, "attributes")
		w.Refuse = rapid.IntRange(0, 20).Draw(t, "refuse") == 0
		return w
	})
}

func (x *twin) anything(policies []string) {
	ctx := context.Background()
	name := rapid.SampledFrom(names).Draw(x.T, "who")
	jid := name + "@example.org"
	switch rapid.IntRange(0, 5).Draw(x.T, "what") {
	case 0:
		_ = x.r.SetPolicy(ctx, "team", jid, rapid.SampledFrom(policies).Draw(x.T, "policy")) // who is no member has none
	case 1:
		given := roles().Draw(x.T, "roles")
		_ = x.r.UpdateMember(ctx, "team", jid, func(m *roster.MemberRecord) error {
			m.Roles = given
			return nil
		})
	case 2:
		if name == "anna" {
			return
		}
		if x.r.RemoveMember(ctx, "team", jid) != nil {
			x.must(x.r.AddMembers(ctx, "team", member(name, roles().Draw(x.T, "roles")...)))
		}
	default:
		device := rapid.SampledFrom([]string{"phone", "desk"}).Draw(x.T, "device")
		p := &roster.Presence{Show: roster.Show(rapid.IntRange(0, int(roster.Chat)).Draw(x.T, "show"))}
		if p.Show != roster.Offline && rapid.Bool().Draw(x.T, "more") {
			p.Status, p.Idle = []byte("On a call"), []byte("2026-01-01T12:00:00Z")
			p.Can = roster.NewCapabilities([]roster.Identity{{Category: "client", Type: device}}, roster.Ability(rapid.IntRange(0, 15).Draw(x.T, "can")))
		}
		x.g.Hear([]byte(jid), []byte(device), p)
		x.g.Connect(jid, device, roster.Connection(rapid.IntRange(0, 2).Draw(x.T, "connection")))
	}
}

// What is left of everything under a receiving policy of our own is what the
// service would have sent under the same one.
func TestLocalEqualsServer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		node := rapid.SampledFrom([]string{watch.NodeGroup, watch.NodePresence, watch.NodeMembers}).Draw(t, "node")
		w := wants(node).Draw(t, "want")
		policies := []string{"", "members: all", "members: availability", "members: availability show status idle", "members: all except show",
			"role:lead: all", "hide anna@example.org", "share no", "jid:anna@example.org: availability devices connection"}
		counts := true
		if len(w.Members)+len(w.Roles) > 0 || w.SameRole {
			// Nobody but the service knows who is counted without a name.
			if counts = rapid.Bool().Draw(t, "counts"); !counts {
				policies = append(policies, "members: counted")
			}
		} else {
			policies = append(policies, "members: counted")
		}
		x := newTwin(t, node, w)
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			x.anything(policies)
			if rapid.Bool().Draw(t, "listen") {
				continue
			}
			x.listen()
			if w.Refuse {
				if len(x.near.Members()) > 0 || len(x.far.Members()) > 0 {
					t.Fatalf("refused: %s%s", x.near, x.far)
				}
				continue
			}
			far, near := shown(x.far, counts), shown(x.near, counts)
			if far != near {
				t.Fatalf("want %+v\nservice %s\nhere    %s", w, far, near)
			}
		}
	})
}

func shown(t *watch.Table, counts bool) string {
	all := []any{t.Info(), t.Members()}
	if counts {
		all = append(all, t.Summary())
	}
	text, _ := json.Marshal(all)
	return string(text)
}

// Who wants JSON says so in the options, beside what he wants.
func TestJSONIsAskedFor(t *testing.T) {
	for _, o := range []watch.Options{{JSON: true}, {JSON: true, Local: true, Want: watch.Want{SameRole: true}}, {Want: watch.Want{SameRole: true}}} {
		form := watch.FormOf(&o)
		if strings.Contains(form, "}format'><value>json<") != o.JSON || strings.Contains(form, "same-role") != (o.Want.SameRole && !o.Local) {
			t.Errorf("%+v: %s", o, form)
		}
	}
}
