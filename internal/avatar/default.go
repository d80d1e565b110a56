package avatar

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"image"
	"image/color"
	"image/png"
	"strings"
	"sync"
	"unicode"

	"github.com/lucasb-eyer/go-colorful"
	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
	"golang.org/x/text/unicode/norm"
)

const (
	side   = 96 // pixels of the default picture
	shades = 16 // from the colour to white: soft edges of the letters
)

// Default is the picture of the group at address (a bare JID) that is called
// title: a PNG of at most 4 KiB. What is not in title comes from address.
func Default(address, title string) []byte {
	p := image.NewPaletted(image.Rect(0, 0, side, side), palette(colour(address)))
	local, _, _ := strings.Cut(address, "@")
	if !write(p, initials(title)) && !write(p, initials(local)) {
		blocks(p, address)
	}
	var b bytes.Buffer
	e := png.Encoder{CompressionLevel: png.BestSpeed, BufferPool: buffers()}
	_ = e.Encode(&b, p) // a buffer takes it, and it has a size
	return b.Bytes()
}

// buffers are the encoder's, a megabyte each: most of the work were to make
// them anew.
var buffers = sync.OnceValue(func() *pool { return &pool{} })

type pool struct{ sync.Pool }

// Get implements [png.EncoderBufferPool].
func (p *pool) Get() *png.EncoderBuffer {
	b, _ := p.Pool.Get().(*png.EncoderBuffer)
	return b
}

// Put implements [png.EncoderBufferPool].
func (p *pool) Put(b *png.EncoderBuffer) { p.Pool.Put(b) }

// colour is that of a text (XEP-0392 §5.1, §5.3).
func colour(text string) colorful.Color {
	sum := sha1.Sum([]byte(text))
	angle := float64(binary.LittleEndian.Uint16(sum[:])) / 65536 * 360
	return colorful.HSLuv(angle, 1, 0.5)
}

// palette runs from c to white.
func palette(c colorful.Color) color.Palette {
	p := make(color.Palette, shades)
	for i := range p {
		p[i] = c.BlendRgb(colorful.Color{R: 1, G: 1, B: 1}, float64(i)/(shades-1)).Clamped()
	}
	return p
}

// initials are the first letter or digit of the first and of the last word, or
// the number in which a single word ends: what tells Team 1 from Team 2. An
// article tells nothing apart.
func initials(title string) string {
	words := strings.FieldsFunc(norm.NFC.String(title), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
	if len(words) == 0 {
		return ""
	}
	switch strings.ToLower(words[0]) {
	case "the", "der", "die", "das":
		words = words[min(1, len(words)-1):]
	}
	first := []rune(words[0])
	last := []rune(words[len(words)-1])
	letters := []rune{unicode.ToUpper(first[0])}
	switch end := last[len(last)-1]; {
	case len(words) > 1:
		letters = append(letters, unicode.ToUpper(last[0]))
	case len(first) > 1 && unicode.IsDigit(end):
		letters = append(letters, end)
	}
	return string(letters)
}

// bold is the font, parsed when it is first used; nil if it cannot be.
var bold = sync.OnceValue(func() *opentype.Font {
	f, err := opentype.Parse(gobold.TTF)
	if err != nil {
		return nil
	}
	return f
})

// How much of the side letters may take: clients cut a circle out of it.
const (
	height = 50 // pixels of a capital letter
	width  = 72
)

// write puts the letters into the middle of p. False: there are none, or the
// font has not got them.
func write(p *image.Paletted, letters string) bool {
	f := bold()
	if f == nil || letters == "" {
		return false
	}
	for _, r := range letters {
		if i, err := f.GlyphIndex(nil, r); err != nil || i == 0 {
			return false
		}
	}
	size := height / 0.72
	face, box, err := measure(f, size, letters)
	if err == nil && (box.Max.X-box.Min.X).Ceil() > width {
		size *= width / float64((box.Max.X - box.Min.X).Ceil())
		face, box, err = measure(f, size, letters)
	}
	if err != nil {
		return false
	}
	ink := image.NewAlpha(p.Rect)
	middle := fixed.I(side)
	d := font.Drawer{Dst: ink, Src: image.Opaque, Face: face, Dot: fixed.Point26_6{
		X: (middle - box.Max.X - box.Min.X) / 2, Y: (middle - box.Max.Y - box.Min.Y) / 2}}
	d.DrawString(letters)
	for i, a := range ink.Pix {
		p.Pix[i] = uint8(int(a) * (shades - 1) / 255)
	}
	return true
}

// measure is the box that letters fill.
func measure(f *opentype.Font, size float64, letters string) (font.Face, fixed.Rectangle26_6, error) {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
	if err != nil {
		return nil, fixed.Rectangle26_6{}, err
	}
	box, _ := font.BoundString(face, letters)
	return face, box, nil
}

// blocks draws a pattern of five by five, the same on both sides, that is made
// of the address.
func blocks(p *image.Paletted, address string) {
	sum := sha1.Sum([]byte("blocks " + address))
	bits := binary.LittleEndian.Uint16(sum[:]) | 1<<7 // never nothing
	const block, border = 14, (side - 5*14) / 2
	for y := range side {
		for x := range side {
			column, row := (x-border)/block, (y-border)/block
			if x < border || y < border || column > 4 || row > 4 {
				continue
			}
			if bits>>(row*3+min(column, 4-column))&1 == 1 {
				p.SetColorIndex(x, y, shades-1)
			}
		}
	}
}
