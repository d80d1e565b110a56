package admin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin/admintest"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

// serve serves b on a fresh socket until the test ends.
func serve(t *testing.T, b admin.Backend, log *slog.Logger) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "s")
	l, err := admin.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- admin.Serve(ctx, l, admin.New(b, log), log) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("the socket is still there: %v", err)
		}
	})
	return path
}

func start(t *testing.T) (*admin.Client, roster.Store) {
	t.Helper()
	s := store.Memory()
	return admin.NewClient(serve(t, admintest.New(s), discard())), s
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestRoundTrip(t *testing.T) {
	c, s := start(t)
	ctx := t.Context()
	ok(t, c.CreateGroup(ctx, "team", admin.GroupChange{Title: new("Team"), Listed: new(true), Payload: new("combined"),
		Attributes: map[string]*string{"phone": new("123"), "desk": new("")}}))
	ok(t, c.CreateGroup(ctx, "..", admin.GroupChange{})) // no path to clean
	ok(t, c.AddMembers(ctx, "team",
		admin.NewMember{JID: "bob@example.org"},
		admin.NewMember{JID: "ünï&=?#%@example.org", MemberChange: admin.MemberChange{Nick: new("<Ü>"), Affiliation: new("owner"),
			Roles: &[]string{"ops", "lead", "ops"}, Attributes: map[string]*string{"title": new("Shift lead")}}}))
	want := roster.GroupRecord{Name: "team",
		Settings: roster.Settings{Title: "Team", Listed: true, Payload: roster.Combined,
			Attributes: []roster.Attribute{{Name: "desk"}, {Name: "phone", Value: "123"}}},
		Members: []roster.MemberRecord{{JID: "bob@example.org", Affiliation: roster.Plain},
			{JID: "ünï&=?#%@example.org", Nick: "<Ü>", Affiliation: roster.Owner, Roles: []string{"lead", "ops"},
				Attributes: []roster.Attribute{{Name: "title", Value: "Shift lead"}}}}}
	stored(t, s, want)

	ok(t, c.ChangeGroup(ctx, "team", admin.GroupChange{Description: new("What we do"), Attributes: map[string]*string{"desk": nil, "room": new("5")}}))
	want.Settings.Description, want.Settings.Attributes = "What we do", []roster.Attribute{{Name: "phone", Value: "123"}, {Name: "room", Value: "5"}}
	ok(t, c.ChangeMember(ctx, "team", "ünï&=?#%@example.org", admin.MemberChange{Nick: new(""), Roles: &[]string{}}))
	want.Members[1].Nick, want.Members[1].Roles = "", nil
	stored(t, s, want)

	list, err := c.ListGroups(ctx)
	ok(t, err)
	if !reflect.DeepEqual(list, admin.GroupList{Groups: []admin.NamedGroup{{Name: ".."}, {Name: "team"}}}) {
		t.Errorf("groups are %+v", list)
	}
	ok(t, s.StoreSubscription(ctx, "team", roster.SubscriptionRecord{ID: "hush", Node: "group", JID: "bob@example.org/x", Owner: "bob@example.org"}))
	g, err := c.ShowGroup(ctx, "team")
	ok(t, err)
	wantShape := admin.Group{Name: "team", Title: "Team", Description: "What we do", Listed: true, Payload: "combined", Delivery: "immediate", Join: "invite", Aggregate: "any",
		Attributes: map[string]string{"phone": "123", "room": "5"}, Contacts: []string{},
		Subscriptions: []admin.Subscription{{Node: "group", JID: "bob@example.org/x", Owner: "bob@example.org"}},
		Members: []admin.Member{
			{JID: "bob@example.org", Affiliation: "member", Roles: []string{}, Attributes: map[string]string{}, Presence: "none"},
			{JID: "ünï&=?#%@example.org", Affiliation: "owner", Roles: []string{}, Attributes: map[string]string{"title": "Shift lead"}, Presence: "none"}}}
	if !reflect.DeepEqual(g, wantShape) {
		t.Errorf("group is %+v\nwant %+v", g, wantShape)
	}

	ok(t, c.RemoveMember(ctx, "team", "ünï&=?#%@example.org"))
	want.Members = want.Members[:1]
	want.Subscriptions = []roster.SubscriptionRecord{{ID: "hush", Node: "group", JID: "bob@example.org/x", Owner: "bob@example.org"}}
	stored(t, s, want)
	ok(t, c.DeleteGroup(ctx, "team"))
	if _, err := s.GetGroup(ctx, "team"); !errors.Is(err, roster.ErrNoGroup) {
		t.Errorf("the group is still there: %v", err)
	}
}

func stored(t *testing.T, s roster.Store, want roster.GroupRecord) {
	t.Helper()
	got, err := s.GetGroup(t.Context(), want.Name)
	ok(t, err)
	if !reflect.DeepEqual(*got, want) {
		t.Errorf("stored is %+v\nwant      %+v", *got, want)
	}
}

func TestRefusals(t *testing.T) {
	c, s := start(t)
	ctx := t.Context()
	ok(t, c.CreateGroup(ctx, "team", admin.GroupChange{}))
	ok(t, c.AddMembers(ctx, "team", admin.NewMember{JID: "bob@example.org"}))
	before, err := s.GetGroup(ctx, "team")
	ok(t, err)
	_, showErr := c.ShowGroup(ctx, "none")
	for name, test := range map[string]struct{ got, want error }{
		"create again":     {c.CreateGroup(ctx, "team", admin.GroupChange{Title: new("x")}), roster.ErrGroupExists},
		"show none":        {showErr, roster.ErrNoGroup},
		"change none":      {c.ChangeGroup(ctx, "none", admin.GroupChange{}), roster.ErrNoGroup},
		"delete none":      {c.DeleteGroup(ctx, "none"), roster.ErrNoGroup},
		"add to none":      {c.AddMembers(ctx, "none", admin.NewMember{JID: "a@x"}), roster.ErrNoGroup},
		"add again":        {c.AddMembers(ctx, "team", admin.NewMember{JID: "a@x"}, admin.NewMember{JID: "bob@example.org"}), roster.ErrMemberExists},
		"change no member": {c.ChangeMember(ctx, "team", "a@x", admin.MemberChange{}), roster.ErrNoMember},
		"remove no member": {c.RemoveMember(ctx, "team", "a@x"), roster.ErrNoMember},
	} {
		if !errors.Is(test.got, test.want) {
			t.Errorf("%s: %v, want %v", name, test.got, test.want)
		}
	}
	for name, test := range map[string]struct {
		err   error
		field string
	}{
		"name":        {c.CreateGroup(ctx, "a b", admin.GroupChange{}), "name"},
		"payload":     {c.ChangeGroup(ctx, "team", admin.GroupChange{Title: new("x"), Payload: new("all")}), "payload"},
		"affiliation": {c.ChangeMember(ctx, "team", "bob@example.org", admin.MemberChange{Affiliation: new("boss")}), "affiliation"},
		"jid":         {c.AddMembers(ctx, "team", admin.NewMember{JID: "a@x"}, admin.NewMember{JID: "x"}), "member[1].jid"},
	} {
		var invalid *roster.InvalidError
		if !errors.As(test.err, &invalid) || invalid.Field != test.field || invalid.Reason == "" {
			t.Errorf("%s: %v", name, test.err)
		}
	}
	stored(t, s, *before)
}

// Every sentinel of the table comes back as itself, and has a status that is
// no success.
func TestSentinels(t *testing.T) {
	for _, want := range []error{roster.ErrNoGroup, roster.ErrGroupExists, roster.ErrNoMember, roster.ErrMemberExists,
		roster.ErrNoNode, roster.ErrNoSubscription, roster.ErrForbidden, roster.ErrLimit, context.DeadlineExceeded} {
		c := admin.NewClient(serve(t, failing{fmt.Errorf("delete team: %w", want)}, discard()))
		err := c.DeleteGroup(t.Context(), "team")
		if !errors.Is(err, want) || err.Error() != "delete team: "+want.Error() {
			t.Errorf("%v came back as %v", want, err)
		}
	}
}

// failing is a backend whose DeleteGroup fails.
type failing struct{ err error }

func (failing) ListGroups(context.Context) ([]string, error)                     { return nil, nil }
func (failing) ShowGroup(context.Context, string) (*roster.GroupRecord, error)   { panic("boom") }
func (failing) ExportGroup(context.Context, string) (*roster.GroupRecord, error) { panic("boom") }
func (failing) CreateGroup(context.Context, *roster.GroupRecord) error           { return nil }
func (f failing) DeleteGroup(context.Context, string) error                      { return f.err }
func (failing) AddMembers(context.Context, string, ...roster.MemberRecord) error { return nil }
func (failing) RemoveMember(context.Context, string, string) error               { return nil }
func (f failing) SetPolicy(context.Context, string, string, string) error        { return f.err }
func (f failing) ShowPolicy(context.Context, string, string) (string, bool, error) {
	return "", false, f.err
}
func (failing) ViewGroup(context.Context, string, string) ([]byte, error) { return nil, nil }

func (failing) UpdateGroup(context.Context, string, func(*roster.Settings) error) error {
	return nil
}
func (failing) UpdateMember(context.Context, string, string, func(*roster.MemberRecord) error) error {
	return nil
}

func TestUnforeseen(t *testing.T) {
	var logged bytes.Buffer
	c := admin.NewClient(serve(t, failing{errors.New("disk is full")}, slog.New(slog.NewTextHandler(&logged, nil))))
	if err := c.DeleteGroup(t.Context(), "team"); err == nil || err.Error() != "disk is full" {
		t.Errorf("error is %v", err)
	}
	if !strings.Contains(logged.String(), "disk is full") {
		t.Errorf("logged is %q", logged.String())
	}
	if _, err := c.ShowGroup(t.Context(), "team"); err == nil {
		t.Error("a panic was a success")
	}
	if _, err := c.ListGroups(t.Context()); err != nil {
		t.Errorf("after a panic: %v", err)
	}
}

func TestMalformedRequests(t *testing.T) {
	s := store.Memory()
	path := serve(t, admintest.New(s), discard())
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}}
	for _, test := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/groups", ``, 400},
		{"POST", "/groups", `{"name": "team", "titel": "x"}`, 400},
		{"POST", "/groups", `{"name": "team"} {"name": "team2"}`, 400},
		{"POST", "/groups", `{"name": 5}`, 400},
		{"POST", "/groups", `{"name": "` + strings.Repeat("x", 1<<20) + `"}`, 400},
		{"POST", "/members?group=team", `[]`, 400},
		{"PUT", "/groups", `{"name": "team"}`, 405},
		{"GET", "/secret", ``, 404},
		{"GET", "/group", ``, 404},
	} {
		req, err := http.NewRequestWithContext(t.Context(), test.method, "http://rollcall"+test.path, strings.NewReader(test.body))
		ok(t, err)
		resp, err := client.Do(req)
		ok(t, err)
		body, err := io.ReadAll(resp.Body)
		ok(t, errors.Join(err, resp.Body.Close()))
		if resp.StatusCode != test.status {
			t.Errorf("%s %s %.40s: %s %s", test.method, test.path, test.body, resp.Status, body)
		}
	}
	if names, err := s.ListGroups(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("groups are %v, %v", names, err)
	}
}

func TestSocket(t *testing.T) {
	path := serve(t, admintest.New(store.Memory()), discard())
	info, err := os.Lstat(path)
	ok(t, err)
	if info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
	if _, err := admin.Listen(path); !errors.Is(err, admin.ErrInUse) {
		t.Errorf("a second service got %v", err)
	}
	if _, err := admin.NewClient(path).ListGroups(t.Context()); err != nil {
		t.Errorf("the first service after that: %v", err)
	}
}

func TestStaleSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	ok(t, err)
	stale.SetUnlinkOnClose(false) // as if it had been killed
	ok(t, stale.Close())
	if err := admin.NewClient(path).DeleteGroup(t.Context(), "x"); !errors.Is(err, admin.ErrNotRunning) {
		t.Errorf("with a stale socket: %v", err)
	}
	l, err := admin.Listen(path)
	ok(t, err)
	ok(t, l.Close())
	if err := admin.NewClient(path).DeleteGroup(t.Context(), "x"); !errors.Is(err, admin.ErrNotRunning) {
		t.Errorf("with no socket: %v", err)
	}
}

func TestListenRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	ok(t, os.WriteFile(file, []byte("keep"), 0o600))
	for path, says := range map[string]string{
		file:                            "is no socket",
		dir:                             "is no socket",
		filepath.Join(dir, "none", "s"): "no such file",
		filepath.Join(dir, strings.Repeat("x", 120)): "shorter path",
	} {
		if l, err := admin.Listen(path); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("Listen(%s) = %v, %v", path, l, err)
		}
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "keep" {
		t.Errorf("the file is %q, %v", text, err)
	}
	if err := admin.NewClient(filepath.Join(dir, strings.Repeat("x", 120))).DeleteGroup(t.Context(), "x"); err == nil || !strings.Contains(err.Error(), "shorter path") {
		t.Errorf("a client with a long path: %v", err)
	}
}
