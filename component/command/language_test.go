package command

import (
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	lang "golang.org/x/text/language"
	"golang.org/x/text/message/catalog"
)

// texts finds all that people read, by where it stands in the source: what is
// given to say, and labels and usages in tables.
func texts(t *testing.T) (all []string) {
	t.Helper()
	add := func(x ast.Expr) {
		if lit, ok := x.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			s, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, s)
		}
	}
	for _, f := range sources(t, ".") {
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.CallExpr:
				if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "say" && len(n.Args) > 0 {
					add(n.Args[0])
				}
			case *ast.KeyValueExpr:
				if k, ok := n.Key.(*ast.Ident); ok && (k.Name == "label" || k.Name == "usage" || k.Name == "such") {
					add(n.Value)
				}
			}
			return true
		})
	}
	for _, a := range attributeNames {
		all = append(all, a.label)
	}
	for _, p := range presets {
		all = append(all, p.label)
	}
	for _, p := range places {
		all = append(all, p.label)
	}
	for _, p := range speakers {
		all = append(all, p.label)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// Every text has a German one with the same things in it, and no German one
// stands for nothing.
func TestTranslations(t *testing.T) {
	verb := regexp.MustCompile(`%\[?\d*\]?[a-z]`)
	all := texts(t)
	if len(all) < 50 {
		t.Fatalf("only %d texts found", len(all))
	}
	german := map[string]string{}
	b := catalog.NewBuilder()
	for _, pair := range slices.Concat(germanTexts[:], germanPlaces, germanDevices) {
		if german[pair[0]] != "" {
			t.Errorf("twice: %q", pair[0])
		}
		german[pair[0]] = pair[1]
		if err := b.SetString(lang.German, pair[0], pair[1]); err != nil {
			t.Errorf("%q: %v", pair[1], err)
		}
		if !slices.Contains(all, pair[0]) {
			t.Errorf("nobody says %q", pair[0])
		}
	}
	for _, s := range all {
		if german[s] == "" {
			t.Errorf("{%q, \"\"},", s)
		} else if a, b := verb.FindAllString(s, -1), verb.FindAllString(german[s], -1); !slices.Equal(a, b) {
			t.Errorf("%q has %v, %q %v", s, a, german[s], b)
		}
	}
}

func TestPick(t *testing.T) {
	l := newLanguages()
	for tag, want := range map[string]string{
		"": "en", "en": "en", "en-GB": "en", "de": "de", "de-AT": "de", "DE": "de", "gsw": "de", "fr": "en", "♥": "en",
		strings.Repeat("de-", 1000): "en", "x-klingon": "en", "und": "en",
	} {
		if got := l.pick(tag).tag; got != want {
			t.Errorf("%.20q: %s", tag, got)
		}
	}
}
