package component

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// gossip is a store whose errors say whom they are about.
type gossip struct{ roster.Store }

func (g gossip) StoreMembers(_ context.Context, group string, m ...roster.MemberRecord) error {
	return errors.New("store member " + m[0].JID + " of " + group + ": disk full")
}

// Whoever logs an error, here or below, names nobody.
func TestErrorsNameNobody(t *testing.T) {
	var log bytes.Buffer
	st := store.Memory()
	s := NewService(ServiceConfig{Store: gossip{st}, Link: Config{Domain: "groups.example.org", ServerHost: "example.org", Log: slog.New(slog.NewTextHandler(&log, nil))}})
	ctx := t.Context()
	if err := s.Roster.CreateGroup(ctx, &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: "ann@example.org", Affiliation: roster.Plain, Ask: roster.Asked}}}); err != nil {
		t.Fatal(err)
	}
	g, err := s.Roster.Group(ctx, "team")
	if err != nil {
		t.Fatal(err)
	}
	if err = g.OnSubscribed(ctx, "ann@example.org"); err == nil || !strings.Contains(err.Error(), "ann@example.org") {
		t.Fatalf("the error does not say who: %v", err)
	}
	s.log.Error("presence subscription not stored", "group", "team", "error", err)
	if text := log.String(); strings.Contains(text, "ann") || !strings.Contains(text, "store member …@example.org of team") {
		t.Errorf("the log says %s", text)
	}
}
