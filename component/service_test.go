package component_test

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// The main job on each kind of server: members change their presence, a
// subscriber sees the combined group presence.
func TestMainJob(t *testing.T) {
	for name, start := range map[string]func(context.Context, lab.Options) (lab.Server, error){
		"fake": lab.StartFake, "prosody": lab.StartProsody, "ejabberd": lab.StartEjabberd,
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			srv, err := start(ctx, lab.Options{LogLevel: "debug"})
			if err != nil {
				t.Fatal(err)
			}
			defer srv.Stop()
			svc := component.NewService(component.ServiceConfig{
				Store: store.Memory(),
				Link: component.Config{Addr: srv.ComponentAddr(), Domain: srv.ComponentDomain(), ServerHost: srv.Host(),
					Secret: func() ([]byte, error) { return []byte(srv.Secret()), nil },
					Log:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelDebug}))},
			})
			run, stop := context.WithCancel(ctx)
			done := make(chan error, 1)
			go func() { done <- svc.Run(run) }()
			defer func() { stop(); t.Log(<-done) }()
			rec := &roster.GroupRecord{Name: "team", Settings: roster.Settings{Title: "The Team"}}
			for _, u := range []string{"alice", "bob"} {
				if err := srv.AddUser(ctx, u, "secret"); err != nil {
					t.Fatal(err)
				}
				rec.Members = append(rec.Members, roster.MemberRecord{JID: u + "@" + srv.Host(), Nick: strings.ToUpper(u[:1]) + u[1:], Affiliation: roster.Plain})
			}
			alice, err := lab.Login(ctx, srv, "alice", "secret", "phone", lab.ClientOptions{Requests: lab.Approve})
			if err != nil {
				t.Fatal(err)
			}
			defer alice.Close()
			bob, err := lab.Login(ctx, srv, "bob", "secret", "desk", lab.ClientOptions{Requests: lab.Approve})
			if err != nil {
				t.Fatal(err)
			}
			defer bob.Close()
			alice.Online(ctx)
			bob.Online(ctx)
			for !svc.Fence(ctx) {
				time.Sleep(50 * time.Millisecond)
			}
			if err := svc.Roster.CreateGroup(ctx, rec); err != nil {
				t.Fatal(err)
			}
			st, err := bob.Query(ctx, "team@groups.example.org", "set", `<pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#group' jid='bob@example.org'/></pubsub>`)
			t.Log(st, err)
			bob.Send(`<presence to='team@groups.example.org' type='subscribe'/>`)
			alice.Send(`<presence><show>dnd</show><status>On a call &amp; more</status></presence>`)
			s, err := bob.Wait(ctx, func(s lab.Stanza) bool {
				return strings.Contains(s.Raw, "On a call") && strings.Contains(s.Raw, "headline")
			})
			if err != nil {
				for _, s := range bob.Received() {
					t.Log(s.Raw)
				}
				t.Fatal(err)
			}
			t.Log(s.Raw)
			st, err = bob.Query(ctx, "team@groups.example.org", "get", `<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#group'/></pubsub>`)
			t.Log(st.Raw, err)
			bob.FenceVia(ctx, "groups.example.org")
			for _, s := range bob.Received() {
				t.Log(s.Raw)
			}
		})
	}
}
