package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

func members(n int) []roster.MemberRecord {
	list := make([]roster.MemberRecord, n)
	for i := range list {
		list[i] = roster.MemberRecord{JID: fmt.Sprintf("member%05d@example.org", i), Nick: fmt.Sprint("Member ", i),
			Affiliation: roster.Plain, Roles: []string{"lead", "ops"}, Ask: roster.Granted,
			Attributes: []roster.Attribute{{Name: "title", Value: "Shift lead"}}}
	}
	return list
}

// authorizations are what each of list has set, as a form with a few choices
// writes it.
func authorizations(list []roster.MemberRecord) []roster.AuthorizationRecord {
	set := make([]roster.AuthorizationRecord, len(list))
	for i, m := range list {
		set[i] = roster.AuthorizationRecord{JID: m.JID, Rules: "hide eve@example.org\nmembers: availability show status\noutsiders: counted\n"}
	}
	return set
}

// BenchmarkLarge reads from 10,000 groups with 500,000 memberships.
func BenchmarkLarge(b *testing.B) {
	const groups = 10_000
	path := filepath.Join(b.TempDir(), "rollcall.db")
	s, ctx := openTest(b, path), context.Background()
	list := members(50)
	var wg sync.WaitGroup
	for i := range groups {
		wg.Go(func() {
			if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: fmt.Sprintf("group%05d", i), Members: list}); err != nil {
				b.Error(err)
			}
		})
	}
	wg.Wait()
	b.Run("Open", func(b *testing.B) {
		for b.Loop() {
			o, err := Open(ctx, "sqlite:"+path)
			if err != nil {
				b.Fatal(err)
			}
			_ = o.Close()
		}
	})
	b.Run("ListGroups", func(b *testing.B) {
		for b.Loop() {
			if names, err := s.ListGroups(ctx); err != nil || len(names) != groups {
				b.Fatal(len(names), err)
			}
		}
	})
	b.Run("GetAll", func(b *testing.B) {
		for b.Loop() {
			for i := range groups {
				if g, err := s.GetGroup(ctx, fmt.Sprintf("group%05d", i)); err != nil || len(g.Members) != len(list) {
					b.Fatal(err)
				}
			}
		}
	})
}

func BenchmarkGetGroup(b *testing.B) {
	for _, n := range []int{5, 50, 1000} {
		for _, policies := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/policies=%t", n, policies), func(b *testing.B) {
				s, ctx := openTest(b, filepath.Join(b.TempDir(), "rollcall.db")), context.Background()
				rec := &roster.GroupRecord{Name: "team", Members: members(n)}
				if policies {
					rec.Authorizations = authorizations(rec.Members)
				}
				if err := s.CreateGroup(ctx, rec); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.GetGroup(ctx, "team"); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkStoreSubscription stores n at the same time, which share commits;
// alone is what each would cost by itself.
func BenchmarkStoreSubscription(b *testing.B) {
	for _, n := range []int{1, 1000} {
		for _, alone := range []bool{false, true} {
			b.Run(fmt.Sprintf("%d/alone=%t", n, alone), func(b *testing.B) {
				s, ctx := openTest(b, filepath.Join(b.TempDir(), "rollcall.db")), context.Background()
				if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: "team"}); err != nil {
					b.Fatal(err)
				}
				var one sync.Mutex
				for b.Loop() {
					var wg sync.WaitGroup
					for i := range n {
						wg.Go(func() {
							if alone {
								one.Lock()
								defer one.Unlock()
							}
							sub := roster.SubscriptionRecord{ID: fmt.Sprint(i), Node: "group", JID: "a@x", Owner: "a@x"}
							if err := s.StoreSubscription(ctx, "team", sub); err != nil {
								b.Error(err)
							}
						})
					}
					wg.Wait()
				}
			})
		}
	}
}
