package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store/storetest"
)

// content is all that a store holds.
func content(t *testing.T, s roster.Store) (all []*roster.GroupRecord) {
	t.Helper()
	names, err := s.ListGroups(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		rec, err := s.GetGroup(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, rec)
	}
	return all
}

// A backup made while somebody writes is one moment of the store: each writer
// writes groups in order, so no later one may be there without an earlier one.
func TestBackupWhileWriting(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	path := filepath.Join(dir, "rollcall.db")
	s := openTest(t, path)
	if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "large", Members: members(20_000)}); err != nil {
		t.Fatal(err)
	}
	work, stop := context.WithCancel(ctx)
	var all sync.WaitGroup
	var written [2]int
	begun := make(chan struct{}, len(written)*2)
	for w := range written {
		all.Go(func() {
			for ; work.Err() == nil; written[w]++ {
				if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: fmt.Sprintf("w%d-%06d", w, written[w])}); err != nil {
					t.Error(err)
					return
				}
				select {
				case begun <- struct{}{}:
				default:
				}
			}
		})
	}
	<-begun
	copied := filepath.Join(dir, "copy.db")
	told := 0
	report, err := Backup(ctx, "sqlite:"+path, copied, func(done, total int) {
		if done < told || done > total {
			t.Errorf("progress %d of %d after %d", done, total, told)
		}
		told = done
	})
	stop()
	all.Wait()
	if err != nil {
		t.Fatal(err)
	}
	if told == 0 || report.Members != 20_000 || report.Groups < 2 {
		t.Errorf("told of %d pages, %+v", told, report)
	}
	next := map[byte]int{}
	for _, g := range content(t, openTest(t, copied)) {
		if g.Name == "large" {
			continue
		}
		if want := fmt.Sprintf("w%c-%06d", g.Name[1], next[g.Name[1]]); g.Name != want {
			t.Fatalf("%s is there without %s", g.Name, want)
		}
		next[g.Name[1]]++
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup: %v, %v", info.Mode(), err)
	}
}

func TestBackupRefuses(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	path, there := filepath.Join(dir, "rollcall.db"), filepath.Join(dir, "there")
	if err := os.WriteFile(there, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Backup(ctx, "sqlite:"+path, filepath.Join(dir, "copy"), nil); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("of a store that is not there: %v", err)
	}
	openTest(t, path)
	for to, want := range map[string]error{there: fs.ErrExist, filepath.Join(dir, "no", "copy"): fs.ErrNotExist} {
		if _, err := Backup(ctx, "sqlite:"+path, to, nil); !errors.Is(err, want) {
			t.Errorf("to %s: %v, want %v", to, err, want)
		}
	}
	if _, err := Backup(ctx, "sqlite::memory:", filepath.Join(dir, "copy"), nil); !errors.Is(err, errMemory) {
		t.Errorf("of memory: %v", err)
	}
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Backup(ended, "sqlite:"+path, filepath.Join(dir, "copy"), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" {
		t.Errorf("another's file is now %q, %v", text, err)
	}
	onlyFiles(t, dir, "rollcall.db", "rollcall.db-shm", "rollcall.db-wal", "there")
}

// onlyFiles: nothing half-made is left behind.
func onlyFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("files are %q, want %q", got, want)
	}
}

func TestRestore(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	path, copied := filepath.Join(dir, "rollcall.db"), filepath.Join(dir, "copy.db")
	url := "sqlite:" + path
	s := openTest(t, path)
	if err := s.CreateGroup(ctx, storetest.Team()); err != nil {
		t.Fatal(err)
	}
	before := content(t, s)
	if _, err := Backup(ctx, url, copied, nil); err != nil {
		t.Fatal(err)
	}
	if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "later"}); err != nil {
		t.Fatal(err)
	}
	after := content(t, s)
	if _, _, err := Restore(ctx, url, copied, nil); !errors.Is(err, ErrLocked) {
		t.Errorf("while it is in use: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	kept, report, err := Restore(ctx, url, copied, nil)
	if err != nil || report.Groups != 1 || filepath.Dir(kept) != dir {
		t.Fatalf("%q, %+v, %v", kept, report, err)
	}
	onlyFiles(t, dir, "copy.db", "rollcall.db", filepath.Base(kept))
	if got := content(t, openTest(t, path)); !reflect.DeepEqual(got, before) {
		t.Errorf("restored is %+v, want %+v", got, before)
	}
	if got := content(t, openTest(t, kept)); !reflect.DeepEqual(got, after) {
		t.Errorf("kept is %+v, want %+v", got, after)
	}
}

// A store that can no longer be read is what one restores for.
func TestRestoreOverDamage(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	path, copied := filepath.Join(dir, "rollcall.db"), filepath.Join(dir, "copy.db")
	makeSchema1(t, copied) // and an old backup is as good as a new one
	if err := os.WriteFile(path, []byte(strings.Repeat("rubbish ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	kept, report, err := Restore(ctx, "sqlite:"+path, copied, nil)
	if err != nil || kept == "" || report.Members != 3 {
		t.Fatalf("%q, %+v, %v", kept, report, err)
	}
	if got := content(t, openTest(t, path)); len(got) != 2 {
		t.Errorf("restored are %d groups", len(got))
	}
	if again, err := Verify(ctx, copied, nil); err != nil || again.Schema != 1 {
		t.Errorf("the backup itself is now %+v, %v", again, err)
	}
}

// What is damaged, newer or something else is neither restored nor sound, and
// what was there stays.
func TestVerifyAndRestoreRefuse(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	path := filepath.Join(dir, "rollcall.db")
	s := openTest(t, path)
	if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "team", Members: members(500)}); err != nil {
		t.Fatal(err)
	}
	bad := filepath.Join(dir, "bad.db")
	if _, err := Backup(ctx, "sqlite:"+path, bad, nil); err != nil {
		t.Fatal(err)
	}
	want := content(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	torn := append([]byte(nil), whole...)
	for i := 3 * 4096; i < len(torn); i++ {
		torn[i] = byte(i)
	}
	for name, test := range map[string]struct {
		make func() error
		want error
	}{
		"missing": {func() error { drop(bad); return nil }, fs.ErrNotExist},
		"text":    {func() error { return os.WriteFile(bad, []byte(strings.Repeat("text", 2000)), 0o600) }, ErrCorrupt},
		"empty":   {func() error { return os.WriteFile(bad, nil, 0o600) }, errForeign},
		"torn":    {func() error { return os.WriteFile(bad, torn, 0o600) }, ErrCorrupt},
		"cut":     {func() error { return os.WriteFile(bad, whole[:len(whole)/2], 0o600) }, ErrCorrupt},
		"stray":   {func() error { return alter(bad, whole, "UPDATE members SET group_id = 99") }, ErrCorrupt},
		"illegible": {func() error {
			return alter(bad, whole, "UPDATE members SET roles = '[' WHERE jid = 'member00007@example.org'")
		}, ErrCorrupt},
		"newer": {func() error {
			return alter(bad, whole, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, 1)")
		}, ErrNewer},
	} {
		if err := test.make(); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(ctx, bad, nil); !errors.Is(err, test.want) {
			t.Errorf("verify %s: %v, want %v", name, err, test.want)
		}
		if _, _, err := Restore(ctx, "sqlite:"+path, bad, nil); !errors.Is(err, test.want) {
			t.Errorf("restore %s: %v, want %v", name, err, test.want)
		}
		drop(bad)
	}
	onlyFiles(t, dir, "rollcall.db")
	if got := content(t, openTest(t, path)); !reflect.DeepEqual(got, want) {
		t.Error("the store has changed")
	}
}

// alter makes a database of text and runs a command in it.
func alter(path string, text []byte, command string) error {
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return err
	}
	c, err := openFile(path)
	if err != nil {
		return err
	}
	_, err = c.Exec(command, nil)
	return errors.Join(err, c.Close())
}

// A backup is complete in itself: it can be read from where nothing can be
// written, and reading leaves nothing behind.
func TestVerifyTouchesNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "old.db")
	makeSchema1(t, path)
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(t.Context(), path, nil); err != nil || r.Schema != 1 || r.Groups != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	after, err := os.ReadFile(path)
	if err != nil || string(before) != string(after) {
		t.Errorf("the file has changed: %v", err)
	}
	onlyFiles(t, dir, "old.db")
}

// A file of an older schema is kept as it was before it is migrated.
func TestMigrationKeepsACopy(t *testing.T) {
	dir, ctx := t.TempDir(), t.Context()
	path := filepath.Join(dir, "rollcall.db")
	makeSchema1(t, path)
	if err := openTest(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	onlyFiles(t, dir, "rollcall.db", "rollcall.db.schema-1")
	if r, err := Verify(ctx, path+".schema-1", nil); err != nil || r.Schema != 1 || r.Members != 3 {
		t.Errorf("the copy is %+v, %v", r, err)
	}
	newest, err := newestSchema()
	if r, err2 := Verify(ctx, path, nil); errors.Join(err, err2) != nil || r.Schema != newest {
		t.Errorf("the store is %+v, %v, %v", r, err, err2)
	}
}

// No copy, no migration.
func TestMigrationWithoutACopy(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "rollcall.db")
	makeSchema1(t, path)
	if err := os.MkdirAll(path+".schema-1/in the way", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), "sqlite:"+path); err == nil || !strings.Contains(err.Error(), "keep a copy of schema version 1") {
		t.Errorf("error is %v", err)
	}
	if r, err := Verify(t.Context(), path, nil); err != nil || r.Schema != 1 {
		t.Errorf("the store is %+v, %v", r, err)
	}
}
