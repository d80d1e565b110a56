package watch_test

import (
	"context"
	"fmt"
	"log"

	"mellium.im/sasl"
	"mellium.im/xmpp"
	"mellium.im/xmpp/jid"
	"mellium.im/xmpp/mux"
	"mellium.im/xmpp/stanza"

	"github.com/rollcall-xmpp/rollcall/watch"
)

func dial(ctx context.Context) (*xmpp.Session, error) {
	return xmpp.DialClientSession(ctx, jid.MustParse("bot@example.org"), xmpp.BindResource(),
		xmpp.StartTLS(nil), xmpp.SASL("", "secret", sasl.ScramSha256, sasl.ScramSha1))
}

// Who is free to be called, for ever.
func ExampleWatcher_Follow() {
	ctx := context.Background()
	team := watch.New(jid.MustParse("team@groups.example.org"), watch.Options{
		Want: watch.Want{Roles: []string{"lead"}, Attributes: []string{"show"}},
	})
	for change, err := range team.Follow(ctx, dial) {
		switch {
		case err != nil:
			log.Fatal(err)
		case change.Kind == watch.Lost:
			log.Print(change.Err) // Follow dials again
		case change.After != nil && change.After.Show == watch.Available:
			fmt.Println(change.After.Name(), "is free")
		}
	}
}

// A bot that reads its session itself, for it does other things, too.
func ExampleHandler() {
	ctx, cancel := context.WithCancel(context.Background())
	session, err := dial(ctx)
	if err != nil {
		log.Fatal(err)
	}
	h := &watch.Handler{}
	go func() {
		defer cancel()
		log.Print(session.Serve(mux.New(stanza.NSClient, watch.Handle(h) /* and your own */)))
	}()
	w := watch.New(jid.MustParse("team@groups.example.org"), watch.Options{})
	for change, err := range h.Watch(ctx, session, w) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(change.Kind, w.Summary().Available, "of", w.Summary().Members)
	}
}
