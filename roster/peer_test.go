package roster_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// meddled is a store that lets something happen while a group is created.
type meddled struct {
	roster.Store
	meanwhile func()
}

func (m *meddled) CreateGroup(ctx context.Context, rec *roster.GroupRecord) error {
	if m.meanwhile != nil {
		m.meanwhile()
	}
	return m.Store.CreateGroup(ctx, rec)
}

// What a user says that peers may see holds for the peer who has just asked for
// him as well.
func TestSaidWhileAPeerAsks(t *testing.T) {
	const peer, grants = "groups.b.example", "all"
	ctx, disk := t.Context(), &meddled{Store: store.Memory()}
	r := roster.New(roster.Options{Store: disk, Outbox: &quietOutbox{subscribed: map[string]int{}}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"},
		Ours: func(jid string) bool { return strings.HasSuffix(jid, "@example.org") }})
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	wish := func(jids ...string) roster.PeerWish { return roster.PeerWish{Of: roster.PeerList, Members: jids} }
	nothing := &policy.Authorization{}
	must(r.AuthorizePeers(ctx, bob, nothing))
	must(r.AuthorizePeers(ctx, ann, &policy.Authorization{Share: true, Rules: []policy.Rule{{Attributes: policy.All}}}))
	said := make(chan error, 1)
	disk.meanwhile = func() {
		disk.meanwhile = nil
		done := make(chan struct{})
		go func() {
			defer close(done)
			said <- r.AuthorizePeers(ctx, ann, nothing)
		}()
		select {
		case <-done:
		case <-time.After(100 * time.Millisecond): // he waits for us
		}
	}
	_, err := r.Entrust(ctx, peer, grants, wish(ann, bob))
	must(err)
	must(<-said)
	rec, err := r.ShowGroup(ctx, roster.PeerGroup(peer))
	must(err)
	for _, jid := range []string{ann, bob} {
		said := roster.AuthorizationRecord{JID: jid, Rules: nothing.String()}
		if rec.Member(jid) == nil || !slices.Contains(rec.Authorizations, said) {
			t.Errorf("%s has said %q, in force is %v", jid, said.Rules, rec.Authorizations)
		}
	}
}
