package store

import (
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Whatever happens to the file, the error says what it was, nothing has
// changed, what is stored can be read, and when it is over all goes on.
func TestFaults(t *testing.T) {
	big := strings.Repeat("text ", 200)
	for name, fault := range map[string]struct {
		begin, end string // on the writer's connection
		lock       bool   // by another process
		want       error
	}{
		"full":      {"PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1000000", false, ErrFull}, // SQLite makes it the present size
		"read-only": {"PRAGMA query_only = 1", "PRAGMA query_only = 0", false, ErrReadOnly},
		"locked":    {"PRAGMA busy_timeout = 1", "PRAGMA busy_timeout = 5000", true, ErrLocked},
	} {
		t.Run(name, func(t *testing.T) {
			path, ctx := filepath.Join(t.TempDir(), "rollcall.db"), t.Context()
			s := openTest(t, path)
			if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}); err != nil {
				t.Fatal(err)
			}
			other, err := openFile(path, "_busy_timeout", "0")
			if err != nil {
				t.Fatal(err)
			}
			defer other.Close()
			pragma(t, s, fault.begin)
			if fault.lock {
				if _, err := other.Exec("BEGIN IMMEDIATE", nil); err != nil {
					t.Fatal(err)
				}
			}
			written := 0
			for ; written < 1000 && err == nil; written++ {
				err = s.StoreMembers(ctx, "team", roster.MemberRecord{JID: fmt.Sprintf("m%d@x", written), Affiliation: roster.Plain, Nick: big})
			}
			if !errors.Is(err, fault.want) || !strings.HasPrefix(err.Error(), "store members of team: ") {
				t.Fatalf("the error is %v, want %v", err, fault.want)
			}
			before := content(t, s)
			if len(before[0].Members) != written-1 {
				t.Errorf("%d members are stored, %d were acknowledged", len(before[0].Members), written-1)
			}
			outcomes := together(s,
				func() error {
					return s.CreateGroup(ctx, &roster.GroupRecord{Name: "other", Members: []roster.MemberRecord{{JID: "a@x"}, {JID: "b@x", Nick: strings.Repeat(big, 100)}}})
				},
				func() error {
					return s.StoreSettings(ctx, "team", roster.Settings{Description: strings.Repeat(big, 100)})
				},
			)
			for i, err := range outcomes {
				if !errors.Is(err, fault.want) {
					t.Errorf("change %d: %v, want %v", i, err, fault.want)
				}
			}
			if got := content(t, s); !reflect.DeepEqual(got, before) {
				t.Errorf("the store has changed to %d groups, the first of them with %d members", len(got), len(got[0].Members))
			}
			if fault.lock {
				if _, err := other.Exec("ROLLBACK", nil); err != nil {
					t.Fatal(err)
				}
			}
			pragma(t, s, fault.end)
			if err := s.StoreMembers(ctx, "team", roster.MemberRecord{JID: "late@x", Nick: big, Affiliation: roster.Plain}); err != nil {
				t.Errorf("when it is over: %v", err)
			}
			if _, err := Verify(ctx, path, nil); err != nil {
				t.Error(err)
			}
		})
	}
}

func pragma(t *testing.T, s *sqlite, command string) {
	t.Helper()
	s.batch.turn <- struct{}{}
	defer func() { <-s.batch.turn }()
	if err := s.batch.exec(command); err != nil {
		t.Fatal(err)
	}
}
