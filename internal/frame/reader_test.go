package frame

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// cut reads all frames of a stream, refusals as "!reason head".
func cut(f *Reader) (frames []string, err error) {
	for {
		b, err := f.Next()
		var refused *RefusedError
		switch {
		case errors.As(err, &refused):
			frames = append(frames, fmt.Sprintf("!%v %s", refused.Reason, refused.Head))
		case err != nil:
			return frames, err
		default:
			frames = append(frames, string(b))
		}
	}
}

// dribble returns the next chunk's size from sizes, over and over.
type dribble struct {
	b     []byte
	sizes []byte
	turn  int
}

func (d *dribble) Read(p []byte) (int, error) {
	if len(d.b) == 0 {
		return 0, io.EOF
	}
	n := 1
	if len(d.sizes) > 0 {
		n += int(d.sizes[d.turn%len(d.sizes)])
		d.turn++
	}
	n = copy(p, d.b[:min(n, len(d.b))])
	d.b = d.b[n:]
	return n, nil
}

func TestReader(t *testing.T) {
	big := "<message to='a'><body>" + strings.Repeat("x", 2000) + "</body></message>"
	attr := "<message to='" + strings.Repeat("y", 2000) + "'/>"
	tests := []struct {
		name, in string
		want     []string
		err      error
	}{
		{"empty", "", nil, io.EOF},
		{"keepalives", " \n <a/> \t<b></b>\r\n", []string{"<a/>", "<b></b>"}, io.EOF},
		{"nested", "<a><b/><c><d/>t</c></a><e/>", []string{"<a><b/><c><d/>t</c></a>", "<e/>"}, io.EOF},
		{"quotes", `<a x='>' y="/>" z='"'><b x=">"/></a><c y='a/'></c>`,
			[]string{`<a x='>' y="/>" z='"'><b x=">"/></a>`, `<c y='a/'></c>`}, io.EOF},
		{"cdata", "<a><![CDATA[</a><!-- ]] > ]]]></a><b><![CDATA[]]></b><c><![CDATA[]>]]></c>",
			[]string{"<a><![CDATA[</a><!-- ]] > ]]]></a>", "<b><![CDATA[]]></b>", "<c><![CDATA[]>]]></c>"}, io.EOF},
		{"unquoted slash", "<a /><b/ ></b>", []string{"<a />", "<b/ ></b>"}, io.EOF},
		{"end", "<a/></stream:stream>", []string{"<a/>"}, ErrStreamEnd},
		{"comment", "<a><!-- x --></a>", nil, ErrRestricted},
		{"comment between", "<a/><!-- x --><b/>", []string{"<a/>"}, ErrRestricted},
		{"cdata between", "<a/><![CDATA[x]]><b/>", []string{"<a/>"}, ErrRestricted},
		{"pi", "<a><?php ?></a>", nil, ErrRestricted},
		{"doctype", "<!DOCTYPE a><a/>", nil, ErrRestricted},
		{"half a tag", "<a><b", nil, io.ErrUnexpectedEOF},
		{"half a frame", "<a><b/>", nil, io.ErrUnexpectedEOF},
		{"too big", "<a/>" + big + "<b/>", []string{"<a/>", "!frame: stanza too big <message to='a'>", "<b/>"}, io.EOF},
		{"too big a tag", attr + "<b/>", []string{"!frame: stanza too big ", "<b/>"}, io.EOF},
		{"too big, restricted", big[:1500] + "<!-- -->", nil, ErrRestricted},
		{"too big, cut off", big[:1500], nil, io.ErrUnexpectedEOF},
		{"deepest", strings.Repeat("<a>", 8) + strings.Repeat("</a>", 8) + "<b/>",
			[]string{strings.Repeat("<a>", 8) + strings.Repeat("</a>", 8), "<b/>"}, io.EOF},
		{"too deep", "<iq id='1'>" + strings.Repeat("<a>", 20) + strings.Repeat("</a>", 20) + "</iq><b/>",
			[]string{"!frame: stanza too deep <iq id='1'>", "<b/>"}, io.EOF},
		{"too deep, empty", strings.Repeat("<a>", 8) + "<b/>" + strings.Repeat("</a>", 8),
			[]string{"!frame: stanza too deep <a>"}, io.EOF},
		{"too deep, then too big", strings.Repeat("<a>", 20) + strings.Repeat(" ", 2000) + strings.Repeat("</a>", 20) + "<b/>",
			[]string{"!frame: stanza too deep <a>", "<b/>"}, io.EOF},
		{"too big, then too deep", "<a>" + strings.Repeat(" ", 2000) + strings.Repeat("<a>", 20) + strings.Repeat("</a>", 21) + "<b/>",
			[]string{"!frame: stanza too big <a>", "<b/>"}, io.EOF},
	}
	for _, tt := range tests {
		for size, r := range map[string]io.Reader{
			"at once":  strings.NewReader(tt.in),
			"bytes":    iotest.OneByteReader(strings.NewReader(tt.in)),
			"threes":   &dribble{b: []byte(tt.in), sizes: []byte{2}},
			"data+err": iotest.DataErrReader(strings.NewReader(tt.in)),
		} {
			t.Run(tt.name+"/"+size, func(t *testing.T) {
				got, err := cut(NewReader(r, 1000, 8))
				if err != tt.err || fmt.Sprint(got) != fmt.Sprint(tt.want) {
					t.Errorf("got  %q, %v\nwant %q, %v", got, err, tt.want, tt.err)
				}
			})
		}
	}
}

// The head is for an answer, so it is bounded apart from the frame.
func TestReaderHeadIsBounded(t *testing.T) {
	for size, want := range map[int]int{maxHead: maxHead, maxHead + 1: 0} {
		tag := "<a x='" + strings.Repeat("y", size-8) + "'>"
		in := tag + strings.Repeat("<b>", 20) + strings.Repeat("</b>", 20) + "</a>"
		_, err := NewReader(strings.NewReader(in), 1<<20, 8).Next()
		var refused *RefusedError
		if !errors.As(err, &refused) || len(refused.Head) != want {
			t.Errorf("a tag of %d bytes: %v with a head of %d", len(tag), err, len(refused.Head))
		}
	}
}

func TestReaderErrorsAreFinal(t *testing.T) {
	f := NewReader(strings.NewReader("<?xml?><a/>"), 100, 8)
	for range 3 {
		if b, err := f.Next(); err != ErrRestricted {
			t.Fatalf("Next = %q, %v", b, err)
		}
	}
	if _, err := NewReader(mute{}, 100, 8).Next(); err != io.ErrNoProgress {
		t.Errorf("mute reader: %v", err)
	}
}

type mute struct{}

func (mute) Read([]byte) (int, error) { return 0, nil }

func TestReaderMemory(t *testing.T) {
	const limit = 1 << 20
	giant := func(n int) string { return "<a>" + strings.Repeat("x", n-7) + "</a>" }
	in := giant(limit) + "<b/>" + giant(50*limit) + "<c/>"
	f := NewReader(strings.NewReader(in), limit, 8)
	largest := 0
	for i, want := range []int{limit, 4, -1, 4} {
		b, err := f.Next()
		largest = max(largest, len(f.buf))
		if want >= 0 && (err != nil || len(b) != want) || want < 0 && !errors.Is(err, ErrTooBig) {
			t.Fatalf("frame %d: %d bytes, %v", i, len(b), err)
		}
	}
	if largest > 2*limit {
		t.Errorf("the buffer grew to %d for frames of %d", largest, limit)
	}
	if _, err := f.Next(); err != io.EOF || len(f.buf) != baseSize {
		t.Errorf("afterwards: buffer %d, %v", len(f.buf), err)
	}
}

// Each byte is looked at once: whenever more is read, all there was is behind
// the Reader, in the middle of a quote or a CDATA section too.
func TestReaderLooksOnce(t *testing.T) {
	in := "<a x='" + strings.Repeat("<>", 1000) + "'><![CDATA[" + strings.Repeat("]>", 1000) + "]]></a>"
	w := &watchful{dribble: dribble{b: []byte(in)}, t: t}
	w.f = NewReader(w, 1<<20, 8)
	if b, err := w.f.Next(); err != nil || string(b) != in {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
}

type watchful struct {
	dribble
	f *Reader
	t *testing.T
}

func (w *watchful) Read(p []byte) (int, error) {
	if w.f.pos != w.f.end {
		w.t.Fatalf("scanned %d of %d bytes before reading on", w.f.pos, w.f.end)
	}
	return w.dribble.Read(p)
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"<a/>", "<a><b x='>'/></a> <c/>", "<a><![CDATA[]]]>]]></a></s>", "<!---->", "<a>", "<<>/></>", "<a></b/><c/>",
		"<a x='\"' y=\"'\">&amp;&#x1;</a>", "<a><b><c><d><e><f/></e></d></c></b></a><g/>",
		"<message to='x'>" + strings.Repeat("z", 150) + "</message><b/>",
	} {
		f.Add([]byte(s), []byte{0}, uint8(1))
		f.Add([]byte(s), []byte{2, 0, 7}, uint8(9))
	}
	f.Fuzz(func(t *testing.T, in, sizes []byte, grow uint8) {
		in = append(in, bytes.Repeat([]byte(" "), int(grow))...)
		want, wantErr := cut(NewReader(bytes.NewReader(in), 128, 5))
		got, err := cut(NewReader(&dribble{b: in, sizes: sizes}, 128, 5))
		if fmt.Sprintf("%q %v", got, err) != fmt.Sprintf("%q %v", want, wantErr) {
			t.Errorf("in pieces %q, %v\nat once   %q, %v", got, err, want, wantErr)
		}
		if frames, ok := standard(in); ok {
			got, err := cut(NewReader(bytes.NewReader(in), len(in)+1, len(in)+1))
			if err != io.EOF || fmt.Sprintf("%q", got) != fmt.Sprintf("%q", frames) {
				t.Errorf("frames %q, %v\nencoding/xml %q", got, err, frames)
			}
		}
		for _, fr := range want {
			walk(t, []byte(fr))
		}
	})
}

// standard returns the top-level elements as encoding/xml sees them, false if
// it takes the input for malformed or restricted.
func standard(in []byte) (frames []string, ok bool) {
	d := xml.NewDecoder(bytes.NewReader(in))
	depth, from := 0, int64(0)
	for {
		at := d.InputOffset()
		tok, err := d.Token()
		if err == io.EOF {
			return frames, true
		}
		if err != nil {
			return nil, false
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth++; depth == 1 {
				from = at
			}
		case xml.EndElement:
			if depth--; depth == 0 {
				frames = append(frames, string(in[from:d.InputOffset()]))
			}
		case xml.CharData:
			if depth == 0 && (len(bytes.TrimSpace(tok)) > 0 || bytes.Contains(in[at:d.InputOffset()], []byte("<!["))) {
				return nil, false
			}
		default:
			return nil, false
		}
	}
}
