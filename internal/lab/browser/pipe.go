package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// pipe carries the DevTools protocol: JSON documents, each ended by a zero
// byte. Answers find their question by its id; events are not of interest.
type pipe struct {
	out io.WriteCloser
	in  io.ReadCloser

	mu      sync.Mutex // everything below, and writing
	next    int
	waiting map[int]chan answer
	end     error // why nothing is read any more
	done    chan struct{}
}

// answer is one document of the browser's.
type answer struct {
	ID     int             `json:"id"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

var errBrowser = errors.New("browser")

func newPipe(out io.WriteCloser, in io.ReadCloser) *pipe {
	p := &pipe{out: out, in: in, waiting: make(map[int]chan answer), done: make(chan struct{})}
	go p.read()
	return p
}

// read is the pipe's one goroutine; it ends with the pipe.
func (p *pipe) read() {
	defer close(p.done)
	r := bufio.NewReader(p.in)
	for {
		raw, err := r.ReadBytes(0)
		var a answer
		if err == nil {
			err = json.Unmarshal(raw[:len(raw)-1], &a)
		}
		p.mu.Lock()
		if err != nil {
			p.end = fmt.Errorf("%w: %w", errBrowser, err)
			p.mu.Unlock()
			return
		}
		asked := p.waiting[a.ID]
		delete(p.waiting, a.ID)
		p.mu.Unlock()
		if asked != nil {
			asked <- a
		}
	}
}

// call runs one method of the protocol, in a session ("" = the browser's own),
// and decodes what it returns into result, which may be nil.
func (p *pipe) call(ctx context.Context, session, method string, params, result any) error {
	asked := make(chan answer, 1)
	id, err := p.send(session, method, params, asked)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	select {
	case a := <-asked:
		if a.Error != nil {
			return fmt.Errorf("%w: %s: %s", errBrowser, method, a.Error.Message)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(a.Result, result)
	case <-p.done:
		err = p.end
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	p.mu.Lock()
	delete(p.waiting, id)
	p.mu.Unlock()
	return fmt.Errorf("%s: %w", method, err)
}

func (p *pipe) send(session, method string, params any, asked chan answer) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	question := map[string]any{"id": p.next, "method": method, "params": params}
	if session != "" {
		question["sessionId"] = session
	}
	raw, err := json.Marshal(question)
	if err != nil {
		return 0, err
	}
	p.waiting[p.next] = asked
	_, err = p.out.Write(append(raw, 0))
	return p.next, err
}

// close ends the pipe and waits for its goroutine.
func (p *pipe) close() error {
	err := errors.Join(p.out.Close(), p.in.Close())
	<-p.done
	return err
}
