package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// sentence is one kind of line in the text form of a policy: a word, and what
// follows it.
type sentence struct {
	word  string
	once  bool                    // a second line contradicts the first
	read  func(rest string) error // rest has no space around it
	write func() []string         // what follows the word, for each line; none = not written
}

// readSentences reads a text by the line. It returns a [LineError] for the
// first line that makes no sense, and the words that were there.
func readSentences(text string, all []sentence) (seen map[string]bool, err error) {
	seen = make(map[string]bool)
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := readSentence(line, all, seen); err != nil {
			return nil, &LineError{n, err.Error()}
		}
	}
	return seen, nil
}

func readSentence(line string, all []sentence, seen map[string]bool) error {
	word, rest := line, ""
	if i := strings.IndexFunc(line, unicode.IsSpace); i >= 0 {
		word, rest = line[:i], strings.TrimSpace(line[i:])
	}
	i := slices.IndexFunc(all, func(s sentence) bool { return s.word == word })
	if i < 0 {
		words := make([]string, len(all))
		for i := range all {
			words[i] = all[i].word
		}
		return fmt.Errorf("%q: a line begins with one of %s", word, strings.Join(words, ", "))
	}
	if all[i].once && seen[word] {
		return fmt.Errorf("%s is said twice", word)
	}
	seen[word] = true
	return all[i].read(rest)
}

func writeSentences(all []sentence) string {
	var b strings.Builder
	for _, s := range all {
		for _, rest := range s.write() {
			b.WriteString(s.word)
			if rest != "" {
				b.WriteString(" " + rest)
			}
			b.WriteByte('\n')
		}
	}
	return b.String()
}

// flag is a sentence of one word that sets what it stands for.
func flag(word string, set *bool) sentence {
	return sentence{word: word,
		read: func(rest string) error {
			if rest != "" {
				return fmt.Errorf("%s stands alone on its line", word)
			}
			*set = true
			return nil
		},
		write: func() []string {
			if !*set {
				return nil
			}
			return []string{""}
		}}
}

// readAttributes reads a list such as "all except location, addresses",
// floor applied.
func readAttributes(list string) (Mask, error) {
	var named, except Mask
	into := &named
	for _, w := range strings.Fields(list) {
		if w == "except" {
			into = &except
			continue
		}
		m, err := ParseMask(strings.TrimSuffix(w, ","))
		if err != nil {
			return 0, err
		}
		*into |= m
	}
	m := named &^ except
	switch {
	case m == 0:
		return 0, errors.New("no attribute is named")
	case except.Has(Availability) && m != Counted:
		return 0, errors.New("without availability there is nothing but counted")
	}
	return floored(m), nil
}

// writeAttributes is the list without what goes without saying: availability
// includes counted.
func writeAttributes(m Mask) string {
	if m.Has(Availability) {
		m &^= Counted
	}
	return m.String()
}

// floored adds what the named attributes cannot do without: to name any that
// stands on the floor is to name the floor.
func floored(m Mask) Mask {
	if m&^Counted != 0 {
		m |= Availability
	}
	return m.Closed()
}

// isWord says whether s can stand in a list of words.
func isWord(s string) bool {
	return s != "" && utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsSpace)
}
