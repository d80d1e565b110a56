package command

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// reasons finds why a package refuses values: the formats of its errors.
func reasons(t *testing.T, dir string) (all []string) {
	t.Helper()
	for name, f := range sources(t, dir) {
		if name == "errors.go" { // the sentinels
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok || len(c.Args) == 0 {
				return true
			}
			format := c.Args[0]
			switch fun := c.Fun.(type) {
			case *ast.Ident:
				if fun.Name != "invalid" {
					return true
				}
				format = c.Args[1]
			case *ast.SelectorExpr:
				if x, ok := fun.X.(*ast.Ident); !ok || x.Name+"."+fun.Sel.Name != "fmt.Errorf" && x.Name+"."+fun.Sel.Name != "errors.New" {
					return true
				}
			default:
				return true
			}
			if lit, ok := format.(*ast.BasicLit); ok {
				s, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, s)
			}
			return true
		})
	}
	return all
}

// sources are the files of a package but for its tests, by name.
func sources(t *testing.T, dir string) map[string]*ast.File {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*ast.File{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		if all[e.Name()], err = parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, parser.SkipObjectResolution); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// unsaid are no reasons for people: what is wrapped, and what is an error of
// its own that has words of its own.
var unsaid = regexp.MustCompile(`^%v$|^%w: |^[a-z-]+: %w$|^waits already$|^presence is not known yet$`)

// Every reason that policy and roster give has its German, with the same things
// in it, and no German one stands for nothing.
func TestReasonsAreTranslated(t *testing.T) {
	verb := regexp.MustCompile(`%[a-z]`)
	german, said := map[string]string{}, map[string]bool{}
	for _, r := range germanReasons {
		german[r[0]] = r[1]
		if a, b := verb.FindAllString(r[0], -1), verb.FindAllString(r[1], -1); len(a) != len(b) || strings.Contains(r[1], "%q") || strings.Contains(r[1], "%d") {
			t.Errorf("%q has %v, %q %v", r[0], a, r[1], b)
		}
	}
	for _, s := range append(reasons(t, "../../policy"), reasons(t, "../../roster")...) {
		if said[s] = true; german[s] == "" && !unsaid.MatchString(s) {
			t.Errorf("{%q, \"\"},", s)
		}
	}
	if len(said) < 50 {
		t.Errorf("only %d reasons found", len(said))
	}
	for s := range german {
		if !said[s] {
			t.Errorf("nobody says %q", s)
		}
	}
}

func TestBecause(t *testing.T) {
	l := newLanguages().pick("de")
	for text, want := range map[string]string{
		`unknown presence attribute "shoes"`:                         "das Merkmal „shoes“ gibt es nicht",
		`require: unknown presence attribute "a \"b"`:                `require: das Merkmal „a \"b“ gibt es nicht`,
		`line 12: jid:x: not an address like user@example.org`:       "Zeile 12: jid:x: Das ist keine Adresse wie user@example.org",
		`default: line 3: members: no attribute is named`:            "default: Zeile 3: members: Es ist kein Merkmal genannt",
		`"x" is none of invite, approve, open`:                       "„x“ ist keins von invite, approve, open",
		`"x" must be written "y" in a JID`:                           "„x“ muss in einer Adresse „y“ geschrieben werden",
		`"aaaaaaaaaaaaaaaa"… has 99 bytes, at most 64`:               "„aaaaaaaaaaaaaaaa“… hat 99 Bytes, höchstens 64",
		`the moon is in the wrong phase`:                             "the moon is in the wrong phase",
		`line x: is empty`:                                           "line x: is empty",
		"%d %s":                                                      "%d %s",
		`"` + strings.Repeat("x", maxReason) + `" has a space in it`: `"` + strings.Repeat("x", maxReason) + `" has a space in it`,
	} {
		if got := l.because(text); got != want {
			t.Errorf("%.60q: %.100q", text, got)
		}
		if got := newLanguages().pick("en").because(text); got != text {
			t.Errorf("in English: %.100q", got)
		}
	}
}

// What is refused is said in the caller's language, at its field, and what was
// typed is still there.
func TestRefusalsAreGerman(t *testing.T) {
	for _, c := range []struct{ who, word, field, want string }{
		{"cid", "configure", "name=a\u0080b", "Name: hat Steuerzeichen"},
		{"cid", "configure", "delivery=5", "Änderungen melden: immediate (sofort) oder alle … Millisekunden: ist 0 (immediate) oder von 100 bis 86400000 ms"},
		{"cid", "configure", "aggregate=some", "Wann der Kontakt da ist (any, quorum:2, role:dienst): „some“ ist weder any noch quorum:N oder role:X"},
		{"cid", "configure", "language=??", "Sprache (etwa de): „??“ ist kein Kürzel einer Sprache"},
		{"cid", "configure", "attributes=a b=c", "Merkmale, eins je Zeile (etwa phone=123): in „a b“ ist ein Leerzeichen"},
		{"cid", "configure", "default-authorization=members: shoes", "Was zeigt, wer nichts anderes sagt: default: das Merkmal „shoes“ gibt es nicht"},
		{"bob", "authorize", "what=rules|rules=x", "Eigene Regeln, eine je Zeile: Zeile 1: „x“: Eine Regel schreibt man wie members: availability show"},
		{"bob", "nick", "nick=" + strings.Repeat("x", roster.MaxText+1), "Name (leer: wie in deiner Adresse): hat 1025 Bytes, höchstens 1024"},
	} {
		w := newWorld(t)
		fields := strings.Split(c.field, "|")
		got := w.command(c.who, team, c.word, " xml:lang='de'", submit(fields...))
		_, note, _ := strings.Cut(got, "<note type='error'>")
		note, _, _ = strings.Cut(note, "</note>")
		if note != c.want {
			t.Errorf("%s: %q", c.field, note)
		}
		if _, value, _ := strings.Cut(fields[len(fields)-1], "="); !strings.Contains(got, "<value>"+value+"</value>") {
			t.Errorf("%.60s: what was typed is gone: %s", c.field, got)
		}
	}
}
