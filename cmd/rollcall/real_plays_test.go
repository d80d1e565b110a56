package main

import (
	"os"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/play"
)

// What the service does, as plays; each on every kind of server.
func TestPlays(t *testing.T) {
	house.Plays(t, os.DirFS("testdata/plays"), func(t *testing.T, s lab.Server) play.Stage { return newStage(t, s) })
}
