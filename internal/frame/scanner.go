package frame

import (
	"bytes"
	"iter"
)

// Kind says what a Scanner stands on.
type Kind uint8

// The kinds of token.
const (
	Start Kind = iota + 1 // a start tag, or an empty-element tag
	End                   // an end tag, or the end of an empty element
	Text                  // character data, raw
	CDATA                 // the inside of a CDATA section, plain
)

const maxBindings = 32 // namespace declarations in scope; more stay unknown

// binding is a namespace declaration in scope.
type binding struct {
	depth       int // of the element that declares it
	prefix, uri []byte
}

// Scanner walks a complete fragment, such as Stanza.Raw or Stanza.Inner,
// without allocating. Names and values are raw. The zero Scanner is an empty
// fragment; a Scanner may be used again after Reset.
type Scanner struct {
	Kind  Kind
	Depth int    // 1 for a top element's Start and End; of Text, the depth of the element it is in
	Name  []byte // of Start and End, with the prefix
	Text  []byte // of Text and CDATA

	b        []byte
	i        int // next byte
	from     int // first byte of the current token
	open     int // elements open
	attrs    []byte
	empty    bool // the current Start is an empty-element tag, its End is next
	bad      bool
	bindings [maxBindings]binding
	bound    int
	full     bool // there were more than maxBindings
}

// Reset puts the Scanner before fragment b.
func (s *Scanner) Reset(b []byte) {
	s.Kind, s.Depth, s.Name, s.Text = 0, 0, nil, nil
	s.b, s.i, s.from, s.open, s.attrs = b, 0, 0, 0, nil
	s.empty, s.bad, s.bound, s.full = false, false, 0, false
}

// Bad reports whether the walk ended before the fragment did: it was not
// complete. Frames cut by a Reader are.
func (s *Scanner) Bad() bool { return s.bad }

// Next moves to the next token and reports whether there is one.
func (s *Scanner) Next() bool {
	if s.Kind == End { // of the element whose Start declared them
		for s.bound > 0 && s.bindings[s.bound-1].depth >= s.Depth {
			s.bound--
		}
	}
	if s.empty {
		s.empty = false
		s.Kind, s.Depth = End, s.open
		s.open--
		return true
	}
	if s.bad || s.i >= len(s.b) {
		s.bad = s.bad || s.open > 0
		return false
	}
	s.from = s.i
	rest := s.b[s.i:]
	if rest[0] != '<' {
		n := bytes.IndexByte(rest, '<')
		if n < 0 {
			n = len(rest)
		}
		s.Kind, s.Depth, s.Text = Text, s.open, rest[:n]
		s.i += n
		return true
	}
	ok := false
	switch {
	case len(rest) < 2:
	case rest[1] == '/':
		ok = s.end(rest)
	case rest[1] == '!':
		ok = s.cdata(rest)
	default:
		ok = s.start(rest)
	}
	s.bad = !ok
	return ok
}

func (s *Scanner) end(rest []byte) bool {
	n := bytes.IndexByte(rest, '>')
	if n < 0 || s.open == 0 {
		return false
	}
	s.Kind, s.Depth = End, s.open
	s.Name = rest[2 : 2+nameLen(rest[2:n])]
	s.open--
	s.i += n + 1
	return true
}

func (s *Scanner) cdata(rest []byte) bool {
	const open, shut = "<!" + cdataOpen, "]]>"
	if len(rest) < len(open) || string(rest[:len(open)]) != open {
		return false
	}
	n := bytes.Index(rest[len(open):], []byte(shut))
	if n < 0 {
		return false
	}
	s.Kind, s.Depth, s.Text = CDATA, s.open, rest[len(open):len(open)+n]
	s.i += len(open) + n + len(shut)
	return true
}

func (s *Scanner) start(rest []byte) bool {
	n := 1 + nameLen(rest[1:])
	s.Name = rest[1:n]
	i, declares := n, false
	for i < len(rest) && rest[i] != '>' {
		switch c := rest[i]; c {
		case '"', '\'':
			j := bytes.IndexByte(rest[i+1:], c)
			if j < 0 {
				return false
			}
			i += j + 2
		case 'x':
			declares = declares || bytes.HasPrefix(rest[i:], []byte("xmlns"))
			i++
		default:
			i++
		}
	}
	if i >= len(rest) {
		return false
	}
	s.empty = rest[i-1] == '/'
	s.attrs = rest[n:i]
	s.i += i + 1
	s.open++
	s.Kind, s.Depth = Start, s.open
	if declares {
		s.declare()
	}
	return true
}

// declare notes the namespace declarations of the current start tag.
func (s *Scanner) declare() {
	a := s.attrs
	for {
		name, value, n := attribute(a)
		if n < 0 || name == nil {
			return
		}
		a = a[n:]
		prefix, ok := bytes.CutPrefix(name, []byte("xmlns"))
		if !ok || len(prefix) > 0 && prefix[0] != ':' {
			continue
		}
		if s.bound == maxBindings {
			s.full = true
			return
		}
		s.bindings[s.bound] = binding{s.Depth, bytes.TrimPrefix(prefix, []byte(":")), value}
		s.bound++
	}
}

// Attr returns the raw value of an attribute of the current start tag, nil if
// there is none. The name is as written, prefix included.
func (s *Scanner) Attr(name string) []byte {
	if s.Kind != Start {
		return nil
	}
	a := s.attrs
	for {
		key, value, n := attribute(a)
		if n < 0 || key == nil {
			return nil
		}
		if string(key) == name {
			return value
		}
		a = a[n:]
	}
}

// Attrs yields the attributes of the current start tag, names as written and
// raw values.
func (s *Scanner) Attrs() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		if s.Kind != Start {
			return
		}
		for a := s.attrs; ; {
			name, value, n := attribute(a)
			if n < 0 || name == nil || !yield(name, value) {
				return
			}
			a = a[n:]
		}
	}
}

// Local returns the name of the current element without its prefix.
func (s *Scanner) Local() []byte {
	_, local := split(s.Name)
	return local
}

// NS returns the namespace of the current start tag as declared in the
// fragment, raw. nil: the fragment does not say, so for a name without prefix
// it is the one around the fragment.
func (s *Scanner) NS() []byte {
	prefix, _ := split(s.Name)
	if b := s.lookup(prefix); b != nil {
		return b.uri
	}
	return nil
}

// Is reports whether the Scanner stands on the start tag of element local in
// namespace ns. ns "" means the one around the fragment, that of the stanza.
func (s *Scanner) Is(ns, local string) bool {
	if s.Kind != Start || string(s.Local()) != local {
		return false
	}
	prefix, _ := split(s.Name)
	b := s.lookup(prefix)
	if b == nil {
		return ns == "" && len(prefix) == 0
	}
	return ns != "" && string(b.uri) == ns
}

func (s *Scanner) lookup(prefix []byte) *binding {
	for i := s.bound - 1; i >= 0; i-- {
		if bytes.Equal(s.bindings[i].prefix, prefix) {
			return &s.bindings[i]
		}
	}
	return nil
}

func split(name []byte) (prefix, local []byte) {
	if i := bytes.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:]
	}
	return nil, name
}

// Skip moves from a Start to its End and reports whether there is one.
func (s *Scanner) Skip() bool {
	if s.Kind != Start {
		return false
	}
	for depth := s.Depth; s.Next(); {
		if s.Kind == End && s.Depth == depth {
			return true
		}
	}
	return false
}

// Element moves from a Start to its End and returns the bytes of the whole
// element as they stand, nil if it has no end. What ancestors declare is not
// in it: see Cut.
func (s *Scanner) Element() []byte {
	from := s.from
	if !s.Skip() {
		return nil
	}
	return s.b[from:s.i]
}

// AppendValue moves from a Start to its End and appends the plain character
// data directly in that element (not in its children) to dst.
func (s *Scanner) AppendValue(dst []byte) []byte {
	if s.Kind != Start {
		return dst
	}
	for depth := s.Depth; s.Next(); {
		switch {
		case s.Kind == End && s.Depth == depth:
			return dst
		case s.Kind == Text && s.Depth == depth:
			dst = Unescape(dst, s.Text)
		case s.Kind == CDATA && s.Depth == depth:
			dst = append(dst, s.Text...)
		}
	}
	return dst
}
