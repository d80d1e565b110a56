package config

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// parse reads text into c. It stops at the first thing that is wrong.
func (c *Config) parse(text string) error {
	var values map[string]any
	meta, err := toml.Decode(text, &values)
	if err != nil {
		return c.syntaxError(err)
	}
	known, read := byName(), map[string]bool{}
	for _, key := range meta.Keys() {
		name := strings.Join(key, ".")
		if section, _ := cutFirst(name); repeats(known, section) {
			if err := c.repeated(known, section, text, values, read); err != nil {
				return err
			}
			continue
		}
		if row, ok := known[name]; ok {
			err = row.set(c, lookup(values, key))
		} else if !isSection(known, name) {
			err = unknown(known, name)
		} else if meta.Type(key...) != "Hash" {
			err = fmt.Errorf("is a section: write [%s], and what belongs to it below", name)
		}
		if err != nil {
			return &Error{File: c.Path, Line: line(text, key), Key: name, Problem: err.Error()}
		}
	}
	return nil
}

func (c *Config) syntaxError(err error) error {
	var pe toml.ParseError
	if !errors.As(err, &pe) {
		return &Error{File: c.Path, Problem: err.Error()}
	}
	// Not the library's excerpt: the line may hold the secret.
	return &Error{File: c.Path, Line: pe.Position.Line, Key: pe.LastKey, Problem: "is not TOML: " + pe.Message}
}

// repeated reads the sections of one name, once.
func (c *Config) repeated(known map[string]Key, section, text string, values map[string]any, read map[string]bool) error {
	if read[section] {
		return nil
	}
	read[section] = true
	if i, name, err := c.elements(known, section, values[section]); err != nil {
		_, word := cutLast(name)
		return &Error{File: c.Path, Line: lineIn(text, section, i, word), Key: name, Problem: err.Error()}
	}
	return nil
}

func repeats(known map[string]Key, section string) bool {
	for _, k := range known {
		if k.Section() == section && k.Repeats() {
			return true
		}
	}
	return false
}

// byName is the table by the keys' names.
func byName() map[string]Key {
	known := make(map[string]Key)
	for _, k := range Keys() {
		known[k.Name] = k
	}
	return known
}

func isSection(known map[string]Key, name string) bool {
	for key := range known {
		if strings.HasPrefix(key, name+".") {
			return true
		}
	}
	return false
}

// unknown names the key that may have been meant: the same word in another
// section, or one that differs by a letter or two.
func unknown(known map[string]Key, name string) error {
	best, least := "", 3
	_, word := cutLast(name)
	for _, key := range slices.Sorted(maps.Keys(known)) {
		d := distance(name, key)
		if _, w := cutLast(key); w == word {
			d = min(d, 1)
		}
		if d < least {
			best, least = key, d
		}
	}
	if best == "" {
		return errors.New("there is no such key: remove it")
	}
	section, word := cutLast(best)
	if section == "" {
		return fmt.Errorf("there is no such key: did you mean %s, at the top of the file?", word)
	}
	return fmt.Errorf("there is no such key: did you mean %s, below [%s]?", word, section)
}

func cutFirst(key string) (section, word string) {
	section, word, _ = strings.Cut(key, ".")
	return section, word
}

func cutLast(key string) (section, word string) {
	i := strings.LastIndexByte(key, '.')
	return key[:max(i, 0)], key[i+1:]
}

// distance is how many letters have to be put in, left out or replaced to
// make a of b (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			next := diagonal
			if a[i] != b[j] {
				next = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], next
		}
	}
	return row[len(b)]
}

// lookup returns the value at key, nil if the way there is no table.
func lookup(values map[string]any, key toml.Key) any {
	for _, part := range key[:len(key)-1] {
		values, _ = values[part].(map[string]any)
	}
	return values[key[len(key)-1]]
}

// stop is a value that cannot be decoded.
type stop struct{}

func (*stop) UnmarshalTOML(any) error { return errors.New("here") }

// line finds the line of a key. The library tells positions only with errors,
// so it is given a value that cannot be decoded. 0 = unknown.
func line(text string, key toml.Key) int {
	var table map[string]toml.Primitive
	meta, err := toml.Decode(text, &table)
	if err != nil {
		return 0
	}
	for _, part := range key[:len(key)-1] {
		var next map[string]toml.Primitive
		if err := meta.PrimitiveDecode(table[part], &next); err != nil {
			return 0
		}
		table = next
	}
	var pe toml.ParseError
	errors.As(meta.PrimitiveDecode(table[key[len(key)-1]], &stop{}), &pe)
	return pe.Position.Line
}

// lineIn is line for a word of the i'th section of an array.
func lineIn(text, section string, i int, word string) int {
	var file map[string]toml.Primitive
	meta, err := toml.Decode(text, &file)
	if err != nil {
		return 0
	}
	var list []map[string]toml.Primitive
	if err := meta.PrimitiveDecode(file[section], &list); err != nil || i < 0 || i >= len(list) {
		return line(text, toml.Key{section})
	}
	var pe toml.ParseError
	errors.As(meta.PrimitiveDecode(list[i][word], &stop{}), &pe)
	return pe.Position.Line
}
