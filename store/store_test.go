package store_test

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
	"github.com/rollcall-xmpp/rollcall/store/storetest"
)

func TestContract(t *testing.T) {
	drivers := map[string]storetest.Driver{
		"sqlite": {Persistent: true, Open: func(dir string) (roster.Store, error) {
			return store.Open(context.Background(), "sqlite:"+filepath.Join(dir, "rollcall.db"))
		}},
		"sqlite in memory": {Open: func(string) (roster.Store, error) {
			return store.Open(context.Background(), "sqlite::memory:")
		}},
		"memory": {Open: func(string) (roster.Store, error) { return store.Memory(), nil }},
	}
	for name, d := range drivers {
		t.Run(name, func(t *testing.T) { storetest.Run(t, d) })
	}
}
