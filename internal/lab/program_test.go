package lab

import (
	"bufio"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A program gets descriptors and environment, says its last words, and ends
// with all that it has started.
func TestProgram(t *testing.T) {
	t.Parallel()
	out, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	log := filepath.Join(t.TempDir(), "log")
	p, err := StartProgram(ProgramOptions{Log: log, Env: []string{"WORD=pear"}, Files: []*os.File{in}}, "sh", "-c", `echo "to the log"; sleep 1000 & echo "$WORD" >&3; wait`)
	if err != nil {
		t.Fatal(err)
	}
	_ = in.Close()
	said := bufio.NewReader(out)
	if line, err := said.ReadString('\n'); line != "pear\n" || err != nil {
		t.Errorf("it says %q, %v", line, err)
	}
	if words := p.LastWords(); words != "to the log" {
		t.Errorf("its last words: %q", words)
	}
	if err := p.Stop(); err != nil {
		t.Error(err)
	}
	<-p.Done()
	if _, err := said.ReadByte(); err == nil { // the end: nobody holds descriptor 3 any more
		t.Error("what it has started lives on")
	}
	if err := p.Stop(); err != nil {
		t.Errorf("to stop it again: %v", err)
	}
}

func TestProgramMissing(t *testing.T) {
	t.Parallel()
	_, err := StartProgram(ProgramOptions{Log: filepath.Join(t.TempDir(), "log")}, "no-such-program")
	if !errors.Is(err, ErrMissing) || !strings.Contains(err.Error(), "no-such-program") {
		t.Errorf("the error is %v", err)
	}
}
