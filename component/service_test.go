package component

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// serve runs a service with one group and its members, who have granted their
// presence, on a server that is played by the test.
func serve(t *testing.T, members ...string) (svc *Service, p *peer, stop func() error) {
	t.Helper()
	rec := &roster.GroupRecord{Name: "team"}
	for _, m := range members {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: m + "@example.org", Affiliation: roster.Plain, Ask: roster.Granted})
	}
	kept, s := store.Memory(), newServer()
	if err := kept.CreateGroup(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	svc = NewService(ServiceConfig{Link: s.config(), Store: kept})
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan error, 1)
	go func() { over <- svc.Run(ctx) }()
	p = s.accept(t, "")
	if err := svc.Settle(ctx); err != nil {
		t.Fatal(err)
	}
	return svc, p, func() error {
		cancel()
		return <-over
	}
}

// The answer comes from the address that was asked (RFC 6120 §8.1.2.1): whoever
// asks the resource that he sees online waits for an answer from there.
func TestAnswersComeFromWhereTheQuestionWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p, stop := serve(t, "ann")
		for _, to := range []string{"team@" + testDomain, "team@" + testDomain + "/group", "unused@" + testDomain + "/group", testDomain, testDomain + "/x"} {
			for _, payload := range []string{
				"<query xmlns='http://jabber.org/protocol/disco#info'/>",
				"<query xmlns='http://jabber.org/protocol/disco#items'/>",
				"<ping xmlns='urn:xmpp:ping'/>",
				"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#group'/></pubsub>",
				"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#none'/></pubsub>",
			} {
				p.send("<iq type='get' id='q' from='ann@example.org/desk' to='" + to + "'>" + payload + "</iq>")
				for {
					got := p.next()
					if !strings.HasPrefix(got, "<iq") || !strings.Contains(got, "id='q'") {
						continue
					}
					if !strings.Contains(got[:strings.Index(got, ">")], "from='"+to+"'") {
						t.Errorf("%s asked %s: %.150s", to, payload, got)
					}
					break
				}
			}
		}
		p.leave(stop)
	})
}

// A withdrawn approval is in force at once, however much waits for the store.
func TestWithdrawalDoesNotQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t, "ann", "bob")
		p.send("<presence from='ann@example.org/desk' to='team@" + testDomain + "'/>")
		p.send("<iq type='set' id='s' from='bob@example.org/desk' to='team@" + testDomain + "'><pubsub xmlns='http://jabber.org/protocol/pubsub'>" +
			"<subscribe node='urn:xmpp:tmp:group-presence:0#presence' jid='bob@example.org'/></pubsub></iq>")
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		free := make(chan struct{})
		svc.workers.put("team", func(context.Context) { <-free })
		p.send("<presence type='unsubscribed' from='ann@example.org' to='team@" + testDomain + "'/>")
		p.send("<presence from='ann@example.org/desk' to='team@" + testDomain + "'><status>not shared any more</status></presence>")
		const offline = "jid='ann@example.org'><presence xmlns='jabber:client' type='unavailable'/>"
		for seen := false; ; {
			got := p.next()
			seen = seen || strings.Contains(got, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
			if strings.Contains(got, "any more") {
				t.Fatal(got)
			}
			if strings.Contains(got, offline) && seen {
				break
			}
		}
		close(free)
		p.leave(stop)
	})
}

// Who is removed while the group asks its members is not asked afterwards.
func TestRemovedMemberIsNotAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t)
		var recs []roster.MemberRecord
		for i := range 2 * batch {
			recs = append(recs, roster.MemberRecord{JID: fmt.Sprintf("m%03d@example.org", i), Affiliation: roster.Plain})
		}
		if err := svc.Roster.AddMembers(t.Context(), "team", recs...); err != nil {
			t.Fatal(err)
		}
		last := recs[len(recs)-1].JID
		synctest.Wait() // between the batches
		if err := svc.Roster.RemoveMember(t.Context(), "team", last); err != nil {
			t.Fatal(err)
		}
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.send(pingFrom("over")) // who is no member is answered, as by an unused name
		for got := p.next(); !strings.Contains(got, "id='over'"); got = p.next() {
			if strings.Contains(got, "to='"+last+"' type='subscribe'") {
				t.Errorf("asked behind the end: %s", got)
			}
		}
		p.leave(stop)
	})
}
