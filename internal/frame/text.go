package frame

import (
	"bytes"
	"unicode/utf8"
)

// AppendText appends s as character data. What XML 1.0 §2.2 does not allow, and
// what is not UTF-8, becomes U+FFFD: one such byte would end our stream.
func AppendText(b []byte, s string) []byte { return escape(b, s, false) }

// AppendAttr appends s as an attribute value that may stand between quotes of
// either kind; as AppendText, and white space other than ' ' survives.
func AppendAttr(b []byte, s string) []byte { return escape(b, s, true) }

func escape(b []byte, s string, attr bool) []byte {
	done := 0 // s[:done] is in b
	for i := 0; i < len(s); {
		c := s[i]
		size := 1
		var with string
		switch {
		case c == '&':
			with = "&amp;"
		case c == '<':
			with = "&lt;"
		case c == '>':
			with = "&gt;"
		case c == '\r':
			with = "&#xD;"
		case attr && c == '"':
			with = "&quot;"
		case attr && c == '\'':
			with = "&apos;"
		case attr && c == '\t':
			with = "&#x9;"
		case attr && c == '\n':
			with = "&#xA;"
		case c >= ' ' && c < utf8.RuneSelf, c == '\t', c == '\n':
			i++
			continue
		default:
			var r rune
			r, size = utf8.DecodeRuneInString(s[i:])
			if char(r) && (r != utf8.RuneError || size > 1) {
				i += size
				continue
			}
			with = "\uFFFD"
		}
		b = append(b, s[done:i]...)
		b = append(b, with...)
		i += size
		done = i
	}
	return append(b, s[done:]...)
}

// char is XML 1.0 §2.2, production 2.
func char(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r == '\t' || r == '\n' || r == '\r' ||
		r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// AppendRaw appends a raw attribute value, as Stanza and Scanner return it, so
// that it may stand between quotes of either kind.
func AppendRaw(b, raw []byte) []byte {
	for {
		i := bytes.IndexAny(raw, `'"`)
		if i < 0 {
			return append(b, raw...)
		}
		b = append(b, raw[:i]...)
		if raw[i] == '"' {
			b = append(b, "&quot;"...)
		} else {
			b = append(b, "&apos;"...)
		}
		raw = raw[i+1:]
	}
}

const maxRef = 16 // bytes of the longest reference looked at, "&#x0010FFFF;" is 12

// Unescape appends raw text to dst with the five entities and the numeric
// references expanded. Others stay as they are; references to what is no XML
// Char become U+FFFD. What it appends is never longer than raw.
func Unescape(dst, raw []byte) []byte {
	for {
		i := bytes.IndexByte(raw, '&')
		if i < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:i]...)
		raw = raw[i:]
		end := bytes.IndexByte(raw[:min(len(raw), maxRef)], ';')
		r, ok := rune(0), false
		if end > 0 {
			r, ok = reference(raw[1:end])
		}
		if !ok {
			dst = append(dst, '&')
			raw = raw[1:]
			continue
		}
		dst = utf8.AppendRune(dst, r)
		raw = raw[end+1:]
	}
}

// reference resolves what stands between '&' and ';'.
func reference(name []byte) (rune, bool) {
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, digits := rune(10), name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	if len(digits) == 0 {
		return 0, false
	}
	r := rune(0)
	for _, c := range digits {
		d := digit(c)
		if d < 0 || d >= base {
			return 0, false
		}
		r = min(r*base+d, 0x110000) // no overflow, still no Char
	}
	if !char(r) {
		r = utf8.RuneError
	}
	return r, true
}

func digit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
