package command

import (
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

func TestCombineByChat(t *testing.T) {
	w := newWorld(t)
	g := w.group("team")
	for _, c := range []struct {
		line, want string
		by         roster.Combination
	}{
		{"combine", "In Team your devices are seen as one: what is said by the most available one.", roster.MostAvailable},
		{"combine recent", "In Team your devices are seen as one: what is said by the one used last.", roster.MostRecent},
		{"Kombiniere nach Priorität", "In Team your devices are seen as one: what is said by the one of highest priority.", roster.HighestPriority},
		{"combine by chance", "Others see what is said by: “by” is not one of the choices.\nWrite “help combine” for how it is written.", roster.HighestPriority},
		{"devices most available", "In Team your devices are seen as one: what is said by the most available one.", roster.MostAvailable},
	} {
		w.now = w.now.Add(time.Minute)
		if got := w.says("bob", team, c.line); got != c.want {
			t.Errorf("%q: %q", c.line, got)
		}
		if by, err := g.Combination(at("bob")); by != c.by || err != nil {
			t.Errorf("%q: %s, %v", c.line, by, err)
		}
	}
	if got := w.says("mia", team, "combine recent"); strings.Contains(got, "one:") {
		t.Errorf("who is no member: %q", got)
	}
}

// Who is idle, cannot be reached, or says something in the caller's language.
func TestWhoTellsOfDevices(t *testing.T) {
	w := newWorld(t)
	g := w.group("team")
	lunch := roster.AppendStatus(roster.AppendStatus(nil, "", []byte("Lunch")), "de", []byte("Mittag"))
	g.Hear([]byte(at("ann")), []byte("x"), &roster.Presence{Show: roster.Away, Status: lunch, Idle: []byte(w.now.Add(-25 * time.Minute).Format(time.RFC3339))})
	for _, c := range []struct {
		line       string
		connection roster.Connection
		want       string
	}{
		{"who", roster.On, "Ann: away, Lunch · idle for 25 min\n"},
		{"who", roster.Interrupted, "Ann: away, Lunch · idle for 26 min · connection interrupted\n"},
		{"who", roster.Off, "Ann: away, Lunch · idle for 27 min · switched off\n"},
	} {
		g.Connect(at("ann"), "x", c.connection)
		if got := w.says("bob", team, c.line) + "\n"; !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", c.connection, got)
		}
		w.now = w.now.Add(time.Minute)
	}
	g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{Show: roster.XA})
	if got := w.says("bob", team, "who"); strings.Contains(got, "switched") {
		t.Errorf("with another device: %q", got)
	}
}
