package command

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// line is what somebody wrote in a chat.
type line struct {
	verb  string   // the first word, folded
	words []string // the others of the first line, quotes taken off
	more  string   // the lines below it
	rest  string   // all that stands behind the verb, as it was written
}

// Bounds of a line.
const (
	maxBody  = 8192 // bytes of a message's text
	maxWords = 200
)

// readLine takes a message's text apart.
func readLine(body string) *line {
	body = strings.TrimSpace(body)
	first, more, _ := strings.Cut(body, "\n")
	l := &line{more: strings.TrimSpace(more)}
	all := split(first)
	if len(all) == 0 {
		return l
	}
	verb := strings.TrimLeft(all[0], "/!.")
	if verb == "" {
		verb = all[0]
	}
	l.verb = fold(verb)
	if bare := strings.TrimRight(l.verb, "?!.,:;"); bare != "" {
		l.verb = bare
	}
	l.words = all[1:]
	if i := strings.IndexFunc(body, unicode.IsSpace); i > 0 {
		l.rest = strings.TrimSpace(body[i:])
	}
	return l
}

// quotes open and close what is one word: those of a keyboard and those that
// phones make of them.
const (
	quotes = "\"“„”«»"
	apart  = ",;"
)

// split cuts a line into words. Commas count as space; an apostrophe is a
// letter.
func split(s string) (all []string) {
	var b strings.Builder
	quoted, begun := false, false
	end := func() {
		if begun && len(all) < maxWords {
			all = append(all, b.String())
		}
		b.Reset()
		begun = false
	}
	for _, r := range s {
		switch {
		case strings.ContainsRune(quotes, r):
			quoted = !quoted
			begun = begun || quoted
		case !quoted && (unicode.IsSpace(r) || strings.ContainsRune(apart, r)):
			end()
		default:
			b.WriteRune(r)
			begun = true
		}
	}
	end()
	return all
}

// fold is s for comparison: without case, accents and the German sharp s.
func fold(s string) string {
	t := transform.Chain(cases.Fold(), norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC)
	out, _, err := transform.String(t, s)
	if err != nil {
		return strings.ToLower(s)
	}
	return out
}
