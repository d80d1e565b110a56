package directory

import (
	"bytes"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	ber "github.com/go-asn1-ber/asn1-ber"
)

// stream is a connection from which bytes come, at most so many at once.
type stream struct {
	net.Conn
	io.Reader
	most int
}

func (s *stream) Read(p []byte) (int, error) { return s.Reader.Read(p[:min(s.most, len(p))]) }
func (*stream) Close() error                 { return nil }

// message is a message with values in it.
func message(values ...string) []byte {
	var b []byte
	for _, v := range values {
		b = append(append(b, '\x04'), v...)
	}
	for _, tag := range []byte{0x64, 0x30} { // an entry, a message
		b = append([]byte{tag, 0x84, byte(len(b) >> 24), byte(len(b) >> 16), byte(len(b) >> 8), byte(len(b))}, b...)
	}
	return b
}

// values are so many empty ones.
func values(n int) []string { return slices.Repeat([]string{"\x00"}, n) }

func TestMeter(t *testing.T) {
	small := message("\x01a", "\x82\x01\x2c"+strings.Repeat("b", 300), "\x00")
	for name, test := range map[string]struct {
		data            []byte
		bytes, elements int
		want            error
	}{
		"fits":            {bytes.Repeat(small, 10), 10 * len(small), 50, io.EOF},
		"bytes":           {bytes.Repeat(small, 10), 10*len(small) - 1, 50, errTooMuch},
		"elements":        {bytes.Repeat(small, 10), 10 * len(small), 49, errTooMuch},
		"long message":    {[]byte("\x30\x84\x7f\xff\xff\xff"), 100, 100, errTooMuch},
		"longer":          {[]byte("\x30\x85\x01\x00\x00\x00\x00"), 100, 100, errTooMuch},
		"long value":      {[]byte("\x30\x05\x04\x84\x7f\xff\xff\xff"), 100, 100, errTooMuch},
		"value too long":  {[]byte("\x30\x03\x04\x03abc"), 100, 100, errTooMuch},
		"cut within":      {[]byte("\x30\x01\x04\x00"), 100, 100, errTooMuch},
		"no end":          {[]byte("\x30\x80\x04\x00\x00\x00"), 100, 100, errTooMuch},
		"no message":      {[]byte("\x04\x01a"), 100, 100, errTooMuch},
		"large tag":       {[]byte("\x30\x06\x1f\x81\x01\x02ab"), 100, 2, io.EOF},
		"in one":          {append([]byte("\x30\x82\x02\x58"), flat(300)...), 1000, 301, io.EOF},
		"many in one":     {message(values(maxParts)...), 1 << 30, 1 << 30, errTooMuch},
		"many in several": {bytes.Repeat(message(values(maxParts/4)...), 8), 1 << 30, 1 << 30, io.EOF},
	} {
		for _, most := range []int{1, 7, 1 << 20} {
			if len(test.data) > 1<<16 && most < 1<<20 {
				continue
			}
			m := &meter{Conn: &stream{Reader: bytes.NewReader(test.data), most: most}, timeout: time.Second}
			m.fill(test.bytes, test.elements)
			var err error
			for buf := make([]byte, 1<<16); err == nil; {
				_, err = m.Read(buf)
			}
			if !errors.Is(err, test.want) {
				t.Errorf("%s, by %d: %v", name, most, err)
			}
		}
	}
}

// flat is so many empty sequences.
func flat(n int) []byte { return bytes.Repeat([]byte{0x30, 0}, n) }

// However bytes come, the same is counted; what the library makes of them is not
// more.
func FuzzMeter(f *testing.F) {
	f.Add(message("\x01a", "\x01b"), 1)
	f.Add([]byte("\x30\x03\x04\x03abc"), 2)
	f.Add([]byte("\x30\x06\x1f\x81\x01\x02ab"), 3)
	f.Fuzz(func(t *testing.T, data []byte, most int) {
		count := func(most int) (n int, ok bool) {
			m := &meter{}
			for rest := data; len(rest) > 0; {
				k := min(most, len(rest))
				more, fine := m.count(rest[:k])
				if n += more; !fine {
					return n, false
				}
				rest = rest[k:]
			}
			return n, true
		}
		n, ok := count(len(data))
		if n2, ok2 := count(max(1, most&0xff)); n2 != n || ok2 != ok {
			t.Errorf("%d, %v; by %d: %d, %v", n, ok, most&0xff, n2, ok2)
		}
		if !ok {
			return
		}
		made := 0
		for r := bytes.NewReader(data); ; {
			p, err := ber.ReadPacket(r)
			if err != nil {
				break
			}
			made += elements(p)
		}
		if made > n {
			t.Errorf("the library makes %d elements of what counts as %d", made, n)
		}
	})
}

func elements(p *ber.Packet) int {
	n := 1
	for _, c := range p.Children {
		n += elements(c)
	}
	return n
}
