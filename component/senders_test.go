package component

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSenders: everything in the source that can tell somebody something stands
// in testdata/senders.txt, with the face that TestFaces looks at. Who adds a
// sender finds this test failing: name the face there, and if it is a new one
// let TestFaces look at it and make a build that leaks there (package leak).
//
// Senders are
//   - in roster, calls of the renderer's and the outbox's methods, and exported
//     methods of Group and Roster that return something;
//   - in pubsub and command, functions that make bytes, and the words;
//   - in component, calls that put something in the control lane;
//   - in component/hook, calls that send a request;
//   - in the admin interface, its routes.
func TestSenders(t *testing.T) {
	listed := readSenders(t)
	found := map[string]bool{}
	roster := parseDir(t, "../roster")
	methods := slices.Concat(roster.interfaceMethods("Renderer"), roster.interfaceMethods("Outbox"))
	if len(methods) < 15 {
		t.Fatalf("only %q", methods)
	}
	roster.calls(methods, found)
	roster.getters("Group", found)
	roster.getters("Roster", found)
	parseDir(t, "../pubsub").makers(found)
	parseDir(t, "command").makers(found)
	parseDir(t, "command").words(found)
	parseDir(t, ".").calls([]string{"Control", "Owe", "Request"}, found)
	parseDir(t, "hook").calls([]string{"RoundTrip"}, found)
	parseDir(t, "../cmd/internal/admin").routes(found)
	for _, s := range slices.Sorted(maps.Keys(found)) {
		if listed[s] == "" {
			t.Errorf("%s: a sender that is not in testdata/senders.txt", s)
		}
	}
	for _, s := range slices.Sorted(maps.Keys(listed)) {
		if !found[s] {
			t.Errorf("%s: in testdata/senders.txt, but no sender any more", s)
		}
	}
}

// readSenders reads lines such as "roster Group.answer AnswerStart: items": a
// sender and its faces, or what it is if it tells nobody anything of others.
func readSenders(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("testdata/senders.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed, named := map[string]string{}, map[string]bool{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		sender, face, ok := strings.Cut(line, ": ")
		if !ok || listed[sender] != "" {
			t.Errorf("%q: no face, or twice", line)
		}
		listed[sender] = face
		if strings.HasPrefix(face, "(") {
			continue // tells nobody of others, for the reason given
		}
		for _, f := range strings.Fields(face) {
			named[f] = true
			if !slices.Contains(faces, f) {
				t.Errorf("%s: nobody looks at face %s", sender, f)
			}
		}
	}
	for _, f := range faces {
		if !named[f] && f != "log" {
			t.Errorf("no sender has the face %s", f)
		}
	}
	return listed
}

// sourceCode is a package without its tests.
type sourceCode struct {
	name  string
	files []*ast.File
}

func parseDir(t *testing.T, dir string) *sourceCode {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	s := &sourceCode{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), dir+"/"+e.Name(), nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		s.name, s.files = f.Name.Name, append(s.files, f)
	}
	return s
}

// functions calls f for each function that has a body.
func (s *sourceCode) functions(f func(name string, d *ast.FuncDecl)) {
	for _, file := range s.files {
		for _, d := range file.Decls {
			if d, ok := d.(*ast.FuncDecl); ok && d.Body != nil {
				name := d.Name.Name
				if r := receiver(d); r != "" {
					name = r + "." + name
				}
				f(s.name+" "+name, d)
			}
		}
	}
}

func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	if p, ok := t.(*ast.StarExpr); ok {
		t = p.X
	}
	if i, ok := t.(*ast.Ident); ok {
		return i.Name
	}
	return "?"
}

func (s *sourceCode) interfaceMethods(name string) (methods []string) {
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != name {
				return true
			}
			for _, m := range spec.Type.(*ast.InterfaceType).Methods.List {
				for _, id := range m.Names {
					methods = append(methods, id.Name)
				}
			}
			return false
		})
	}
	return methods
}

// calls finds who calls one of the methods. Logging is looked at as a whole.
func (s *sourceCode) calls(methods []string, found map[string]bool) {
	s.functions(func(name string, d *ast.FuncDecl) {
		ast.Inspect(d.Body, func(n ast.Node) bool {
			c, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			f, ok := c.Fun.(*ast.SelectorExpr)
			if !ok || !slices.Contains(methods, f.Sel.Name) {
				return true
			}
			if of, ok := f.X.(*ast.SelectorExpr); !ok || of.Sel.Name != "log" {
				found[name+" "+f.Sel.Name] = true
			}
			return true
		})
	})
}

// getters finds the exported methods of a type that return more than an error.
func (s *sourceCode) getters(typ string, found map[string]bool) {
	s.functions(func(name string, d *ast.FuncDecl) {
		if receiver(d) != typ || !d.Name.IsExported() || d.Type.Results == nil {
			return
		}
		for _, r := range d.Type.Results.List {
			if id, ok := r.Type.(*ast.Ident); !ok || id.Name != "error" && id.Name != "bool" {
				found[name] = true
			}
		}
	})
}

// makers finds the functions that return bytes.
func (s *sourceCode) makers(found map[string]bool) {
	s.functions(func(name string, d *ast.FuncDecl) {
		if d.Type.Results == nil || len(d.Type.Results.List) == 0 {
			return
		}
		if a, ok := d.Type.Results.List[0].Type.(*ast.ArrayType); ok && fmt.Sprint(a.Elt) == "byte" {
			found[name] = true
		}
	})
}

// routes finds what the admin interface is asked: the keys of its table.
func (s *sourceCode) routes(found map[string]bool) {
	for _, file := range s.files {
		ast.Inspect(file, func(n ast.Node) bool {
			kv, ok := n.(*ast.KeyValueExpr)
			if !ok {
				return true
			}
			if key, ok := kv.Key.(*ast.BasicLit); ok && key.Kind == token.STRING {
				if pattern, err := strconv.Unquote(key.Value); err == nil && strings.Contains(pattern, " /") {
					found[s.name+" "+pattern] = true
				}
			}
			return true
		})
	}
}

// words finds what can be asked by command and chat: the functions that the
// table of words calls.
func (s *sourceCode) words(found map[string]bool) {
	s.functions(func(name string, d *ast.FuncDecl) {
		if d.Name.Name != "table" {
			return
		}
		ast.Inspect(d.Body, func(n ast.Node) bool {
			if c, ok := n.(*ast.CallExpr); ok {
				found[name+" "+fmt.Sprint(c.Fun)] = true
			}
			return true
		})
	})
}
