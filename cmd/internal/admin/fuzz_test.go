package admin_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// Whatever comes by the socket, it is done or refused with a reason in JSON;
// none of it is our own fault, and what is stored afterwards can be read.
func FuzzHandler(f *testing.F) {
	for i, body := range []string{"", `{"name": "ops", "title": "O", "payload": "combined", "join": "open", "attributes": {"a": "b"}}`, "", `{"title": null, "listed": true, "aggregate": "quorum:2", "delivery": "5000"}`, "",
		`{"members": [{"jid": "eve@example.org", "nick": "E", "roles": ["x", "x"]}, {"jid": "EVE@example.org"}]}`, `{"affiliation": "owner", "roles": [], "attributes": {"a": null}}`, "", "",
		`{"text": "members: all except location\nhide jid:x@y\n"}`, "", `{"name": "new", "members": [{"jid": "a@b", "affiliation": "owner"}], "subscriptions": [{"node": "group", "jid": "a@b", "owner": "a@b"}]}`} {
		f.Add(uint8(i), "name=team&group=team&jid=bob%40example.org&as=bob%40example.org", []byte(body))
	}
	f.Add(uint8(9), "group=team", []byte(`{"text": "watch anyone\nbasic role:x\n"}`))
	routes := []string{"GET /groups", "POST /groups", "GET /group", "PATCH /group", "DELETE /group", "POST /members", "PATCH /member", "DELETE /member",
		"GET /policy", "PUT /policy", "GET /export", "POST /import"} // not /view: it waits for the writer
	f.Fuzz(func(t *testing.T, n uint8, query string, body []byte) {
		kept := store.Memory()
		svc := component.NewService(component.ServiceConfig{Store: kept, Link: component.Config{Domain: "groups.example.org", ServerHost: "example.org"}})
		err := svc.Roster.CreateGroup(t.Context(), &roster.GroupRecord{Name: "team", Members: []roster.MemberRecord{{JID: "bob@example.org", Affiliation: roster.Plain}}})
		ok(t, err)
		h := admin.New(admin.Roster{Roster: svc.Roster, Renderer: pubsub.Renderer{Domain: "groups.example.org"}}, discard(), admin.WithImport())
		method, path, _ := bytes.Cut([]byte(routes[int(n)%len(routes)]), []byte(" "))
		r := httptest.NewRequestWithContext(t.Context(), string(method), "http://rollcall"+string(path), bytes.NewReader(body))
		r.URL = &url.URL{Scheme: "http", Host: "rollcall", Path: string(path), RawQuery: query}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		if b := w.Body.Bytes(); len(b) > 0 && !json.Valid(b) {
			t.Fatalf("answered what is no JSON: %s", b)
		}
		names, err := svc.Roster.ListGroups(t.Context())
		ok(t, err)
		again := component.NewService(component.ServiceConfig{Store: kept, Link: component.Config{Domain: "groups.example.org"}}).Roster
		for _, name := range names {
			if _, err := again.Group(t.Context(), name); err != nil && !errors.Is(err, roster.ErrNoGroup) {
				t.Fatalf("%s cannot be loaded: %v", name, err)
			}
		}
	})
}
