package discreet

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const own = "groups.example.org"

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "",
		"nobody":                 "nobody",
		"alice@example.org":      "…@example.org",
		"alice@example.org/desk": "…@example.org/desk",
		"delete member o'brien@example.org of team: no": "delete member o'…@example.org of team: no",
		`"alice=b@example.org" is named twice`:          `"…@example.org" is named twice`,
		"team@groups.example.org, of bob@example.org":   "team@groups.example.org, of …@example.org",
		`alice\40example.org@groups.example.org`:        "…@groups.example.org",
		"jean.l'ö@example.org,b@example.net":            "jean.l'…@example.org…@example.net",
		"team@groups.example.org.evil.example":          "…@groups.example.org.evil.example",
		"a@":                                            "…@", "@b": "@b", "@@": "@@",
	} {
		if got := Text(text, own); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := Text("team@x", ""); got != "…@x" {
		t.Errorf("without a domain of our own it is %q", got)
	}
}

type person struct{}

func (person) LogValue() slog.Value { return slog.StringValue("alice@example.org") }

// Whatever a line says names nobody, from info on; and says all else.
func TestHandler(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}), own)).
		With("by", "alice@example.org").WithGroup("more")
	err := fmt.Errorf("store: %w", errors.New("member alice@example.org"))
	lines := 0
	for _, level := range []slog.Level{slog.LevelInfo, slog.LevelWarn, slog.LevelError} {
		log.Log(t.Context(), level, "alice@example.org left", "error", err, "who", person{}, "raw", []byte("alice@example.org"),
			"list", []string{"alice@example.org", "7"}, "group", "team@groups.example.org", "n", 7, slog.Group("deep", "jid", "alice@example.org/x"), "nothing", nil)
		lines++
	}
	want := ` msg="…@example.org left" by=…@example.org more.error="store: member …@example.org" more.who=…@example.org more.raw=…@example.org more.list="…@example.org 7]" ` +
		`more.group=team@groups.example.org more.n=7 more.deep.jid=…@example.org/x more.nothing=<nil>` + "\n"
	if got := strings.Count(out.String(), want); got != lines || strings.Contains(out.String(), "alice") {
		t.Errorf("it says\n%s\nnot\n%s", out.String(), want)
	}
	out.Reset()
	log.Debug("x", "error", err)
	if !strings.Contains(out.String(), "alice@example.org") {
		t.Errorf("at debug it says %s", out.String())
	}
}
