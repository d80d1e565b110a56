package lab_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

const ownerVariable = "ROLLCALL_LAB_TEST_OWNER"

// own is what the test binary does in TestServerDiesWithItsOwner's second
// process: start a server, say its PID, wait to be killed.
func own() {
	s, err := lab.StartProsody(context.Background(), lab.Options{Dir: os.Getenv(ownerVariable), Modules: lab.Minimal})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(s.PIDs()[0])
	select {}
}

// TestServerDiesWithItsOwner: a test binary or a demo that is killed must not
// leave servers running.
func TestServerDiesWithItsOwner(t *testing.T) {
	owner := exec.Command(os.Args[0], "-test.run=^$")
	owner.Env = append(os.Environ(), ownerVariable+"="+t.TempDir())
	out, err := owner.StdoutPipe()
	must(t, err)
	must(t, owner.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatalf("the owner said %q", line)
	}
	if !groupLives(pid) {
		t.Fatalf("the server, %d, does not live", pid)
	}
	must(t, owner.Process.Kill())
	_ = owner.Wait()
	deadline, tick := time.After(20*time.Second), time.NewTicker(10*time.Millisecond)
	defer tick.Stop()
	for groupLives(pid) {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("the server, %d, lives on", pid)
		}
	}
}

// groupLives says whether any process of a group is more than a zombie: who
// reaps the orphans of a container, and when, is not our business.
func groupLives(group int) bool {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, _ := os.ReadFile(path)
		_, rest, _ := strings.Cut(string(text), ") ") // state, parent, group, …
		if f := strings.Fields(rest); len(f) > 2 && f[0] != "Z" && f[2] == strconv.Itoa(group) {
			return true
		}
	}
	return false
}
