package roster_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"runtime"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// leisurely is a store that takes its time, so that others come to wait for it
// and overtake it.
type leisurely struct {
	roster.Store
	deleting func() // the first time, it lets the others begin
}

func (leisurely) rest() {
	for range 200 {
		runtime.Gosched()
	}
}

func (s leisurely) DeleteGroup(ctx context.Context, name string) error {
	s.deleting()
	s.rest()
	return s.Store.DeleteGroup(ctx, name)
}

func (s leisurely) StoreMembers(ctx context.Context, group string, m ...roster.MemberRecord) error {
	s.rest()
	return s.Store.StoreMembers(ctx, group, m...)
}

func (s leisurely) DeleteMember(ctx context.Context, group, jid string) error {
	s.rest()
	return s.Store.DeleteMember(ctx, group, jid)
}

func (s leisurely) StoreSettings(ctx context.Context, group string, set roster.Settings, agreed ...roster.Agreement) error {
	s.rest()
	return s.Store.StoreSettings(ctx, group, set, agreed...)
}

// Who changes a group in the moment in which it is deleted has changed it
// before, or finds that it is gone; another of the same name, made just then,
// is the same in memory as on disk.
func TestChangesOfADeletedGroup(t *testing.T) {
	ctx := context.Background()
	for name, change := range map[string]func(r *roster.Roster) error{
		"add": func(r *roster.Roster) error {
			return r.AddMembers(ctx, "team", roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain})
		},
		"remove": func(r *roster.Roster) error { return r.RemoveMember(ctx, "team", at("bob")) },
		"set": func(r *roster.Roster) error {
			return r.UpdateGroup(ctx, "team", func(s *roster.Settings) error { s.Title = "New"; return nil })
		},
		"set member": func(r *roster.Roster) error {
			return r.UpdateMember(ctx, "team", at("bob"), func(m *roster.MemberRecord) error { m.Nick = "B"; return nil })
		},
		"delete": func(r *roster.Roster) error { return r.DeleteGroup(ctx, "team") },
	} {
		t.Run(name, func(t *testing.T) {
			for range 50 {
				deleting := make(chan struct{})
				kept := leisurely{store.Memory(), sync.OnceFunc(func() { close(deleting) })}
				r := roster.New(roster.Options{Store: kept, Outbox: &outbox{wake: make(chan struct{}, 1)}, Renderer: dialect{}, Log: slog.New(slog.DiscardHandler)})
				if err := r.CreateGroup(ctx, team("ann", "bob")); err != nil {
					t.Fatal(err)
				}
				var all sync.WaitGroup
				var deleted, changed, made error
				all.Go(func() {
					if deleted = r.DeleteGroup(ctx, "team"); deleted == nil {
						made = r.CreateGroup(ctx, team("ann", "bob"))
					}
				})
				all.Go(func() {
					<-deleting
					changed = change(r)
				})
				all.Wait()
				for _, err := range []error{deleted, changed} {
					if err != nil && !errors.Is(err, roster.ErrNoGroup) {
						t.Errorf("deleted: %v, changed: %v", deleted, changed)
					}
				}
				disk, diskErr := kept.GetGroup(ctx, "team")
				memory, memoryErr := r.ShowGroup(ctx, "team")
				if made != nil || errors.Is(memoryErr, roster.ErrNoGroup) != errors.Is(diskErr, roster.ErrNoGroup) || !reflect.DeepEqual(disk, memory) {
					t.Fatalf("on disk %+v, %v\nin memory %+v, %v", disk, diskErr, memory, memoryErr)
				}
			}
		})
	}
}
