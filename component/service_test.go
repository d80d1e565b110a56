package component

import (
	"context"
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
	return svc, p, func() error {
		cancel()
		return <-over
	}
}

// The answer comes from the address that was asked (RFC 6120 §8.1.2.1): whoever
// asks the resource that he sees online waits for an answer from there.
func TestAnswersComeFromWhereTheQuestionWent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t, "ann")
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
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
