package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/watch"
)

// A webhook is told, over a real server, of who lets its address see him, and
// of nobody else; it is among the watchers, and can be told no more.
func TestWebhook(t *testing.T) {
	overPlain(t, func(t *testing.T, w *watching, posts <-chan delivered, url string) {
		out, _ := w.ok("webhook", "add", "team", "ci", url)
		_, secret, _ := strings.Cut(strings.TrimSpace(out), "secret ")
		its := "hook+ci+" + w.group
		if !strings.Contains(out, its) {
			t.Fatalf("added: %s", out)
		}
		read := func() hook.Message {
			select {
			case p := <-posts:
				return p.verified(t, secret)
			case <-w.ctx.Done():
				t.Fatal("nothing was posted")
			}
			return hook.Message{}
		}
		if m := read(); !m.Full || m.Webhook != its || m.Group != w.group || m.Changes[len(m.Changes)-1].Kind != watch.Synced || who(&m) != "" {
			t.Errorf("first %+v", m)
		}
		w.say("<presence><show>dnd</show><status>On a call</status></presence>")
		w.admin("policy", "set", "team", w.bare("bo"), "members: all", "jid:"+its+": availability show")
		for m := read(); ; m = read() { // he may be there before he is busy
			if who(&m) == "bo dnd " {
				break
			}
			if s := who(&m); s != "" && s != "bo available " {
				t.Fatalf("posted %s", s)
			}
		}
		if out, _ := w.ok("webhook", "list", "team"); !strings.Contains(out, "well: ") || strings.Contains(out, secret) || strings.Contains(out, "/in") {
			t.Errorf("listed: %s", out)
		}
		w.admin("webhook", "test", "team", "ci")
		if m := read(); !m.Test {
			t.Errorf("tested %+v", m)
		}
		if out, _ := w.ok("audit"); !strings.Contains(out, "webhook-set") || strings.Contains(out, secret) {
			t.Errorf("recorded: %s", out)
		}
		w.admin("policy", "set", "team", w.bare("bo"), "members: all")
		if m := read(); who(&m) != "bo offline " || m.Changes[len(m.Changes)-1].Kind != watch.Left {
			t.Errorf("taken back: %+v", m)
		}
		w.admin("webhook", "remove", "team", "ci")
		if out, _ := w.ok("webhook", "list", "team"); !strings.Contains(out, "has no webhooks") {
			t.Errorf("listed: %s", out)
		}
	})
}

// overPlain runs f on each server, with somebody on this machine who takes
// posts.
func overPlain(t *testing.T, f func(t *testing.T, w *watching, posts <-chan delivered, url string)) {
	for _, name := range []string{"prosody", "ejabberd"} {
		t.Run(name, func(t *testing.T) {
			posts := make(chan delivered, 100)
			receiver := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
				body, err := io.ReadAll(req.Body)
				if err != nil {
					t.Error(err)
				}
				posts <- delivered{req.Header, body}
			}))
			defer receiver.Close()
			w := newWatchingWith(t, house.Server(t, name), func(text string) string { return text + "[webhooks]\nnetworks = [\"127.0.0.1\"]\n" })
			f(t, w, posts, receiver.URL+"/in")
		})
	}
}

type delivered struct {
	header http.Header
	body   []byte
}

// verified is the message of a post, whose signature is good.
func (d *delivered) verified(t *testing.T, secret string) (m hook.Message) {
	t.Helper()
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	h := hmac.New(sha256.New, key)
	h.Write([]byte(d.header.Get("Webhook-Id") + "." + d.header.Get("Webhook-Timestamp") + "." + string(d.body)))
	if want := "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil)); d.header.Get("Webhook-Signature") != want {
		t.Errorf("signed %s, want %s", d.header.Get("Webhook-Signature"), want)
	}
	if err := json.Unmarshal(d.body, &m); err != nil {
		t.Errorf("%v: %s", err, d.body)
	}
	return m
}

// who is whom a message is about, and how they look.
func who(m *hook.Message) (all string) {
	for _, c := range m.Changes {
		for _, x := range []*watch.Member{c.Before, c.After} {
			if x != nil {
				name, _, _ := strings.Cut(x.JID, "-")
				all += name + " " + string(x.Show) + " " + x.Status
			}
		}
	}
	return all
}
