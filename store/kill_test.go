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
// prints each change once it is acknowledged:
//
//	create GROUP | pair GROUP NUMBER | drop GROUP NUMBER | delete GROUP
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
	ctx := context.Background()
	for round := 0; ; round++ {
		group := fmt.Sprintf("%s-%d", name, round)
		if err := s.CreateGroup(ctx, &roster.GroupRecord{Name: group}); err != nil {
			return err
		}
		fmt.Printf("create %s\n", group)
		for n := range 10 {
			if err := s.StoreMembers(ctx, group, pair(n)...); err != nil {
				return err
			}
			fmt.Printf("pair %s %d\n", group, n)
			if n%3 != 0 {
				continue
			}
			if err := s.DeleteMember(ctx, group, pair(n)[0].JID); err != nil {
				return err
			}
			fmt.Printf("drop %s %d\n", group, n)
		}
		if round%2 == 0 {
			if err := s.DeleteGroup(ctx, group); err != nil {
				return err
			}
			fmt.Printf("delete %s\n", group)
		}
	}
}

// pair is the n-th two members: the second may exist without the first (it
// was dropped) but not the first without the second.
func pair(n int) []roster.MemberRecord {
	return []roster.MemberRecord{
		{JID: fmt.Sprintf("a%d@x", n), Ask: roster.Asked},
		{JID: fmt.Sprintf("b%d@x", n), Ask: roster.Asked},
	}
}

// TestKill kills a writing process at random moments, again and again on the
// same file. The oracle is what it had printed.
func TestKill(t *testing.T) {
	const lives = 8
	path := filepath.Join(t.TempDir(), "rollcall.db")
	said := make(map[string][]string) // the acknowledged changes by group
	for life := range lives {
		for _, line := range liveAndDie(t, path, fmt.Sprintf("life%d", life), 1+rand.IntN(150)) {
			words := strings.Fields(line)
			said[words[1]] = append(said[words[1]], line)
		}
		s := openTest(t, path)
		for group, lines := range said {
			checkGroup(t, s, group, lines)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
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

// checkGroup compares a group with what was acknowledged about it. One more
// change may have been on disk before it could be printed.
func checkGroup(t *testing.T, s roster.Store, group string, lines []string) {
	t.Helper()
	last := strings.Fields(lines[len(lines)-1])
	g, err := s.GetGroup(t.Context(), group)
	if errors.Is(err, roster.ErrNoGroup) {
		whole := last[0] == "delete" || (last[0] == "drop" && last[2] == "9")
		if !whole {
			t.Errorf("%s is lost; its last acknowledged change was %q", group, lines[len(lines)-1])
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if last[0] == "delete" {
		t.Errorf("%s was deleted and is back", group)
	}
	want := make(map[string]bool)
	stored := 0
	for _, line := range lines {
		var n int
		if c, _ := fmt.Sscanf(line, "pair "+group+" %d", &n); c == 1 {
			want[pair(n)[0].JID], want[pair(n)[1].JID] = true, true
			stored = n + 1
		}
		if c, _ := fmt.Sscanf(line, "drop "+group+" %d", &n); c == 1 {
			want[pair(n)[0].JID] = false
		}
	}
	for n := range stored {
		for i, m := range pair(n) {
			there := g.Member(m.JID) != nil
			unsaidDrop := i == 0 && n == stored-1 && n%3 == 0 && last[0] == "pair"
			if there != want[m.JID] && !(unsaidDrop && !there) {
				t.Errorf("%s: %s there: %t, acknowledged: %t", group, m.JID, there, want[m.JID])
			}
		}
	}
	if a, b := g.Member(pair(stored)[0].JID), g.Member(pair(stored)[1].JID); a != nil && b == nil {
		t.Errorf("%s: half of an unacknowledged pair is there", group)
	}
}
