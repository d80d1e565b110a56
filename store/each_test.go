package store

import (
	"fmt"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// What reading all groups costs does not grow with what is in them, and hardly
// with how many there are.
func TestEachGroupAsksSeldom(t *testing.T) {
	s := openTest(t, inMemory)
	asked := func(groups, size int) int64 {
		t.Helper()
		for i := range groups {
			if err := s.CreateGroup(t.Context(), &roster.GroupRecord{Name: fmt.Sprint("group", size, "-", i), Members: members(size)}); err != nil {
				t.Fatal(err)
			}
		}
		before, found := s.asked.Load(), 0
		if err := s.EachGroup(t.Context(), func(*roster.GroupRecord) error { found++; return nil }); err != nil || found < groups {
			t.Fatal(found, err)
		}
		return s.asked.Load() - before
	}
	if few, many := asked(10, 1), asked(20, 20); few != 8 || many != few {
		t.Errorf("%d statements for 10 groups, %d for 30 with more in them", few, many)
	}
	if all := asked(2*chunkGroups, 0); all != 1+3*7 { // with the 30: three chunks
		t.Errorf("%d statements for %d groups", all, 2*chunkGroups+30)
	}
}
