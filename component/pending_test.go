package component

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

const asker = "team@" + testDomain

// ask sends a request and returns its id, and where its end will be written.
func ask(t *testing.T, l *Link, p *peer, to string) (id string, end *[]string) {
	t.Helper()
	end = new([]string)
	err := l.Request("get", asker, to, []byte("<q xmlns='urn:q'/>"), time.Minute, func(s *frame.Stanza, err error) {
		if err != nil {
			*end = append(*end, err.Error())
			return
		}
		*end = append(*end, string(s.Inner))
	})
	if err != nil {
		t.Fatal(err)
	}
	var s frame.Stanza
	got := p.next()
	frame.Parse([]byte(got), &s)
	want := "<iq type='get' id='" + string(s.ID) + "' from='" + asker + "' to='" + string(frame.AppendAttr(nil, to)) + "'><q xmlns='urn:q'/></iq>"
	if got != want || len(s.ID) < 20 {
		t.Fatalf("asked %s", got)
	}
	return string(s.ID), end
}

func TestRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		l, h, stop := start(t, s.config())
		if err := l.Request("get", asker, "x", nil, time.Second, nil); err != ErrDown {
			t.Errorf("before the connection: %v", err)
		}
		p := s.accept(t, "")
		p.ping("0")
		const to = "it's@example.org"
		answer := func(typ, id, from, to, inner string) string {
			return "<iq type='" + typ + "' id='" + id + "' from=\"" + from + "\" to='" + to + "'>" + inner + "</iq>"
		}

		id, end := ask(t, l, p, to)
		p.send(answer("result", id, "mallory@example.org", asker, "forged") +
			answer("result", id, to, "other@"+testDomain, "forged") +
			answer("result", id+"x", to, asker, "forged") +
			answer("get", id, to, asker, "") +
			answer("result", id, "it&apos;s@example.org", asker, "<q/>") +
			answer("result", id, to, asker, "again"))
		p.ping("1")
		if fmt.Sprint(*end) != "[<q/>]" {
			t.Errorf("ended with %v", *end)
		}

		id, end = ask(t, l, p, to)
		p.send(answer("error", id, to, asker, "<error/>"))
		p.ping("2")
		if fmt.Sprint(*end) != "[<error/>]" {
			t.Errorf("ended with %v", *end)
		}

		id, end = ask(t, l, p, to)
		p.send(answer("result", id, to, asker, strings.Repeat("x", 2<<20)))
		p.ping("3")
		if len(*end) != 1 || !strings.Contains((*end)[0], "too big") {
			t.Errorf("ended with %v", *end)
		}

		id, end = ask(t, l, p, to)
		time.Sleep(time.Minute + time.Second) // of the test's own clock: nobody waits
		synctest.Wait()
		p.send(answer("result", id, to, asker, "late"))
		p.ping("4")
		if fmt.Sprint(*end) != "["+ErrTimeout.Error()+"]" {
			t.Errorf("ended with %v", *end)
		}

		_, end = ask(t, l, p, to)
		p.conn.Close()
		synctest.Wait()
		if fmt.Sprint(*end) != "["+ErrDown.Error()+"]" {
			t.Errorf("ended with %v", *end)
		}
		for _, s := range h.heard {
			if !strings.Contains(s, "type='get'") {
				t.Errorf("the handler heard %s", s)
			}
		}
		if n := len(l.pending.wait); n != 0 {
			t.Errorf("%d requests left", n)
		}
		stop()
	})
}

func TestRequestBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		l, _, stop := start(t, s.config())
		p := s.accept(t, "")
		p.ping("0")
		ended := 0
		for i := range maxPending + 10 {
			err := l.Request("get", asker, testHost, nil, time.Hour, func(_ *frame.Stanza, err error) {
				if errors.Is(err, ErrDown) {
					ended++
				}
			})
			if want := i >= maxPending; (err == ErrBusy) != want {
				t.Fatalf("request %d: %v", i, err)
			}
		}
		p.conn.Close()
		synctest.Wait()
		if ended != maxPending {
			t.Errorf("%d requests ended", ended)
		}
		stop()
	})
}

// A panic in an answer's callback costs that answer.
func TestRequestPanic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer()
		l, _, stop := start(t, s.config())
		p := s.accept(t, "")
		p.ping("0")
		l.Request("set", asker, "a@example.org", nil, time.Minute, func(*frame.Stanza, error) { panic("x") })
		var st frame.Stanza
		frame.Parse([]byte(p.next()), &st)
		p.send("<iq type='result' from='a@example.org' to='" + asker + "' id='" + string(st.ID) + "'/>")
		p.ping("1")
		p.leave(stop)
	})
}
