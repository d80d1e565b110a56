package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// question is what the other end of a pipe reads.
type question struct {
	ID        int
	SessionID string
	Method    string
	Params    map[string]string
}

// other is the browser's end of the pipes.
type other struct {
	in  *bufio.Reader
	out *os.File
}

func newPipes(t *testing.T) (*pipe, other) {
	t.Helper()
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := newPipe(ourOut, ourIn)
	t.Cleanup(func() {
		_, _, _ = p.close(), theirIn.Close(), theirOut.Close()
	})
	return p, other{bufio.NewReader(theirIn), theirOut}
}

func (o other) read(t *testing.T) (q question) {
	raw, err := o.in.ReadBytes(0)
	if err == nil {
		err = json.Unmarshal(raw[:len(raw)-1], &q)
	}
	if err != nil {
		t.Error(err)
	}
	return q
}

func (o other) write(t *testing.T, text string) {
	if _, err := o.out.Write(append([]byte(text), 0)); err != nil {
		t.Error(err)
	}
}

// Answers find their questions in any order, between events.
func TestPipeAnswers(t *testing.T) {
	p, chromium := newPipes(t)
	const n = 20
	var asking sync.WaitGroup
	for i := range n {
		asking.Go(func() {
			var got struct{ Word string }
			word := fmt.Sprint("word", i)
			if err := p.call(t.Context(), "s", "Echo", map[string]string{"word": word}, &got); err != nil || got.Word != word {
				t.Errorf("asked for %s, got %q, %v", word, got.Word, err)
			}
		})
	}
	var all []question
	for range n {
		all = append(all, chromium.read(t))
	}
	for i := range all {
		q := all[len(all)-1-i]
		if q.Method != "Echo" || q.SessionID != "s" {
			t.Errorf("asked %+v", q)
		}
		chromium.write(t, `{"method":"Something.happened","params":{}}`)
		chromium.write(t, fmt.Sprintf(`{"id":%d,"result":{"word":%q}}`, q.ID, q.Params["word"]))
	}
	asking.Wait()
}

func TestPipeErrors(t *testing.T) {
	p, chromium := newPipes(t)
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		chromium.write(t, fmt.Sprintf(`{"id":%d,"error":{"message":"no such thing"}}`, chromium.read(t).ID))
	}()
	if err := p.call(t.Context(), "", "Do", nil, nil); !errors.Is(err, errBrowser) || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("a refusal: %v", err)
	}
	<-answered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.call(ctx, "", "Wait", nil, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits any more: %v", err)
	}
	_ = chromium.out.Close()
	if err := p.call(t.Context(), "", "Anything", nil, nil); !errors.Is(err, errBrowser) {
		t.Errorf("the browser has ended: %v", err)
	}
}
