package frame

import "bytes"

// Stanza is the outer start tag of a frame and what it encloses. All fields
// are raw and alias the frame; an absent attribute is nil.
type Stanza struct {
	Name         []byte // with its prefix, if any: "iq", "stream:error"
	To, From, ID []byte
	Type, Lang   []byte // Lang is xml:lang
	Inner        []byte // between the tags; nil if there is nothing
	Raw          []byte // the whole frame
}

// Parse reads the outer start tag of a frame, or of a lone start tag as
// RefusedError has it, into s. Attributes with a prefix other than xml are
// somebody else's and ignored. False: there is no complete start tag.
func Parse(frame []byte, s *Stanza) bool {
	*s = Stanza{Raw: frame}
	if len(frame) < 3 || frame[0] != '<' {
		return false
	}
	i := 1 + nameLen(frame[1:])
	s.Name = frame[1:i]
	for {
		name, value, n := attribute(frame[i:])
		if n < 0 {
			return false
		}
		i += n
		if name == nil {
			break
		}
		s.set(name, value)
	}
	if i+1 < len(frame) && frame[i] == '/' && frame[i+1] == '>' {
		return true
	}
	if i >= len(frame) || frame[i] != '>' {
		return false
	}
	if e := bytes.LastIndexByte(frame, '<'); e > i+1 {
		s.Inner = frame[i+1 : e]
	}
	return len(s.Name) > 0
}

func (s *Stanza) set(name, value []byte) {
	switch string(name) {
	case "to":
		s.To = value
	case "from":
		s.From = value
	case "id":
		s.ID = value
	case "type":
		s.Type = value
	case "xml:lang":
		s.Lang = value
	}
}

func space(c byte) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' }

// nameLen returns the length of the name b begins with.
func nameLen(b []byte) int {
	for i, c := range b {
		switch c {
		case ' ', '\t', '\n', '\r', '>', '/', '=':
			return i
		}
	}
	return len(b)
}

// attribute reads one attribute and the space before it. It returns the bytes
// read; a nil name before '>', '/' or the end of b; -1 if b makes no sense.
func attribute(b []byte) (name, value []byte, n int) {
	i := 0
	for i < len(b) && space(b[i]) {
		i++
	}
	if i == len(b) || b[i] == '>' || b[i] == '/' {
		return nil, nil, i
	}
	l := nameLen(b[i:])
	name = b[i : i+l]
	i += l
	for i < len(b) && space(b[i]) {
		i++
	}
	if l == 0 || i == len(b) || b[i] != '=' {
		return nil, nil, -1
	}
	i++
	for i < len(b) && space(b[i]) {
		i++
	}
	if i == len(b) || b[i] != '"' && b[i] != '\'' {
		return nil, nil, -1
	}
	j := bytes.IndexByte(b[i+1:], b[i])
	if j < 0 {
		return nil, nil, -1
	}
	return name, b[i+1 : i+1+j], i + j + 2
}
