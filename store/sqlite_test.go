package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store/storetest"
)

func openTest(t testing.TB, path string) *sqlite {
	t.Helper()
	s, err := openSQLite(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func run(t testing.TB, s *sqlite, command string) {
	t.Helper()
	if err := s.batch.do(context.Background(), func() error { return s.batch.exec(command) }); err != nil {
		t.Fatal(err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for url, want := range map[string]error{
		"":                             ErrURL,
		"sqlite:":                      ErrURL,
		"rollcall.db":                  ErrURL,
		"postgres://u:hunter2@host/db": ErrURL,
		"sqlite:/no/such/directory/db": fs.ErrNotExist,
	} {
		s, err := Open(t.Context(), url)
		if s != nil || !errors.Is(err, want) {
			t.Errorf("Open(%q) = %v, %v, want %v", url, s, err, want)
		}
		if strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("the error tells a password: %v", err)
		}
	}
}

func TestOpenRefusesWhatIsNoDatabase(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.db")
	text := []byte(strings.Repeat("domain = 'groups.example.org'\n", 100))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), "sqlite:"+path); err == nil {
		t.Fatal("a text file was opened as a store")
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(text) {
		t.Fatalf("the file was changed: %v", err)
	}
}

func TestOpenRefusesNewerSchema(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rollcall.db")
	s := openTest(t, path)
	run(t, s, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), "sqlite:"+path)
	if !errors.Is(err, ErrNewer) || !strings.Contains(err.Error(), "version 99") || !strings.Contains(err.Error(), path) {
		t.Fatalf("error is %v", err)
	}
}

func TestFiles(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a?b=c #d%20.db") // what a URI would read otherwise
	s := openTest(t, path)
	if err := s.CreateGroup(t.Context(), &roster.GroupRecord{Name: "team"}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v", info.Name(), info.Mode())
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if files, err := os.ReadDir(filepath.Dir(path)); err != nil || len(files) != 1 {
		t.Errorf("after closing there are %v, %v", files, err) // an open statement keeps -wal and -shm
	}
}

func TestPragmas(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "rollcall.db"))
	for name, want := range map[string]string{
		"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1", "busy_timeout": "5000",
	} {
		var writer, reader string
		if err := s.conn.QueryRowContext(t.Context(), "PRAGMA "+name).Scan(&writer); err != nil {
			t.Fatal(err)
		}
		if err := s.readDB.QueryRow("PRAGMA " + name).Scan(&reader); err != nil {
			t.Fatal(err)
		}
		if writer != want || reader != want {
			t.Errorf("%s is %s for the writer and %s for readers, want %s", name, writer, reader, want)
		}
	}
	if _, err := s.readDB.Exec("DELETE FROM groups"); err == nil {
		t.Error("a reader may write")
	}
}

// A change that fails in its middle leaves nothing, and those that share its
// transaction are not touched.
func TestFailureInTheMiddle(t *testing.T) {
	s, ctx := openTest(t, filepath.Join(t.TempDir(), "rollcall.db")), t.Context()
	run(t, s, `CREATE TRIGGER boom BEFORE INSERT ON members WHEN NEW.nick = 'boom'
		BEGIN SELECT RAISE(ABORT, 'boom'); END`)
	if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}); err != nil {
		t.Fatal(err)
	}
	bad := []roster.MemberRecord{{JID: "a@bad"}, {JID: "b@bad", Nick: "boom"}, {JID: "c@bad"}}
	outcomes := together(s,
		func() error { return s.StoreMembers(ctx, "team", roster.MemberRecord{JID: "a@good"}) },
		func() error { return s.StoreMembers(ctx, "team", bad...) },
		func() error { return s.CreateGroup(ctx, &roster.GroupRecord{Name: "half", Members: bad}) },
		func() error { return s.StoreMembers(ctx, "team", roster.MemberRecord{JID: "b@good"}) },
	)
	for i, failed := range []bool{false, true, true, false} {
		if (outcomes[i] != nil) != failed {
			t.Errorf("change %d: %v", i, outcomes[i])
		}
	}
	g, err := s.GetGroup(ctx, "team")
	if err != nil || len(g.Members) != 2 || g.Members[0].JID != "a@good" || g.Members[1].JID != "b@good" {
		t.Errorf("team is %+v, %v", g, err)
	}
	if _, err := s.GetGroup(ctx, "half"); !errors.Is(err, roster.ErrNoGroup) {
		t.Errorf("half a group was stored: %v", err)
	}
}

// Who leaves leaves with all that is his, or not at all.
func TestFailureWhileLeaving(t *testing.T) {
	s, ctx := openTest(t, filepath.Join(t.TempDir(), "rollcall.db")), t.Context()
	run(t, s, `CREATE TRIGGER boom BEFORE DELETE ON authorizations WHEN OLD.rules = 'boom'
		BEGIN SELECT RAISE(ABORT, 'boom'); END`)
	want := storetest.Team()
	want.Authorizations[1].Rules = "boom"
	if err := s.CreateGroup(ctx, want); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteMember(ctx, "team", "bob@example.org"); err == nil {
		t.Error("the failure was not told")
	}
	if got, err := s.GetGroup(ctx, "team"); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v, %v, want\n%+v", got, err, want)
	}
}

// A commit that fails is everybody's failure, and the store goes on.
func TestFailedCommit(t *testing.T) {
	s, ctx := openTest(t, filepath.Join(t.TempDir(), "rollcall.db")), t.Context()
	// A deferred reference is looked at by COMMIT.
	run(t, s, `CREATE TABLE late (id INTEGER REFERENCES groups DEFERRABLE INITIALLY DEFERRED)`)
	outcomes := together(s,
		func() error { return s.CreateGroup(ctx, &roster.GroupRecord{Name: "one"}) },
		func() error {
			return s.batch.do(ctx, func() error { return s.batch.exec("INSERT INTO late VALUES (99)") })
		},
		func() error { return s.CreateGroup(ctx, &roster.GroupRecord{Name: "two"}) },
	)
	for i, err := range outcomes {
		if err == nil {
			t.Errorf("change %d was acknowledged though the commit failed", i)
		}
	}
	if names, err := s.ListGroups(ctx); err != nil || len(names) != 0 {
		t.Errorf("groups are %v, %v", names, err)
	}
	if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "three"}); err != nil {
		t.Errorf("the next change: %v", err)
	}
}

// A change whose caller gives up while it waits never happens.
func TestGiveUpWhileWaiting(t *testing.T) {
	s := openTest(t, filepath.Join(t.TempDir(), "rollcall.db"))
	ctx, cancel := context.WithCancel(t.Context())
	s.batch.turn <- struct{}{}
	answer := make(chan error, 1)
	go func() { answer <- s.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}) }()
	waitQueued(s, 1)
	cancel()
	if err := <-answer; !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}
	<-s.batch.turn
	if names, err := s.ListGroups(t.Context()); err != nil || len(names) != 0 {
		t.Errorf("groups are %v, %v", names, err)
	}
}

// together runs changes so that they share one transaction, in their order.
func together(s *sqlite, changes ...func() error) []error {
	s.batch.turn <- struct{}{}
	outcomes := make([]error, len(changes))
	var wg sync.WaitGroup
	for i, c := range changes {
		wg.Go(func() { outcomes[i] = c() })
		waitQueued(s, i+1)
	}
	<-s.batch.turn
	wg.Wait()
	return outcomes
}

// waitQueued returns once n changes wait for the turn, which the caller holds.
func waitQueued(s *sqlite, n int) {
	for {
		s.batch.mu.Lock()
		queued := len(s.batch.queue)
		s.batch.mu.Unlock()
		if queued >= n {
			return
		}
		runtime.Gosched()
	}
}
