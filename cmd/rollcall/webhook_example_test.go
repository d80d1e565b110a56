package main

import (
	"bufio"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// The receiver in examples/python takes what is signed, and nothing else.
func TestPythonReceiver(t *testing.T) {
	if err := lab.Install(t.Context(), t.Output(), "python3-slixmpp"); err != nil { // and python with it
		t.Fatal(err)
	}
	key := []byte("0123456789abcdef0123456789abcdef")
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-B", "../../examples/python/webhook.py", "0")
	cmd.Env = append(os.Environ(), "ROLLCALL_WEBHOOK_SECRET=whsec_"+base64.StdEncoding.EncodeToString(key))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	lines := bufio.NewScanner(out)
	if !lines.Scan() {
		t.Fatal("it does not start")
	}
	port := lines.Text()[strings.LastIndex(lines.Text(), " ")+1:]
	post := func(body string, at time.Time, forge func(http.Header)) int {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:"+port, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		h := hmac.New(sha256.New, key)
		fmt.Fprintf(h, "msg_1.%d.%s", at.Unix(), body)
		req.Header.Set("webhook-id", "msg_1")
		req.Header.Set("webhook-timestamp", fmt.Sprint(at.Unix()))
		req.Header.Set("webhook-signature", "v1,"+base64.StdEncoding.EncodeToString(h.Sum(nil)))
		forge(req.Header)
		answer, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
		return answer.StatusCode
	}
	const body = `{"changes": [{"kind": "came"}]}`
	for name, forge := range map[string]func(http.Header){
		"without a signature": func(h http.Header) { h.Del("webhook-signature") },
		"of another id":       func(h http.Header) { h.Set("webhook-id", "msg_2") },
		"of another time":     func(h http.Header) { h.Set("webhook-timestamp", "1") },
		"of no time":          func(h http.Header) { h.Set("webhook-timestamp", "now") },
	} {
		if code := post(body, time.Now(), forge); code != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, code)
		}
	}
	if code := post(body, time.Now().Add(-time.Hour), func(http.Header) {}); code != http.StatusUnauthorized {
		t.Errorf("an hour old: %d", code)
	}
	if code := post(body, time.Now(), func(http.Header) {}); code != http.StatusNoContent {
		t.Errorf("genuine: %d", code)
	}
	if !lines.Scan() || lines.Text() != `{"kind": "came"}` {
		t.Errorf("printed %q", lines.Text())
	}
}
