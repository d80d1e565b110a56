package frame

import "bytes"

// Cut moves from a Start to its End and appends the element to dst so that it
// stands on its own: byte for byte, with the namespace declarations of its
// ancestors that it needs added to its start tag. A payload kept for others is
// cut like this and never re-encoded.
//
// False, and dst as it was: the element has no end, uses a prefix that the
// fragment does not declare (the stream header's, say), or sits among more
// declarations than a Scanner tracks.
func (s *Scanner) Cut(dst []byte) ([]byte, bool) {
	if s.Kind != Start {
		return dst, false
	}
	from, name, depth := s.from, s.Name, s.Depth
	outer := 0
	for outer < s.bound && s.bindings[outer].depth < depth {
		outer++
	}
	inherited := s.bindings // a copy: Next takes bindings back
	needed, ok := s.uses(outer)
	for ok && s.Next() && !(s.Kind == End && s.Depth == depth) {
		if s.Kind == Start {
			var more uint32
			more, ok = s.uses(outer)
			needed |= more
		}
	}
	if !ok || s.Kind != End || s.Depth != depth || !bytes.Equal(s.Name, name) {
		return dst, false
	}
	dst = append(append(dst, '<'), name...)
	for i := range outer {
		if needed&(1<<i) == 0 {
			continue
		}
		dst = append(dst, " xmlns"...)
		if p := inherited[i].prefix; len(p) > 0 {
			dst = append(append(dst, ':'), p...)
		}
		dst = append(AppendRaw(append(dst, "='"...), inherited[i].uri), '\'')
	}
	return append(dst, s.b[from+1+len(name):s.i]...), true
}

// uses returns which of the first outer bindings the current start tag refers
// to, one bit each, and whether all its prefixes are known.
func (s *Scanner) uses(outer int) (needed uint32, ok bool) {
	prefix, _ := split(s.Name)
	if ok = !s.full && s.use(prefix, outer, &needed); !ok {
		return 0, false
	}
	for a := s.attrs; ; {
		name, _, n := attribute(a)
		if n < 0 || name == nil {
			return needed, n >= 0
		}
		a = a[n:]
		if p, _ := split(name); len(p) > 0 && !s.use(p, outer, &needed) {
			return 0, false
		}
	}
}

func (s *Scanner) use(prefix []byte, outer int, needed *uint32) bool {
	if string(prefix) == "xml" || string(prefix) == "xmlns" {
		return true
	}
	for i := s.bound - 1; i >= 0; i-- {
		if bytes.Equal(s.bindings[i].prefix, prefix) {
			if i < outer {
				*needed |= 1 << i
			}
			return true
		}
	}
	return len(prefix) == 0
}
