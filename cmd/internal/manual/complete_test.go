package manual

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

func model(t *testing.T) *kong.Application {
	t.Helper()
	var grammar struct {
		Config string `help:"The file. More about it." placeholder:"FILE"`
		Group  struct {
			Set struct {
				Group  string `arg:"" help:"Its name."`
				Name   string `help:"What it is called."`
				Listed bool   `negatable:"" help:"Whether it is listed."`
				Kind   string `enum:"one,two" default:"one" help:"A kind."`
			} `cmd:"" help:"Change it. Or not."`
			Show struct {
				Group string `arg:"" help:"Its name."`
				JID   string `arg:"" name:"jid" help:"Whose."`
			} `cmd:"" help:"Show it."`
		} `cmd:"" help:"Groups."`
		Secret struct{} `cmd:"" hidden:"" help:"Not for people."`
		Print  struct {
			Server string `arg:"" enum:"prosody,ejabberd" help:"The server."`
		} `cmd:"" help:"Print lines."`
	}
	k, err := kong.New(&grammar, kong.Name("tool"), kong.Description("A tool."))
	if err != nil {
		t.Fatal(err)
	}
	return k.Model
}

func TestComplete(t *testing.T) {
	live := func(argument string, before []string) []string {
		return []string{argument + fmt.Sprint(before)}
	}
	for line, want := range map[string]string{
		"":                              "group print",
		"g":                             "group",
		"x":                             "",
		"group ":                        "set show",
		"group s":                       "set show",
		"group se":                      "set",
		"group set ":                    "group[]",
		"group show team ":              "jid[team]",
		"group set team ":               "",
		"group set --":                  "--help --config --name --listed --no-listed --kind",
		"group set --name x --k":        "--kind",
		"group set --name set ":         "group[]",
		"group set --kind ":             "one two",
		"group set --kind=one ":         "group[]",
		"group set -- --":               "",
		"group set --no-listed team --": "--help --config --name --listed --no-listed --kind",
		"print e":                       "ejabberd",
		"--config ":                     Files,
		"-config x gr":                  "group",
		"--help ":                       "group print",
	} {
		words := strings.Split(line, " ")
		var got []string
		for _, c := range Complete(model(t), words, live) {
			got = append(got, c.Word)
		}
		if !slices.Equal(got, strings.Fields(want)) {
			t.Errorf("%q: %q, want %s", line, got, want)
		}
	}
	if c := Complete(model(t), []string{"group", "set"}, nil); len(c) != 1 || c[0].Help != "Change it" {
		t.Errorf("help is %q", c)
	}
	if c := Complete(model(t), nil, nil); len(c) != 2 {
		t.Errorf("of nothing: %q", c)
	}
}

// What an admin may write in a text cannot become a command of roff.
func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		`.TH x`: `\&.TH x`, `a\b`: `a\eb`, "--x": `\-\-x`, `"it's"`: `\(dqit\(aqs\(dq`,
	} {
		if got := escape(text); got != want {
			t.Errorf("%q is %q", text, got)
		}
	}
}

func TestCommands(t *testing.T) {
	page := Commands(model(t), "a tool", []Note{{"Files", "Some."}})
	for _, want := range []string{".TH TOOL 1 ", ".SS \"tool group set <group>\"\n", "\\-\\-listed, \\-\\-no\\-listed", ".SH FILES\n.PP\nSome.\n"} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}
	if strings.Contains(page, "secret") {
		t.Error("a hidden command shows")
	}
}
