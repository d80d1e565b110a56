package store

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

const (
	childEnv     = "ROLLCALL_TEST_STORE"
	childNameEnv = "ROLLCALL_TEST_LIFE"
	childWriters = 4
)

// child writes until it is killed, each writer to a group of its own, and
// prints the group's name after each acknowledged step of its script.
func child(path, life string) error {
	s, err := Open(context.Background(), "sqlite:"+path)
	if err != nil {
		return err
	}
	errs := make([]error, childWriters)
	var wg sync.WaitGroup
	for i := range childWriters {
		wg.Go(func() { errs[i] = childWriter(s, fmt.Sprintf("%s-%d", life, i)) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func childWriter(s roster.Store, name string) error {
	for round := 0; ; round++ {
		deleted := ""
		if round%2 == 0 {
			deleted = "-deleted"
		}
		group := fmt.Sprintf("%s-%d%s", name, round, deleted)
		for _, step := range script(group) {
			if err := step(context.Background(), s); err != nil {
				return err
			}
			fmt.Println(group)
		}
	}
}

// step is one change of a script, whole or not at all.
type step func(context.Context, roster.Store) error

// script is all that is done to a group of this name, in this order. Most
// steps change several rows.
func script(group string) []step {
	steps := []step{func(ctx context.Context, s roster.Store) error {
		return s.CreateGroup(ctx, &roster.GroupRecord{Name: group, Settings: roster.Settings{Policy: "basic members\n"},
			Authorizations: []roster.AuthorizationRecord{{JID: "a3@x", Rules: "early"}, {JID: "z@x", Rules: "never joins"}}})
	}}
	for n := range 5 {
		steps = append(steps, scriptMember(group, n)...)
	}
	if strings.HasSuffix(group, "-deleted") {
		steps = append(steps, func(ctx context.Context, s roster.Store) error { return s.DeleteGroup(ctx, group) })
	}
	return steps
}

// scriptMember lets two join, the first of them set his policies and, if n is
// even, leave.
func scriptMember(group string, n int) []step {
	a, b, text := fmt.Sprintf("a%d@x", n), fmt.Sprintf("b%d@x", n), fmt.Sprintf("policy %d\n", n)
	steps := []step{
		func(ctx context.Context, s roster.Store) error {
			return s.StoreMembers(ctx, group, roster.MemberRecord{JID: a, Ask: roster.Asked}, roster.MemberRecord{JID: b, Ask: roster.Asked})
		},
		func(ctx context.Context, s roster.Store) error { return s.StoreAuthorization(ctx, group, a, text) },
		func(ctx context.Context, s roster.Store) error {
			return s.StoreSubscription(ctx, group, roster.SubscriptionRecord{ID: a, Node: "group", JID: a, Owner: a, Receiving: text})
		},
		func(ctx context.Context, s roster.Store) error {
			return s.StoreSettings(ctx, group, roster.Settings{Title: text, Policy: text})
		},
	}
	if n%2 == 0 {
		return append(steps, func(ctx context.Context, s roster.Store) error { return s.DeleteMember(ctx, group, a) })
	}
	return append(steps, func(ctx context.Context, s roster.Store) error { return s.StoreAuthorization(ctx, group, a, "") },
		func(ctx context.Context, s roster.Store) error { return s.DeleteAuthorization(ctx, group, a) })
}

// TestKill kills a writing process at random moments, again and again on the
// same file. The oracle is what it had printed. ROLLCALL_TEST_KILLS says how
// often.
func TestKill(t *testing.T) {
	lives := 8
	if env := os.Getenv("ROLLCALL_TEST_KILLS"); env != "" {
		var err error
		if lives, err = strconv.Atoi(env); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "rollcall.db")
	said := make(map[string]int) // how many steps were acknowledged, by group
	for life := range lives {
		for _, group := range liveAndDie(t, path, fmt.Sprintf("life%d", life), 1+rand.IntN(250)) {
			said[group]++
		}
		s := openTest(t, path)
		for group, steps := range said {
			checkGroup(t, s, group, steps)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	steps := 0
	for _, n := range said {
		steps += n
	}
	t.Logf("%d kills, %d acknowledged changes, all of them kept", lives, steps)
}

// liveAndDie starts a child, kills it after so many acknowledged changes, and
// returns all that it acknowledged.
func liveAndDie(t *testing.T, path, name string, after int) []string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+path, childNameEnv+"="+name)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for scan := bufio.NewScanner(out); scan.Scan(); {
		lines = append(lines, scan.Text())
		if len(lines) == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := cmd.Wait(); err == nil || len(lines) < after {
		t.Fatalf("the child ended by itself after %d changes: %v", len(lines), err)
	}
	return lines
}

// checkGroup compares a group with what the acknowledged steps make of it.
// One more may have been on disk before it could be printed.
func checkGroup(t *testing.T, s roster.Store, group string, steps int) {
	t.Helper()
	got := state(t, s, group)
	want := Memory()
	for i, step := range script(group) {
		if i == steps && reflect.DeepEqual(got, state(t, want, group)) {
			return
		}
		if i > steps {
			break
		}
		if err := step(t.Context(), want); err != nil {
			t.Fatal(err)
		}
	}
	if wanted := state(t, want, group); !reflect.DeepEqual(got, wanted) {
		t.Errorf("%s after %d acknowledged steps is\n%+v, want that or one more step:\n%+v", group, steps, got, wanted)
	}
}

// state is the group, nil if there is none.
func state(t *testing.T, s roster.Store, group string) *roster.GroupRecord {
	t.Helper()
	rec, err := s.GetGroup(t.Context(), group)
	if err != nil && !errors.Is(err, roster.ErrNoGroup) {
		t.Fatal(err)
	}
	return rec
}
