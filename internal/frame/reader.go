package frame

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// Errors of [Reader.Next]. After ErrRestricted, ErrStreamEnd and errors of the
// underlying reader nothing more can be read.
var (
	// ErrStreamEnd: the peer closed its stream (</stream:stream>, RFC 6120 §4.4).
	ErrStreamEnd = errors.New("frame: end of stream")
	// ErrRestricted: a comment, processing instruction or DTD (RFC 6120 §11.1).
	ErrRestricted = errors.New("frame: comment, processing instruction or DTD in stream")
	// ErrTooBig: the reason of a RefusedError, more bytes than allowed.
	ErrTooBig = errors.New("frame: stanza too big")
	// ErrTooDeep: the reason of a RefusedError, more nesting than allowed.
	ErrTooDeep = errors.New("frame: stanza too deep")
)

// RefusedError reports a frame that was skipped because of its size or depth.
// The stream goes on behind it.
type RefusedError struct {
	// Head is the frame's outer start tag, fit for Parse; nil if that tag
	// alone is over 8 KiB or over the size limit. It is a copy.
	Head []byte
	// Reason is ErrTooBig or ErrTooDeep.
	Reason error
}

func (e *RefusedError) Error() string { return fmt.Sprintf("refuse frame: %v", e.Reason) }

// Unwrap returns the reason.
func (e *RefusedError) Unwrap() error { return e.Reason }

const (
	baseSize = 64 << 10 // the buffer between giant frames
	minFree  = 4 << 10  // room worth a read
	maxHead  = 8 << 10
	maxIdle  = 100 // empty reads in a row, as bufio has it
)

type state uint8

const (
	inText state = iota
	inOpen       // behind '<'
	inStart
	inQuote
	inEnd
	inBang // in the middle of <![CDATA[
	inCDATA
)

const cdataOpen = "[CDATA[" // what may follow "<!"

// Reader cuts a stream, after its header, into top-level elements. It is not
// safe for concurrent use.
type Reader struct {
	r                 io.Reader
	maxSize, maxDepth int

	buf             []byte
	start, pos, end int // frame, next byte to scan, end of the bytes read

	// State between fills, so that no byte is looked at twice.
	state state
	quote byte // the quote that ends inQuote
	slash bool // inStart: the last byte was '/'
	match int  // inBang: bytes of cdataOpen seen; inCDATA: ']' seen last, at most 2
	depth int
	head  int // length of the outer start tag, 0 before its end

	skip *RefusedError // not nil: this frame is being skipped
	err  error         // sticky
}

// NewReader returns a Reader of frames of at most maxSize bytes and maxDepth
// nested elements, the outer one included.
func NewReader(r io.Reader, maxSize, maxDepth int) *Reader {
	return &Reader{r: r, maxSize: maxSize, maxDepth: maxDepth, buf: make([]byte, baseSize)}
}

// Next returns the next top-level element, valid until the next call. What
// stands between elements (white space keepalives) is dropped. A frame over
// the limits gives a *RefusedError once its end was seen; call Next again for
// the one behind it. All other errors are final: io.EOF between frames,
// io.ErrUnexpectedEOF inside one.
func (f *Reader) Next() ([]byte, error) {
	if f.err != nil {
		return nil, f.err
	}
	f.release()
	for {
		done, err := f.scan()
		if err == nil && !done {
			err = f.fill()
		}
		if err != nil {
			f.err = err
			return nil, err
		}
		if !done {
			continue
		}
		if f.skip == nil && f.pos-f.start > f.maxSize {
			f.refuse(ErrTooBig)
		}
		if f.skip != nil {
			err, f.skip = f.skip, nil
			return nil, err
		}
		return f.buf[f.start:f.pos], nil
	}
}

// release gives up the last frame, and the room a giant one took.
func (f *Reader) release() {
	f.start, f.head = f.pos, 0
	rest := f.end - f.pos
	if len(f.buf) > baseSize && rest <= baseSize/2 {
		small := make([]byte, baseSize)
		copy(small, f.buf[f.pos:f.end])
		f.buf = small
		f.start, f.pos, f.end = 0, 0, rest
	}
}

// refuse turns to skipping: from here on the frame's bytes are dropped.
func (f *Reader) refuse(reason error) {
	if f.pos-f.start > f.maxSize {
		reason = ErrTooBig // the same word however the bytes were chunked
	}
	f.skip = &RefusedError{Reason: reason}
	if f.head > 0 && f.head <= maxHead && f.head <= f.maxSize {
		f.skip.Head = bytes.Clone(f.buf[f.start : f.start+f.head])
	}
}

// fill reads more; all bytes it has were scanned.
func (f *Reader) fill() error {
	switch {
	case f.skip != nil || f.depth == 0 && f.state == inText:
		f.start, f.pos, f.end = 0, 0, 0
	case f.end-f.start >= f.maxSize:
		f.refuse(ErrTooBig)
		f.start, f.pos, f.end = 0, 0, 0
	case f.start > 0 && len(f.buf)-f.end < minFree:
		copy(f.buf, f.buf[f.start:f.end])
		f.pos -= f.start
		f.end -= f.start
		f.start = 0
	}
	if f.end == len(f.buf) {
		bigger := make([]byte, 2*len(f.buf))
		copy(bigger, f.buf)
		f.buf = bigger
	}
	for range maxIdle {
		n, err := f.r.Read(f.buf[f.end:])
		f.end += n
		if n > 0 {
			return nil // an error beside bytes comes again
		}
		if err == io.EOF && (f.depth > 0 || f.state != inText) {
			return io.ErrUnexpectedEOF
		}
		if err != nil {
			return err
		}
	}
	return io.ErrNoProgress
}

// scan goes on until the end of the frame (true) or of the bytes (false).
func (f *Reader) scan() (bool, error) {
	for f.pos < f.end {
		b := f.buf[f.pos:f.end]
		switch f.state {
		case inText:
			f.text(b)
		case inOpen:
			if err := f.open(b[0]); err != nil {
				return false, err
			}
		case inStart:
			if f.startTag(b) && f.closeStart() {
				return true, nil
			}
		case inQuote:
			if f.upTo(b, f.quote) {
				f.state = inStart
			}
		case inEnd:
			if !f.upTo(b, '>') {
				continue
			}
			f.state = inText
			if f.depth == 0 {
				return false, ErrStreamEnd
			}
			if f.depth--; f.depth == 0 {
				return true, nil
			}
		case inBang:
			if err := f.bang(b[0]); err != nil {
				return false, err
			}
		case inCDATA:
			f.cdata(b)
		}
	}
	return false, nil
}

// upTo moves behind the next c and reports whether there was one.
func (f *Reader) upTo(b []byte, c byte) bool {
	i := bytes.IndexByte(b, c)
	if i < 0 {
		f.pos = f.end
		return false
	}
	f.pos += i + 1
	return true
}

func (f *Reader) text(b []byte) {
	if !f.upTo(b, '<') {
		return
	}
	f.state = inOpen
	if f.depth == 0 {
		f.start = f.pos - 1
	}
}

func (f *Reader) open(c byte) error {
	switch c {
	case '?':
		return ErrRestricted
	case '!':
		if f.depth == 0 {
			return ErrRestricted // CDATA has no place between stanzas either
		}
		f.state, f.match = inBang, 0
		f.pos++
	case '/':
		f.state = inEnd
		f.pos++
	default:
		f.state, f.slash = inStart, false
	}
	return nil
}

// startTag moves behind the '>' of a start tag and reports whether it is there.
func (f *Reader) startTag(b []byte) bool {
	for i := 0; i < len(b); i++ {
		c := b[i]
		if c > '>' { // most of a tag
			continue
		}
		if c == '>' {
			if i > 0 {
				f.slash = b[i-1] == '/'
			}
			f.pos += i + 1
			return true
		}
		if c != '"' && c != '\'' {
			continue
		}
		j := bytes.IndexByte(b[i+1:], c)
		if j < 0 {
			f.pos, f.state, f.quote, f.slash = f.end, inQuote, c, false
			return false
		}
		i += j + 1
	}
	f.pos, f.slash = f.end, b[len(b)-1] == '/'
	return false
}

// closeStart accounts for a complete start tag and reports the frame's end.
func (f *Reader) closeStart() bool {
	f.state = inText
	if f.depth == 0 {
		f.head = f.pos - f.start
	}
	if f.depth >= f.maxDepth && f.skip == nil {
		f.refuse(ErrTooDeep)
	}
	if !f.slash {
		f.depth++
	}
	return f.depth == 0
}

func (f *Reader) bang(c byte) error {
	if c != cdataOpen[f.match] {
		return ErrRestricted
	}
	f.pos++
	if f.match++; f.match == len(cdataOpen) {
		f.state, f.match = inCDATA, 0
	}
	return nil
}

// cdata looks for "]]>", which may lie across any number of reads.
func (f *Reader) cdata(b []byte) {
	i := bytes.IndexByte(b, '>')
	if i < 0 {
		f.match = brackets(f.match, b)
		f.pos = f.end
		return
	}
	if brackets(f.match, b[:i]) == 2 {
		f.state = inText
	}
	f.match = 0
	f.pos += i + 1
}

// brackets counts the ']' at the end of b, up to two, seen of which stood
// right before b.
func brackets(seen int, b []byte) int {
	n := 0
	for n < 2 && n < len(b) && b[len(b)-1-n] == ']' {
		n++
	}
	if n == len(b) {
		n += seen
	}
	return min(n, 2)
}
