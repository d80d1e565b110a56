package component

import (
	"bytes"
	"slices"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// said are the texts of one presence stanza's status, each in a language of its
// own (RFC 6121 §4.7.2.2). It is used again from stanza to stanza.
type said struct {
	n     int
	texts [roster.MaxLanguages]struct{ lang, text []byte }
}

// maxLang bounds the name of a language, in bytes (BCP 47 §4.4.1).
const maxLang = 35

// add takes one text. The first of a language is the one that counts; what
// names none is in the language of the stanza, whatever that is.
func (s *said) add(lang, text []byte) {
	if !isLang(lang) || bytes.IndexByte(text, 0) >= 0 || slices.ContainsFunc(s.texts[:s.n], func(t struct{ lang, text []byte }) bool { return bytes.EqualFold(t.lang, lang) }) {
		return
	}
	if s.n < len(s.texts) {
		s.texts[s.n].lang, s.texts[s.n].text = lang, text
		s.n++
	}
}

// isLang says whether it looks like a language tag (BCP 47 §2.1), or is none.
func isLang(lang []byte) bool {
	for _, c := range lang {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return len(lang) <= maxLang
}

// whole is the status as the group takes it in. What is built for it is appended
// to room.
func (s *said) whole(room *[]byte) []byte {
	switch {
	case s.n == 0:
		return nil
	case s.n == 1 && len(s.texts[0].lang) == 0:
		return s.texts[0].text
	}
	all := s.texts[:s.n]
	slices.SortFunc(all, func(a, b struct{ lang, text []byte }) int {
		return bytes.Compare(bytes.ToLower(a.lang), bytes.ToLower(b.lang))
	})
	from := len(*room)
	for _, t := range all {
		text := t.text[:min(len(t.text), roster.MaxStatus)]
		if len(text) < len(t.text) {
			text = bytes.ToValidUTF8(text, nil) // it was cut within a character
		}
		if b := roster.AppendStatus(*room, string(t.lang), text); len(text) > 0 && len(b)-from <= roster.MaxStatuses {
			*room = b
		}
	}
	if len(*room) == from {
		return nil
	}
	return (*room)[from:]
}
