package main

import (
	"bytes"
	"strconv"
)

// mark is the byte a marker begins and ends with. Nothing else in the stanzas
// of a run has it.
const mark = '~'

// appendMarker appends the text that tells one state from all others.
func appendMarker(b []byte, member int, seq uint32) []byte {
	b = strconv.AppendUint(append(b, mark), uint64(member), 10)
	b = strconv.AppendUint(append(b, '.'), uint64(seq), 10)
	return append(b, mark)
}

// nextMarker finds the first marker of b and returns what stands behind it;
// ok is false if there is none.
func nextMarker(b []byte) (member int, seq uint32, rest []byte, ok bool) {
	for {
		i := bytes.IndexByte(b, mark)
		if i < 0 {
			return 0, 0, nil, false
		}
		b = b[i+1:]
		m, n := digits(b)
		if n == 0 || n == len(b) || b[n] != '.' {
			continue
		}
		s, k := digits(b[n+1:])
		if end := n + 1 + k; k > 0 && end < len(b) && b[end] == mark {
			return m, uint32(s), b[end+1:], true
		}
	}
}

// digits reads a number at the start of b, and how many digits it has.
func digits(b []byte) (value, n int) {
	for n < len(b) && n < 9 && b[n] >= '0' && b[n] <= '9' {
		value = value*10 + int(b[n]-'0')
		n++
	}
	return value, n
}

// state appends what a member says of himself: the show and the status, as
// they stand in a presence.
func state(b []byte, member int, seq uint32) []byte {
	b = append(b, "<show>"...)
	b = append(b, [...]string{"away", "dnd", "chat", "xa"}[seq%4]...)
	b = append(b, "</show><status>In a meeting, back at three "...)
	return append(appendMarker(b, member, seq), "</status>"...)
}
