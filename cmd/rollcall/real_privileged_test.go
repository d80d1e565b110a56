package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/internal/lab/play"
)

// A server that lets the component write its users' rosters (XEP-0356).
// ejabberd 23.01 says that it does, and then does not: there people are asked
// as everywhere else.
func TestPrivileged(t *testing.T) {
	grant := "privileged_entities = { [\"groups.example.org\"] = { roster = \"both\" } }\n\tmodules_enabled = { \"privilege\" }"
	extra := map[string]lab.Extra{
		"prosody": {Host: grant, Component: "modules_enabled = { \"privilege\" }"},
		"ejabberd": {
			ACL: "  rollcall:\n    server: \"groups.example.org\"", Rules: "  rollcall:\n    allow: rollcall",
			Modules: "  mod_privilege:\n    roster:\n      both: rollcall",
		},
	}
	for name, x := range extra {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := labtest.Start(t, name, lab.Options{Extra: x})
			perform(t, server, "privileged/noclick-"+name, nil)
			perform(t, server, "privileged/informed-"+name, func(config string) string { return config + "[admin]\nconsent = \"inform\"\n" })
		})
	}
}

// perform performs one play of testdata.
func perform(t *testing.T, server lab.Server, name string, edit func(config string) string) {
	t.Helper()
	performOn(t, server, name, func(t *testing.T) play.Stage { return newStageWith(t, server, edit) })
}

// performOn is the same on another stage.
func performOn(t *testing.T, server lab.Server, name string, stage func(t *testing.T) play.Stage) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".play"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	script, err := play.Parse(name, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Run(strings.TrimSuffix(name, "-"+server.Name()), func(t *testing.T) {
		if err := script.Run(t.Context(), server, stage(t)); err != nil {
			t.Error(err)
		}
	})
}
