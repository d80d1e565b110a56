package exchange

import (
	"bytes"
	"reflect"
	"testing"
)

// What is no export is refused; what is one is the same after it was written
// and read again.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format": "rollcall", "version": 1, "groups": [{"name": "team", "title": "T", "members": [{"jid": "a@x", "affiliation": "member"}]}]}`))
	f.Add([]byte(`{"format": "rollcall", "version": 1, "groups": [{"name": "a", "payload": "both", "attributes": {"x": "y"}}, {"name": "a"}]}`))
	f.Add([]byte(`{"groups": [], "format": "rollcall"}`))
	f.Add([]byte(`{"format": "rollcall", "format": 5`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var all []*Group
		if err := Read(bytes.NewReader(text), func(g *Group) error { all = append(all, g); return nil }); err != nil {
			return
		}
		for _, g := range all {
			rec, err := g.Record()
			if err != nil {
				continue
			}
			var b bytes.Buffer
			w, again := NewWriter(&b), Of(rec)
			if err := w.Group(&again); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			n := 0
			err = Read(&b, func(g *Group) error {
				n++
				back, err := g.Record()
				if err != nil || !reflect.DeepEqual(back, rec) {
					t.Errorf("%+v\nis read again as\n%+v, %v", rec, back, err)
				}
				return nil
			})
			if err != nil || n != 1 {
				t.Errorf("read again: %d groups, %v", n, err)
			}
		}
	})
}

// The lists of other servers: whatever stands in them, what is made of it can be
// imported, and each name is given once.
func FuzzForeign(f *testing.F) {
	f.Add(false, "[Support]\nalice@example.org=Alice\n+bob@example.org\n\n[+Everybody]\ncid@example.org\n# no\n")
	f.Add(true, "[ops]\nlabel\t\"Ops\"\ndescription\t<<\"What\">>\nalice@example.org\n@all@\n")
	f.Add(false, "a@b\n[]\n[Ärzte & Söhne]\nx@y/z\n[ärzte söhne]\n")
	f.Fuzz(func(t *testing.T, ejabberd bool, text string) {
		read := Prosody
		if ejabberd {
			read = Ejabberd
		}
		foreign, err := read(bytes.NewReader([]byte(text)))
		if err != nil {
			return
		}
		names := map[string]bool{}
		for i := range foreign.Groups {
			g := &foreign.Groups[i]
			if g.Name == "" || names[g.Name] {
				t.Errorf("the name %q is given twice, or is none", g.Name)
			}
			names[g.Name] = true
			if _, err := g.Record(); err != nil {
				t.Errorf("cannot be imported: %v", err)
			}
		}
	})
}
