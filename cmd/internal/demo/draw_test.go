package demo

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
	"github.com/rollcall-xmpp/rollcall/watch"
)

var update = flag.Bool("update", false, "write the golden pictures anew")

var noon = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)

func ago(t time.Duration) time.Time { return noon.Add(-t) }

func on(devices ...string) (list []watch.Device) {
	for _, d := range devices {
		name, show, _ := strings.Cut(d, ":")
		list = append(list, watch.Device{Name: name, Show: watch.Show(show)})
	}
	return list
}

// anyDay is a view with every presence in it, and people whose texts are too
// long, wide, or meant for the terminal.
func anyDay() *view {
	titled := func(title string) []watch.Attribute { return []watch.Attribute{{Name: "title", Value: title}} }
	return &view{
		group: "team@groups.example.org", server: "Prosody", events: 41, last: 1900 * time.Microsecond, median: 2300 * time.Microsecond,
		info:    watch.Info{Name: "Team", Description: "Second shift", Attributes: []watch.Attribute{{Name: "phone", Value: "123"}}},
		summary: watch.Summary{Members: 7, Available: 5, Chat: 1, Away: 1, XA: 1, DND: 1},
		contact: contact{watch.Chat, "5 of 7 available: Anna, Bo, Cy, Dee, Eli"},
		members: []*watch.Member{
			{JID: "anna@example.org", Nick: "Anna", Roles: []string{"lead"}, Attributes: titled("Shift lead"), Presence: watch.Presence{Show: watch.Chat, Status: "Ask me anything", Devices: on("laptop:chat")}, Changed: ago(40 * time.Second)},
			{JID: "bo@example.org", Nick: "Bo", Roles: []string{"ops"}, Presence: watch.Presence{Show: watch.DND, Status: "On a call\x1b[2J", Devices: on("laptop:dnd")}, Changed: ago(300 * time.Millisecond)},
			{JID: "cy@example.org", Nick: "Cy", Attributes: titled("Backend"), Presence: watch.Presence{Show: watch.Available, Devices: on("laptop:available", "phone:away")}, Changed: ago(5 * time.Minute)},
			{JID: "dee@example.org", Nick: "日本語の名前です", Roles: []string{"field", "night"}, Attributes: titled("A title that is far too long"), Presence: watch.Presence{Show: watch.XA, Status: "東京にいます。また明日。", Devices: on("phone:xa")}, Changed: ago(3 * time.Hour)},
			{JID: "eli@example.org", Presence: watch.Presence{Show: watch.Away, Idle: ago(9 * time.Minute), Devices: on("desk:away", "pad:away", "phone:xa", "watch:dnd")}, Changed: ago(100 * time.Hour)},
			{JID: "fay@example.org", Nick: "Fay", Roles: []string{"guest"}, Presence: watch.Presence{Show: watch.Offline}, Changed: ago(time.Minute)},
		},
		said: []scene{{at: "07:58", text: "Bo opens his laptop", latency: 1400 * time.Microsecond}, {at: "08:30", text: "Anna: free to chat", problem: true},
			{at: "09:00", text: "admin: rollcall member add"}, {at: "09:02", text: "Bo: on a call (do not disturb)", latency: 1900 * time.Microsecond}},
	}
}

func draw(v *view, columns, rows int, color bool) string {
	var b strings.Builder
	for _, l := range picture(v, columns, rows, noon) {
		b.WriteString(l.Text(color) + "\n")
	}
	return b.String()
}

func TestPicture(t *testing.T) {
	helped := anyDay()
	helped.help = []tty.Line{tty.Of(" Your turn: ", tty.Bold, "log in", ""), tty.Of("   account ", tty.Dim, "you@example.org", tty.Bold)}
	for name, got := range map[string]string{
		"80x24":       draw(anyDay(), 80, 24, false),
		"80x24-color": draw(anyDay(), 80, 24, true),
		"120x30":      draw(anyDay(), 120, 30, false),
		"80x24-help":  draw(helped, 80, 24, false),
		"80x18-help":  draw(helped, 80, 18, false),
		"50x20":       draw(anyDay(), 50, 20, false),
		"30x12":       draw(anyDay(), 30, 12, false),
		"empty":       draw(&view{group: "team@groups.example.org", server: "ejabberd"}, 80, 24, false),
	} {
		golden := filepath.Join("testdata", name+".txt")
		if *update {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s is\n%s\nnot\n%s", name, got, want)
		}
	}
}

// Whatever the terminal's size, nothing wraps and nothing scrolls.
func TestPictureFits(t *testing.T) {
	v := anyDay()
	v.help = []tty.Line{tty.Of(strings.Repeat("help ", 30), tty.Bold)}
	for columns := 1; columns < 140; columns++ {
		for rows := 1; rows < 40; rows++ {
			lines := picture(v, columns, rows, noon)
			if len(lines) > max(1, rows-1) {
				t.Fatalf("%dx%d: %d lines", columns, rows, len(lines))
			}
			for _, l := range lines {
				if n := tty.Width(l.Text(false)); n > max(20, columns-1) {
					t.Fatalf("%dx%d: a line of %d columns: %s", columns, rows, n, l.Text(false))
				}
			}
		}
	}
}

// No text of a stranger reaches the terminal as a command.
func TestClean(t *testing.T) {
	v := anyDay()
	v.info.Name, v.contact.status, v.members[0].Nick = "a\x1b]0;x\a", "b\u009b31m", "c\u202ed\r\n"
	for i, r := range draw(v, 120, 30, false) {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 || r == '\u202e' {
			t.Fatalf("%q at %d", r, i)
		}
	}
}

func TestColorsAddNothing(t *testing.T) {
	plain, colored := draw(anyDay(), 100, 30, false), draw(anyDay(), 100, 30, true)
	if strings.ContainsRune(plain, '\x1b') {
		t.Error("escapes without colours")
	}
	for _, sgr := range []string{tty.Bold, tty.Dim, tty.Red, tty.Green, tty.Yellow, tty.Magenta, tty.Cyan, "0"} {
		colored = strings.ReplaceAll(colored, "\x1b["+sgr+"m", "")
	}
	if colored != plain {
		t.Errorf("with colours it reads\n%s\nnot\n%s", colored, plain)
	}
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{-time.Hour: "now", 0: "now", 999 * time.Millisecond: "now", time.Second: "1s", 89 * time.Second: "89s",
		90 * time.Second: "1m", 89 * time.Minute: "89m", 90 * time.Minute: "1h", 47 * time.Hour: "47h", 48 * time.Hour: "2d", 999 * time.Hour: "41d"} {
		if got := tty.Age(d); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

// The screen is written when something changed, at once, and once a second.
func TestScreen(t *testing.T) {
	var out bytes.Buffer
	size := [2]int{80, 24}
	s := tty.Screen{Out: &out, Size: func() (int, int) { return size[0], size[1] }}
	show := func(v *view, now time.Time) string {
		out.Reset()
		s.Show(func(w, h int) []tty.Line { return picture(v, w, h, now) }, now)
		return out.String()
	}
	v := anyDay()
	if first := show(v, noon); strings.Count(first, "\x1b[2J") != 1 || !strings.HasPrefix(first, strings.Repeat("\n", 24)) {
		t.Errorf("begins with %.40q", first)
	}
	if again := show(v, noon.Add(100*time.Millisecond)); again != "" {
		t.Errorf("the same again is %.40q", again)
	}
	if later := show(v, noon.Add(2*time.Second)); !strings.HasPrefix(later, "\x1b[H Team") || strings.Contains(later, "\x1b[2J") {
		t.Errorf("later is %.40q", later)
	}
	size[0] = 60
	if resized := show(v, noon.Add(2*time.Second)); !strings.Contains(resized, "\x1b[2J") {
		t.Errorf("resized is %.40q", resized)
	}
	out.Reset()
	s.Leave()
	if out.String() != "\r\x1b[K\x1b[?25h" {
		t.Errorf("leaves with %q", out.String())
	}
}

func TestQuoted(t *testing.T) {
	got := quoted([]string{"group", "create", "--name", "The Team", "--attr", "title=Shift lead", "--attr", "a=b"})
	if want := `group create --name "The Team" --attr title="Shift lead" --attr a=b`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestMedian(t *testing.T) {
	for want, all := range map[time.Duration][]time.Duration{0: nil, 1: {1}, 2: {3, 1, 2}, 3: {4, 1, 3, 2}} {
		if got := median(all); got != want {
			t.Errorf("%v: %v", fmt.Sprint(all), got)
		}
	}
}
