package command

import (
	"slices"
	"sync"

	lang "golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/message/catalog"
)

// language is one that the service speaks.
type language struct {
	tag     string // for xml:lang
	printer *message.Printer
	reasons func() []reason // nil = as they are
}

// say is a text in the language: an English format, and what stands in it.
func (l language) say(format string, args ...any) string {
	return l.printer.Sprintf(message.Key(format, format), args...)
}

type languages struct {
	match lang.Matcher
	all   []language // as match knows them
}

// newLanguages makes the catalog. English is first: it is what everybody gets
// who asked for none of ours.
func newLanguages() *languages {
	b := catalog.NewBuilder(catalog.Fallback(lang.English))
	for _, t := range slices.Concat(germanTexts[:], germanPlaces, germanDevices) {
		// A text that cannot be set stays English; a test says which.
		_ = b.SetString(lang.German, t[0], t[1])
	}
	l := &languages{}
	tags := []lang.Tag{lang.English, lang.German}
	l.match = lang.NewMatcher(tags)
	for _, t := range tags {
		l.all = append(l.all, language{tag: t.String(), printer: message.NewPrinter(t, message.Catalog(b))})
	}
	l.all[1].reasons = sync.OnceValue(func() []reason { return newReasons(germanReasons) }) // seldom needed
	return l
}

// maxLang bounds a language tag, in bytes (RFC 5646 §4.4.1).
const maxLang = 35

// pick chooses the language for an xml:lang as it came.
func (l *languages) pick(xmlLang string) language {
	if xmlLang == "" || len(xmlLang) > maxLang {
		return l.all[0]
	}
	t, err := lang.Parse(xmlLang)
	if err != nil {
		return l.all[0]
	}
	_, i, confidence := l.match.Match(t)
	if confidence == lang.No {
		return l.all[0]
	}
	return l.all[i]
}
