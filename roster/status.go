package roster

import (
	"iter"
	"strings"
)

// A status may come in several languages (RFC 6121 §4.7.2.2). It is one string
// all the same: the text, as nearly always, if there is one that names no
// language; else each text behind its language, between two characters that no
// text can have.
const (
	statusLang = '\x00'
	statusText = '\x01'
)

// Bounds of a status, in bytes; what is more is cut, or left out.
const (
	MaxStatus    = 1024 // one text
	MaxStatuses  = 2048 // of several languages, all together
	MaxLanguages = 4
)

// AppendStatus appends one text of a status that has several, or names a
// language: first the one without, then the others by language.
func AppendStatus(b []byte, lang string, text []byte) []byte {
	b = append(append(append(b, statusLang), lang...), statusText)
	return append(b, text...)
}

// texts are those of a status, with their languages, "" for none.
func texts(status string) iter.Seq2[string, string] {
	return func(yield func(lang, text string) bool) {
		if status == "" || status[0] != statusLang {
			if status != "" {
				yield("", status)
			}
			return
		}
		for part := range strings.SplitSeq(status[1:], string(rune(statusLang))) {
			if lang, text, ok := strings.Cut(part, string(rune(statusText))); ok && !yield(lang, text) {
				return
			}
		}
	}
}

// plainStatus is the text for who asks for no language: the first.
func plainStatus(status string) string {
	for _, text := range texts(status) {
		return text
	}
	return ""
}

// Texts are those of the status, with their languages, "" for none. An ordinary
// status has one, without.
func (it *Item) Texts() iter.Seq2[string, string] {
	if it.Languages != "" {
		return texts(it.Languages)
	}
	return texts(it.Status)
}

// StatusIn is the status for a reader of that language (BCP 47): the text in it,
// or in another of the same kind, else the one that names none or the first.
func (it *Item) StatusIn(lang string) string {
	near, best := it.Status, 0
	for l, text := range it.Texts() {
		n := 0
		switch {
		case lang == "" || l == "":
		case strings.EqualFold(l, lang):
			n = 2
		case strings.EqualFold(primary(l), primary(lang)):
			n = 1
		}
		if n > best {
			near, best = text, n
		}
	}
	return near
}

func primary(lang string) string {
	p, _, _ := strings.Cut(lang, "-")
	return p
}
