package hook_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/component/hook"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// sign is how a receiver verifies: docs/bots.md has the same in few lines.
func sign(secret, id, timestamp string, body []byte) string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%s.%s.%s", id, timestamp, body)
	return "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// A webhook is an outsider whom no rule names: it sees nobody. It sees what
// members let its address see, as long as they do.
func TestTells(t *testing.T) {
	r := newReceiver(t, true)
	w := newWorld(t, quick(r))
	w.is(alice, "dnd", "on a call")
	w.is(bob, "", "here")
	w.set(r.hook())
	if text := w.show().Settings.Policy; !strings.Contains(text, "watch jid:"+ci) && !strings.Contains(text, "jid:"+ci) {
		t.Errorf("it may not watch: %s", text)
	}
	r.expect("full info(Team); summary(0/0); synced")

	w.rules(alice, "members: all\njid:"+ci+": availability show status\n")
	r.expect("summary(1/1); joined(alice dnd on a call)")
	w.is(alice, "away", "lunch")
	r.expect("summary(1/1); changed(alice away lunch)")
	w.is(bob, "xa", "nobody's business")
	w.rules(alice, "members: all\njid:"+ci+": availability\n")
	r.expect("summary(1/1); changed(alice available )")
	w.is(alice, "dnd", "secret")
	w.rules(alice, "members: all\n")
	r.expect("summary(0/0); left(alice offline )")
	w.rules(bob, "everyone: availability show\n")
	r.expect("summary(1/1); joined(bob xa )")

	// Who may not watch any more sees nothing, and is told so.
	w.must(w.roster.UpdateGroup(t.Context(), "team", func(s *roster.Settings) error { s.Policy = "watch members"; return nil }))
	r.expect("summary(0/0); left(bob offline )")
	w.must(w.roster.UpdateGroup(t.Context(), "team", func(s *roster.Settings) error { s.Policy = "watch members jid:" + ci; return nil }))
	r.expect("summary(1/1); joined(bob xa )")

	w.must(w.group.RemoveHook(t.Context(), "", "ci"))
	w.is(bob, "", "")
	if rec := w.show(); len(rec.Hooks) > 0 || strings.Contains(rec.Settings.Policy, ci) {
		t.Errorf("left behind: %+v", rec)
	}
}

// What could not be posted is not posted later: what is so then is.
func TestSupersedes(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	w.rules(alice, "jid:"+ci+": availability show status\n")
	w.is(alice, "", "one")
	w.set(r.hook())
	r.expect("full info(Team); summary(1/1); joined(alice available one); synced")

	entered, leave := make(chan struct{}), make(chan struct{})
	r.answer(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	w.is(alice, "dnd", "two")
	<-entered
	r.status(http.StatusInternalServerError, http.StatusBadGateway, http.StatusOK)
	for i := range 100 {
		w.is(alice, "xa", fmt.Sprint("three ", i))
	}
	w.is(alice, "", "one") // as it was before: but nobody knows whether two has arrived
	close(leave)
	r.expect("summary(1/1); changed(alice dnd two)")
	var ids []string
	for range 3 {
		p := r.next()
		if got := line(p.Message); got != "summary(1/1); changed(alice available one)" {
			t.Fatalf("posted %s", got)
		}
		ids = append(ids, p.header.Get("Webhook-Id"))
	}
	if ids[0] != ids[1] || ids[1] != ids[2] {
		t.Errorf("the same has the ids %q", ids)
	}
	w.is(alice, "chat", "four")
	r.expect("summary(1/1); changed(alice chat four)")
	s := w.keeper.Stats()
	if s.Webhooks != 1 || s.Failing != 0 || s.Rejected != 3 {
		t.Errorf("stats %+v", s)
	}
}

// A full state that did not arrive is told again, as it is then; what was taken
// back meanwhile is not in it.
func TestRevokedIsNotRetried(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	w.rules(alice, "jid:"+ci+": availability show status\n")
	w.is(alice, "", "a secret")
	entered, leave := make(chan struct{}), make(chan struct{})
	r.answer(func(w http.ResponseWriter, _ *http.Request) {
		close(entered)
		<-leave
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	w.set(r.hook())
	<-entered
	r.status(http.StatusInternalServerError, http.StatusOK)
	w.rules(alice, "members: all\n")
	close(leave)
	r.expect("full info(Team); summary(1/1); joined(alice available a secret); synced",
		"full info(Team); summary(0/0); synced", "full info(Team); summary(0/0); synced")
}

func TestOutcomes(t *testing.T) {
	elsewhere := newReceiver(t, false)
	elsewhere.answer(func(http.ResponseWriter, *http.Request) { t.Error("a redirect was followed") })
	for name, answer := range map[string]func(http.ResponseWriter, *http.Request){
		"redirect": func(w http.ResponseWriter, req *http.Request) {
			http.Redirect(w, req, elsewhere.URL+"/in", http.StatusTemporaryRedirect)
		},
		"500": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"401": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) },
		"nothing": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_ = c.Close()
			}
		},
		"nonsense": func(w http.ResponseWriter, _ *http.Request) {
			if c, _, err := w.(http.Hijacker).Hijack(); err == nil {
				_, _ = c.Write([]byte("SSH-2.0-OpenSSH_9.2\r\n"))
				_ = c.Close()
			}
		},
		"long header": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Long", strings.Repeat("x", 1<<20))
		},
		"slow": func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, false)
			cfg := quick(r)
			if name == "slow" {
				cfg.Timeout = 50 * time.Millisecond
			}
			w := newWorld(t, cfg)
			r.answer(answer)
			w.set(r.hook())
			r.expect("full info(Team); summary(0/0); synced")
			r.answer(nil)
			for r.next().header == nil { // it is tried again
			}
		})
	}
}

// An answer without an end costs nothing but itself.
func TestEndlessAnswer(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	ended := make(chan struct{}, 10)
	r.answer(func(w http.ResponseWriter, _ *http.Request) {
		for {
			if _, err := w.Write(bytes.Repeat([]byte("x"), 1<<10)); err != nil {
				ended <- struct{}{}
				return
			}
		}
	})
	w.set(r.hook())
	r.expect("full info(Team); summary(0/0); synced")
	<-ended
	r.answer(nil)
	w.rules(alice, "everyone: availability\n")
	if all := r.until("joined(alice"); len(all) != 1 {
		t.Errorf("what was accepted was posted again: %s", strings.Join(all, "\n"))
	}
}

// 410 is the end, and so are three days without success.
func TestEnds(t *testing.T) {
	for name, code := range map[string]int{"gone": http.StatusGone, "days": http.StatusNotFound} {
		t.Run(name, func(t *testing.T) {
			r := newReceiver(t, false)
			cfg := quick(r)
			cfg.GiveUp = 20 * time.Millisecond
			w := newWorld(t, cfg)
			r.status(code)
			w.set(r.hook())
			w.until(func() bool { return w.ended() != "" })
			w.until(func() bool { _, told := w.keeper.State("team", "ci"); return !told })
			for len(r.posts) > 0 {
				r.next()
			}
			// To set it again is to begin again.
			r.status(http.StatusOK)
			w.set(r.hook())
			r.until("full")
		})
	}
}

// Only who is meant is told: TLS is verified, and so is the address.
func TestDoesNotReach(t *testing.T) {
	r := newReceiver(t, true)
	private, untrusted := quick(r), quick(r)
	private.Networks, untrusted.Roots = nil, nil
	for name, cfg := range map[string]hook.Config{"private": private, "untrusted": untrusted} {
		t.Run(name, func(t *testing.T) {
			var log syncBuffer
			cfg.Log = slog.New(slog.NewTextHandler(&log, nil))
			w := newWorld(t, cfg)
			rec := r.hook()
			rec.URL += "?token=hunter2"
			ok, said, err := w.keeper.Test(t.Context(), "team", &rec)
			if ok || said != "it cannot be reached" || err != nil {
				t.Errorf("%v %s %v", ok, said, err)
			}
			w.set(rec)
			w.until(func() bool { s, _ := w.keeper.State("team", "ci"); return !s.Failing.IsZero() })
			for _, hidden := range []string{"hunter2", secret, alice, "/in"} {
				if strings.Contains(log.String(), hidden) {
					t.Errorf("%s is in the log: %s", hidden, log.String())
				}
			}
		})
	}
}

func TestTest(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	rec := r.hook()
	ok, said, err := w.keeper.Test(t.Context(), "team", &rec)
	if p := r.next(); !ok || said != "it answered 200" || err != nil || !p.Test || p.Group != "team@"+domain || p.Webhook != ci {
		t.Errorf("%v %s %v: %s", ok, said, err, p.text)
	}
}

// Only admins have to do with webhooks, and what makes no sense is refused.
func TestRefused(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	if err := w.group.SetHook(t.Context(), alice, r.hook()); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("a member: %v", err)
	}
	if _, err := w.group.Hooks(alice); !errors.Is(err, roster.ErrForbidden) {
		t.Errorf("a member: %v", err)
	}
	if err := w.group.SetHook(t.Context(), "mallory@example.org", r.hook()); !errors.Is(err, roster.ErrNoGroup) {
		t.Errorf("a stranger: %v", err)
	}
	if err := w.group.RemoveHook(t.Context(), "", "ci"); !errors.Is(err, roster.ErrNoHook) {
		t.Errorf("nobody's: %v", err)
	}
	if err := w.roster.AddMembers(t.Context(), "team", roster.MemberRecord{JID: ci, Affiliation: roster.Plain}); err == nil {
		t.Error("a webhook became a member")
	}
	if err := w.roster.CreateGroup(t.Context(), &roster.GroupRecord{Name: "hook+ci+team"}); err == nil {
		t.Error("a group has a webhook's address")
	}
	var bad *roster.InvalidError
	for _, spoil := range []func(*roster.HookRecord){
		func(h *roster.HookRecord) { h.Name = "a+b" },
		func(h *roster.HookRecord) { h.Name = strings.Repeat("a", 33) },
		func(h *roster.HookRecord) { h.Name = "" },
		func(h *roster.HookRecord) { h.URL = "ftp://example.org/" },
		func(h *roster.HookRecord) { h.URL = "https://user:pass@example.org/" },
		func(h *roster.HookRecord) { h.URL = "https:" },
		func(h *roster.HookRecord) { h.URL = "https://example.org/#x" },
		func(h *roster.HookRecord) { h.URL = "https://example.org/" + strings.Repeat("a", 2048) },
		func(h *roster.HookRecord) { h.Secret = "" },
		func(h *roster.HookRecord) { h.Format = "xml" },
	} {
		rec := r.hook()
		spoil(&rec)
		if err := w.group.SetHook(t.Context(), "", rec); !errors.As(err, &bad) {
			t.Errorf("%+v: %v", rec, err)
		}
	}
	for i := range roster.MaxHooks {
		rec := r.hook()
		rec.Name = fmt.Sprint("h", i)
		w.set(rec)
	}
	if err := w.group.SetHook(t.Context(), "", r.hook()); !errors.Is(err, roster.ErrLimit) {
		t.Errorf("too many: %v", err)
	}
}

// To forget who set a webhook does not end it.
func TestForgets(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	w.must(w.roster.UpdateMember(t.Context(), "team", bob, func(m *roster.MemberRecord) error { m.Affiliation = roster.Admin; return nil }))
	w.must(w.group.SetHook(t.Context(), bob, r.hook()))
	r.until("full")
	w.must(w.roster.RemoveMember(t.Context(), "team", bob))
	if _, err := w.group.Erase(t.Context(), bob); err != nil {
		t.Fatal(err)
	}
	if h := w.show().Hooks; len(h) != 1 || h[0].By != "" {
		t.Errorf("left is %+v", h)
	}
	w.rules(alice, "everyone: availability\n")
	r.until("(alice")
}

// The receivers of one group that take their time have so many places among
// all, and no more.
func TestSlowReceiversOfOneGroup(t *testing.T) {
	r := newReceiver(t, false)
	w := newWorld(t, quick(r))
	var now, most atomic.Int32
	done := make(chan string, 100)
	slow := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		<-time.After(20 * time.Millisecond)
		now.Add(-1)
		done <- req.URL.Path
	}))
	defer slow.Close()
	for i := range roster.MaxHooks {
		rec := r.hook()
		rec.Name, rec.URL = fmt.Sprintf("ci%d", i), fmt.Sprintf("%s/%d", slow.URL, i)
		w.set(rec)
	}
	told := map[string]bool{}
	for len(told) < roster.MaxHooks {
		told[<-done] = true
	}
	if most.Load() > 2 {
		t.Errorf("%d posts at a time", most.Load())
	}
}
