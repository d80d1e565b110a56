package component

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// broken is a store that takes nothing in.
type broken struct {
	roster.Store
	is bool
}

var errBroken = errors.New("the disk is full")

func (b *broken) CreateGroup(ctx context.Context, rec *roster.GroupRecord) error {
	if b.is {
		return errBroken
	}
	return b.Store.CreateGroup(ctx, rec)
}

func (b *broken) ReviseGroup(ctx context.Context, name string, r *roster.Revision) error {
	if b.is {
		return errBroken
	}
	return b.Store.ReviseGroup(ctx, name, r)
}

var fences = regexp.MustCompile(`<iq type='get' from='groups\.example\.org' to='example\.org' id='[^']*'><ping xmlns='urn:xmpp:ping'/></iq>`)

// establishments are the ways to make a group; odd is one with something wrong.
func establishments() map[string]func(ctx context.Context, r *roster.Roster, odd bool) error {
	const owner = "owner@example.org"
	members := func(odd bool) (recs []roster.MemberRecord, list []roster.BasicMember) {
		all := []string{"ann@example.org", "bob@elsewhere.example", tim}
		if odd {
			all = append(all, "no address")
		}
		for _, jid := range all {
			recs = append(recs, roster.MemberRecord{JID: jid, Affiliation: roster.Plain})
			list = append(list, roster.BasicMember{JID: jid})
		}
		return recs, list
	}
	ways := map[string]func(ctx context.Context, r *roster.Roster, odd bool) error{
		"the command line": func(ctx context.Context, r *roster.Roster, odd bool) error {
			recs, _ := members(odd)
			return r.CreateGroup(ctx, &roster.GroupRecord{Name: "new", Members: recs})
		},
		"a user": func(ctx context.Context, r *roster.Roster, odd bool) error {
			recs, _ := members(odd)
			return r.Establish(ctx, owner, &roster.GroupRecord{Name: "new", Members: recs})
		},
		"a peer": func(ctx context.Context, r *roster.Roster, odd bool) error {
			_, err := r.Entrust(ctx, "new@asks.example", map[bool]string{true: "no word", false: "all"}[odd], roster.PeerWish{Of: roster.PeerList, Members: []string{"ann@example.org"}})
			return err
		},
	}
	for _, source := range []string{"a group server", "a room", "a file"} {
		ways[source] = func(ctx context.Context, r *roster.Roster, odd bool) error {
			_, list := members(odd)
			for i := range list { // rooms say what powers they have
				if source == "a room" {
					list[i].Affiliation = roster.Owner
				}
			}
			_, err := r.Mirror(ctx, strings.ReplaceAll(source, " ", "-"), &roster.Basic{Name: "new", Title: "New", Members: list, Hidden: source == "a room"})
			return err
		}
	}
	return ways
}

// A group that cannot be established is nowhere, and nobody hears of it: whoever
// keeps it, wherever presence comes from, and whatever is wrong.
func TestFailedEstablishmentSaysNothing(t *testing.T) {
	ways := establishments()
	for _, origin := range []roster.Origin{roster.FromSubscription, roster.FromServer, roster.FromBoth} {
		for way, establish := range ways {
			for _, odd := range []bool{true, false} { // the list is refused, or the disk is full
				t.Run(fmt.Sprint(origin, way, odd), func(t *testing.T) {
					disk := &broken{Store: store.Memory(), is: !odd}
					s := NewService(ServiceConfig{Store: disk, Origin: origin, Link: Config{Domain: testDomain, ServerHost: testHost}, MayCreate: func(string) bool { return true },
						Peers: []Peer{{Address: fromPeer, Take: []string{"taken.example"}}, {Address: "asks.example", Give: true, Grants: "all"}}})
					s.Link.Out.attach()
					s.attend.up = true // whoever wants something is attended to
					said := func() string {
						t.Helper()
						for g := s.attend.take(false); g != nil; g = s.attend.take(false) {
							s.takings.visit(t.Context(), g, nil)
							s.wishes.visit(t.Context(), g)
							ask, probe := g.Wants()
							for _, jid := range append(ask, probe...) {
								(&outlet{s}).Presence(g.Name(), jid, roster.Subscribe)
							}
						}
						r, err := s.Link.Out.round()
						if err != nil {
							t.Fatal(err)
						}
						defer s.Link.Out.recycle(r.b)
						return fences.ReplaceAllString(string(r.b), "")
					}
					if err := establish(t.Context(), s.Roster, odd); err == nil || !odd && !errors.Is(err, errBroken) {
						t.Fatalf("established: %v", err)
					}
					if got := said(); got != "" {
						t.Errorf("said is %s", got)
					}
					if all := s.Roster.All(); len(all) > 0 {
						t.Errorf("there is %s", all[0].Name())
					}
					disk.is = false
					if err := establish(t.Context(), s.Roster, false); err != nil {
						t.Fatal(err)
					}
					if got := said(); got == "" && !(origin == roster.FromServer && way == "a peer") { // who asks nobody
						t.Error("nothing is said where something is to be")
					}
					s.wishes.wait()
				})
			}
		}
	}
}
