package play

import (
	"encoding/xml"
	"fmt"
	"slices"
	"strings"
)

// mismatch says why an element is not what a pattern says.
type mismatch struct {
	path string // of the element, such as message/event/items
	why  string
	hits int // parts that did match: the higher, the closer
}

func (m *mismatch) String() string { return m.path + ": " + m.why }

// matcher compares one stanza with one pattern.
type matcher struct {
	bound bindings
	hits  int
}

// match reports nil if stanza e matches; captures are noted only then.
func match(pattern, e *element, bound bindings) *mismatch {
	var miss *mismatch
	bound.try(func(trial bindings) bool {
		m := &matcher{bound: trial}
		if miss = m.stanza(pattern, e); miss != nil {
			miss.hits = m.hits
		}
		return miss == nil
	})
	return miss
}

func (m *matcher) stanza(pattern, e *element) *mismatch {
	typ := xml.Name{Local: "type"}
	if got := e.attr(typ); pattern.attr(typ) == "" && got != "" && pattern.name == e.name {
		return &mismatch{path: e.name.Local, why: fmt.Sprintf("has type='%s', the pattern none", got)}
	}
	return m.element(pattern, e, e.name.Local, true)
}

// element compares; anyOrder is what holds for the children if the pattern does
// not say it.
func (m *matcher) element(pattern, e *element, path string, anyOrder bool) *mismatch {
	if pattern.name != e.name {
		return &mismatch{path: path, why: fmt.Sprintf("is <%s xmlns='%s'>, not <%s xmlns='%s'>",
			e.name.Local, e.name.Space, pattern.name.Local, pattern.name.Space)}
	}
	m.hits++
	for _, want := range pattern.attrs {
		if want.Name.Space == nsPlay {
			continue
		}
		got := e.attr(want.Name)
		if !m.bound.match(want.Value, got) {
			return &mismatch{path: path, why: fmt.Sprintf("attribute %s is '%s', not '%s'", want.Name.Local, got, m.known(want.Value))}
		}
		m.hits++
	}
	rules := strings.Fields(pattern.attr(xml.Name{Space: nsPlay, Local: "children"}))
	exact := slices.Contains(rules, "exact")
	anyOrder = anyOrder || slices.Contains(rules, "any-order")
	if (pattern.text != "" || exact) && !m.bound.match(pattern.text, e.text) {
		return &mismatch{path: path, why: fmt.Sprintf("text is %q, not %q", e.text, m.known(pattern.text))}
	}
	return m.childrenOf(pattern, e, path, exact, anyOrder)
}

// known is the pattern with what is captured already filled in.
func (m *matcher) known(pattern string) string {
	for name, value := range m.bound {
		pattern = strings.ReplaceAll(pattern, "{"+name+"}", value)
	}
	return pattern
}

func (m *matcher) childrenOf(pattern, e *element, path string, exact, anyOrder bool) *mismatch {
	free := make([]bool, len(e.children)) // not yet matched
	for i := range free {
		free[i] = true
	}
	from := 0
	for _, want := range pattern.children {
		absent := want.attr(xml.Name{Space: nsPlay, Local: "absent"}) != ""
		if anyOrder || absent {
			from = 0
		}
		at, closest := m.find(want, e.children, free, from, path)
		switch {
		case absent && at >= 0:
			return &mismatch{path: path, why: "has a <" + want.name.Local + "> that must be absent"}
		case absent:
		case at < 0 && closest != nil:
			return closest
		case at < 0:
			return &mismatch{path: path, why: fmt.Sprintf("has no <%s xmlns='%s'>%s",
				want.name.Local, want.name.Space, behind(from))}
		default:
			free[at] = false
			if !anyOrder {
				from = at + 1
			}
		}
	}
	if i := slices.Index(free, true); exact && i >= 0 {
		return &mismatch{path: path, why: "has a <" + e.children[i].name.Local + "> beside what is exact"}
	}
	return nil
}

func behind(from int) string {
	if from == 0 {
		return ""
	}
	return " behind those that match"
}

// find returns the first free child that matches, or -1 and the closest
// mismatch of a child of the same name.
func (m *matcher) find(want *element, children []*element, free []bool, from int, path string) (int, *mismatch) {
	var closest *mismatch
	start, best := m.hits, m.hits
	for i := from; i < len(children); i++ {
		if !free[i] || children[i].name != want.name {
			continue
		}
		m.hits = start
		var miss *mismatch
		if m.bound.try(func(trial bindings) bool {
			inner := &matcher{bound: trial, hits: start}
			miss = inner.element(want, children[i], path+"/"+want.name.Local, false)
			m.hits = inner.hits
			return miss == nil
		}) {
			return i, nil
		}
		if closest == nil || m.hits > best {
			closest, best = miss, m.hits
		}
	}
	m.hits = best
	return -1, closest
}
