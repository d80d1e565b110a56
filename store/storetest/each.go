package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// testEach reads all groups at once, which has to find what reading one after
// the other does, each once.
func testEach(t *testing.T, d Driver) {
	s := d.fresh(t)
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(0, 4).Draw(r, "groups")
		for i := range n {
			ok(t, s.CreateGroup(t.Context(), DrawGroup(r, fmt.Sprint("g", i))))
		}
		if n > 2 {
			ok(t, s.DeleteGroup(t.Context(), "g1")) // a gap
		}
		found := map[string]*roster.GroupRecord{}
		ok(t, s.EachGroup(t.Context(), func(g *roster.GroupRecord) error {
			want, err := s.GetGroup(t.Context(), g.Name) // f may use the store
			if err != nil || !reflect.DeepEqual(g, want) || found[g.Name] != nil {
				r.Errorf("one of all is %+v, by itself %+v, %v", g, want, err)
			}
			found[g.Name] = g
			return nil
		}))
		names, err := s.ListGroups(t.Context())
		ok(r, err)
		equal(r, len(found), len(names))
		for _, name := range names {
			ok(r, s.DeleteGroup(t.Context(), name))
		}
	})
}

// testEachEnds: the first error is the last call's.
func testEachEnds(t *testing.T, d Driver) {
	s, calls, enough := d.fresh(t), 0, errors.New("enough")
	for i := range 5 {
		ok(t, s.CreateGroup(t.Context(), &roster.GroupRecord{Name: fmt.Sprint("g", i)}))
	}
	err := s.EachGroup(t.Context(), func(*roster.GroupRecord) error {
		calls++
		return enough
	})
	if !errors.Is(err, enough) || calls != 1 {
		t.Errorf("%d calls, %v", calls, err)
	}
}
