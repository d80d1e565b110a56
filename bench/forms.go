package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	link "github.com/rollcall-xmpp/rollcall/component"
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// form is one way in which a component may put a state into a stanza.
type form struct {
	text  string // for people
	start string // up to the value of to
	bare  bool   // to the reader's bare JID
	rest  string // behind it
	each  bool   // a write for each stanza
}

const (
	formStart = "<message type='headline' from='team00@" + ours + "' id='ABCDEFGHIJKL' to='"
	formItem  = "<item id='user0000@" + host + "'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='user0000@" + host + "'><presence xmlns='jabber:client'>" +
		"<show>away</show><status>At work for the 12. time</status></presence></member></item>"
	formEvent = "'><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='" + nodePresence + "'>" + formItem + "</items></event>"
	formState = "<state xmlns='urn:xmpp:tmp:group-presence:0' from='ABCDEFGHIJKLMNOPQRSTUV' to='VUTSRQPONMLKJIHGFEDCBA'/>"
	formText  = "'><json xmlns='urn:xmpp:json:0'>{\"jid\":\"user0000@" + host + "\",\"show\":\"away\",\"status\":\"At work for the 12. time\"," +
		"\"from\":\"ABCDEFGHIJKLMNOPQRSTUV\",\"to\":\"VUTSRQPONMLKJIHGFEDCBA\"}</json>"
	formEnd = "</message>"
)

func forms() []form {
	event := formEvent + formState + formEnd
	without := func(what string) string { return strings.Replace(formStart, " "+what, "", 1) }
	return []form{
		{text: "an event as it is", start: formStart, rest: event},
		{text: "a write for each", start: formStart, rest: event, each: true},
		{text: "to the bare JID", start: formStart, rest: event, bare: true},
		{text: "no `id`", start: without("id='ABCDEFGHIJKL'"), rest: event},
		{text: "no `type`: an ordinary message", start: without("type='headline'"), rest: event},
		{text: "the same, to the bare JID", start: without("type='headline'"), rest: event, bare: true},
		{text: "no `<state/>`", start: formStart, rest: formEvent + formEnd},
		{text: "one element with text", start: formStart, rest: formText + formEnd},
		{text: "nothing but the message", start: formStart, rest: "'>" + formEnd},
		{text: "a presence", start: "<presence from='team00@" + ours + "/user0000' to='", rest: "'><show>away</show><status>At work for the 12. time</status></presence>"},
	}
}

// Of the measurement of forms.
const (
	formReaders = 50
	formStanzas = 20_000
	formBatch   = 1000 // on their way at a time
	formRounds  = 3
)

// measureForms prints what each form costs a server: its CPU time for a stanza
// that a component sends to a client, medians.
func measureForms(ctx context.Context, servers []string, w io.Writer) error {
	fmt.Fprintln(w, "| what is sent | server | bytes | CPU µs |\n| --- | --- | --- | --- |")
	for _, name := range servers {
		if name == "fake" {
			continue
		}
		if err := formsOn(ctx, name, w); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func formsOn(ctx context.Context, name string, w io.Writer) (err error) {
	start := lab.StartProsody
	if name == "ejabberd" {
		start = lab.StartEjabberd
	}
	server, err := start(ctx, plain(name))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Stop()) }()
	r := &readers{}
	defer r.close()
	if err := r.open(ctx, server); err != nil {
		return err
	}
	all := forms()
	found := make([][]float64, len(all))
	for round := range formRounds {
		for n := range all {
			i := (n + round*len(all)/formRounds) % len(all) // none is always the first
			us, err := r.cost(ctx, server, &all[i])
			if err != nil {
				return fmt.Errorf("%s: %w", all[i].text, err)
			}
			found[i] = append(found[i], us)
		}
	}
	for i, f := range all {
		slices.Sort(found[i])
		fmt.Fprintf(w, "| %s | %s | %d | %.1f |\n", f.text, name, len(f.start)+len(r.jids[0])+len(f.rest), found[i][formRounds/2])
	}
	return nil
}

// readers are clients that count, and the component that speaks to them.
type readers struct {
	jids  []string
	conns []net.Conn
	comp  net.Conn
	came  atomic.Int64
	more  chan struct{} // holds a token: something came
	buf   []byte
}

func (r *readers) open(ctx context.Context, server lab.Server) (err error) {
	r.more = make(chan struct{}, 1)
	for i := range formReaders {
		if err := server.AddUser(ctx, userName(i), password); err != nil {
			return err
		}
		conn, full, err := lab.Dial(ctx, server, userName(i), password, "r")
		if err != nil {
			return err
		}
		r.conns, r.jids = append(r.conns, conn), append(r.jids, full)
		go r.read(conn)
		if _, err := io.WriteString(conn, "<presence/>"); err != nil {
			return err
		}
	}
	if err := r.await(ctx, formReaders); err != nil { // each hears his own presence
		return err
	}
	r.comp, err = link.Dial(ctx, link.Config{Addr: server.ComponentAddr(), Domain: ours,
		Secret: func() ([]byte, error) { return []byte(server.Secret()), nil }})
	if err != nil {
		return err
	}
	go func() { _, _ = io.Copy(io.Discard, r.comp) }()
	return nil
}

func (r *readers) read(conn net.Conn) {
	in := frame.NewReader(conn, maxFrame, maxDepth)
	for {
		raw, err := in.Next()
		if err != nil {
			return
		}
		if raw[1] == 'm' || raw[1] == 'p' {
			r.came.Add(1)
			select {
			case r.more <- struct{}{}:
			default:
			}
		}
	}
}

// await waits until that many have come, since the last time.
func (r *readers) await(ctx context.Context, n int64) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	for r.came.Load() < n {
		select {
		case <-r.more:
		case <-ctx.Done():
			return ctx.Err()
		case <-late.C:
			return fmt.Errorf("only %d of %d stanzas came", r.came.Load(), n)
		}
	}
	r.came.Add(-n)
	return nil
}

// cost is the server's CPU time for a stanza, in microseconds.
func (r *readers) cost(ctx context.Context, server lab.Server, f *form) (float64, error) {
	before := cpu(server.PIDs())
	for range formStanzas / formBatch {
		r.buf = r.buf[:0]
		for i := range formBatch {
			to := r.jids[i%len(r.jids)]
			if f.bare {
				to, _, _ = strings.Cut(to, "/")
			}
			r.buf = append(append(append(r.buf, f.start...), to...), f.rest...)
			if f.each || i == formBatch-1 {
				if _, err := r.comp.Write(r.buf); err != nil {
					return 0, err
				}
				r.buf = r.buf[:0]
			}
		}
		if err := r.await(ctx, formBatch); err != nil {
			return 0, err
		}
	}
	return float64((cpu(server.PIDs()) - before).Microseconds()) / formStanzas, nil
}

func (r *readers) close() {
	for _, c := range append(r.conns, r.comp) {
		if c != nil {
			_ = c.Close() // nothing is lost by it
		}
	}
}
