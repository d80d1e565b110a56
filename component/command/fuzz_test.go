package command

import (
	"bytes"
	"context"
	"encoding/xml"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/pubsub"
)

// maxSent is what one answer may have, in bytes.
const maxSent = 64 << 10

// FuzzChat writes any lines: whatever comes in, at most one stanza comes out,
// of bounded size, and who has hidden is not named to who may not see her.
func FuzzChat(f *testing.F) {
	w := newWorld(f)
	for _, word := range w.s.words {
		f.Add(word.name)
		for _, such := range strings.Split(word.such, "; ") {
			f.Add(such)
		}
		for _, also := range word.also {
			f.Add(also + " x")
		}
	}
	f.Add("share\nmembers: all\nrole:lead: status until 2030-01-01T00:00:00Z")
	f.Add("configure default-authorization\nmembers: all\nhide x")
	f.Add("„\x00“ \u2028 &<>'\" \ufffe")
	f.Fuzz(func(t *testing.T, body string) {
		w := newWorld(t)
		for _, who := range []string{"bob", "cid"} {
			m := &Message{From: at(who) + "/desk", To: team, Group: "team", Body: body, Thread: body}
			b, err := w.s.Chat(context.Background(), nil, m)
			if err != nil {
				t.Fatal(err)
			}
			if all := stanzas(t, b); len(all) > 1 || len(b) > maxSent {
				t.Fatalf("%d stanzas, %d bytes", len(all), len(b))
			}
			w.turns(who)
		}
	})
}

// FuzzSubmit fills in forms with anything.
func FuzzSubmit(f *testing.F) {
	w := newWorld(f)
	for i := range w.s.words {
		f.Add(uint8(i), "<field var='FORM_TYPE'><value>"+w.s.words[i].node()+"</value></field>")
		f.Add(uint8(i), "<field var='what'><value>rules</value></field><field var='rules'><value>members: all</value></field><field var='hide'><value>a@b</value></field>")
		f.Add(uint8(i), "<field var='watch'><value>members</value><value>anyone</value></field><field var='delivery'><value>1</value></field><field/>")
		f.Add(uint8(i), "<reported/><item><field var='what'/></item><field var='what'><value><value/></value></field>")
		f.Add(uint8(i), "<field var='roles'><value>a</value></field><field var='attributes'><value>show</value></field><field var='whom'><value>x@y</value></field>")
	}
	f.Fuzz(func(t *testing.T, n uint8, fields string) {
		w := newWorld(t)
		word := &w.s.words[int(n)%len(w.s.words)]
		payload := []byte("<command xmlns='" + NS + "' node='" + word.node() + "'><x xmlns='jabber:x:data' type='submit'>" + fields + "</x></command>")
		if xml.Unmarshal(payload, new(wireCommand)) != nil || !utf8.Valid(payload) {
			return // no server would pass it on
		}
		for _, who := range []string{"bob", "cid"} {
			q := &pubsub.Request{Set: true, From: at(who) + "/desk", To: team, Group: "team", ID: "q", Space: NS, Local: "command", Payload: payload}
			b := w.s.Handle(context.Background(), nil, q)
			all := stanzas(t, b)
			if len(all) == 0 {
				all = append(all, w.turns(who))
			}
			if len(all) != 1 || !strings.HasPrefix(all[0], "<iq ") || len(b) > maxSent+2*len(payload)*6 {
				t.Fatalf("%d answers of %d bytes", len(all), len(b))
			}
		}
	})
}

// What is nested deep is refused like anything else that makes no sense.
func TestDeepPayload(t *testing.T) {
	w := newWorld(t)
	deep := bytes.Repeat([]byte("<field>"), 10_000)
	payload := append([]byte("<command xmlns='"+NS+"' node='"+pubsub.NS+"#authorize'>"), deep...)
	q := &pubsub.Request{Set: true, From: at("bob") + "/desk", To: team, Group: "team", ID: "q", Space: NS, Local: "command", Payload: payload}
	if got := string(w.s.Handle(t.Context(), nil, q)); !strings.Contains(got, "<bad-request") {
		t.Error(got)
	}
}
