package play_test

import (
	"os"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/internal/lab/play"
)

var house labtest.House

func TestMain(m *testing.M) { os.Exit(house.Run(m)) }

func TestPlays(t *testing.T) {
	house.Plays(t, os.DirFS("testdata"), func(t *testing.T, s lab.Server) play.Stage { return newEcho(t, s) })
}

func perform(t *testing.T, text string) (*echo, error) {
	t.Helper()
	script, err := play.Parse("test.play", strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	server := labtest.Start(t, "fake", lab.Options{})
	e := newEcho(t, server)
	return e, script.Run(t.Context(), server, e)
}

func TestEchoPlay(t *testing.T) {
	text, err := os.ReadFile("testdata/echo.play")
	if err != nil {
		t.Fatal(err)
	}
	e, err := perform(t, string(text))
	if err != nil {
		t.Error(err)
	}
	if e.starts != 4 { // at first, restarted, killed, after the server's restart
		t.Errorf("the service was started %d times", e.starts)
	}
}

func TestOneScriptTwice(t *testing.T) {
	text, err := os.ReadFile("testdata/echo.play")
	if err != nil {
		t.Fatal(err)
	}
	script, err := play.Parse("echo.play", strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	server := labtest.Start(t, "fake", lab.Options{})
	e := newEcho(t, server)
	for range 2 { // its accounts are new each time, else rosters differ
		if err := script.Run(t.Context(), server, e); err != nil {
			t.Error(err)
		}
	}
}

// TestFailures: a play that is not true must say where and why.
func TestFailures(t *testing.T) {
	const prologue = "alice logs in as phone\n" +
		"alice sends\n  <message type='chat' to='team@groups.example.org'><body>hi</body></message>\n"
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"something else": {"alice receives nothing else\n",
			[]string{"test.play:4: alice receives nothing else", "received something else", "<body>hi</body>"}},
		"nobody": {"nobody receives anything else\n", []string{"<body>hi</body>"}},
		"never": {"alice never received\n  <message type='chat'/>\n",
			[]string{"test.play:4", "received", "<body>hi</body>"}},
		"never by a past device": {"all is quiet\nalice closes\nalice never received\n  <message type='chat'/>\n",
			[]string{"test.play:6", "<body>hi</body>"}},
		"never, but who": {"bob never received\n  <message/>\n", []string{"bob was never logged in"}},
		"not logged in":  {"bob sends\n  <presence/>\n", []string{"test.play:4", "bob is not logged in"}},
		"two devices": {"alice logs in as desk\nalice sends\n  <presence/>\n",
			[]string{"alice/phone or alice/desk"}},
		"exit status":      {"rollcall refuse\n", []string{"exit status 1, not 0", "no"}},
		"status of usage":  {"rollcall refuses misunderstand\n", []string{"exit status 2, not 1"}},
		"output":           {"rollcall a b\n  the words:\n  a c\n", []string{"a c", "a  b"}},
		"order of output":  {"rollcall a b\n  a b\n  the words:\n", []string{"in this order"}},
		"unbound":          {"alice sends\n  <message id='{x}'/>\n", []string{"{x} stands for nothing yet"}},
		"unbound argument": {"rollcall {x}\n", []string{"{x} stands for nothing yet"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := perform(t, prologue+c.text)
			if err == nil {
				t.Fatal("the play succeeded")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in the report:\n%v", want, err)
				}
			}
		})
	}
}

func TestParseErrors(t *testing.T) {
	for text, want := range map[string]string{
		"alice dances":                      "test.play:1: \"alice dances\": is no step",
		"\n  <a/>\nall is quiet":            "a block before any step",
		"alice sends":                       "needs a block",
		"alice closes\n  <a/>":              "takes no block",
		"alice receives\n  <a>":             "read XML",
		"alice receives\n  <a/> and":        "outside of a stanza",
		"rollcall member add \"x":           "not closed",
		"server stops":                      "restarts or is killed",
		"alice never received\n  <a></b>\n": "read XML",
	} {
		_, err := play.Parse("test.play", strings.NewReader(text))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want %q", text, err, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	e, err := perform(t, `group team "The Team" alice:lead,ops bob
rollcall member set team bob@example.org --nick "Bobby B" --attr team=team --role team
    the words:
    member set team bob@example.org --nick Bobby B --attr team=team --role {role}
rollcall group show {role}
`)
	if err != nil {
		t.Fatal(err)
	}
	if got := e.words; len(got) != 3 || !strings.HasPrefix(got[2], "team.") {
		t.Errorf("the group's name reached the service as %q", got)
	}
}

func TestTitleAndEffects(t *testing.T) {
	s, err := play.Parse("x.play", strings.NewReader("# What it shows.\n# More.\nserver restarts\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Title != "What it shows." || !s.AffectsServer() {
		t.Errorf("title %q, affects the server: %v", s.Title, s.AffectsServer())
	}
}
