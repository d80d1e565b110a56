package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// gallery is where the pictures are.
type gallery struct {
	dir  string // all of them
	docs string // those that the manual shows; "" = they are left as they are
}

// maxPicture bounds a picture in the manual, in bytes.
const maxPicture = 100_000

// errRestless is that a screen never stands still.
var errRestless = errors.New("the screen does not come to rest")

// still takes pictures until two in a row are the same: clients draw some time
// after they know.
func still(ctx context.Context, take func(ctx context.Context) ([]byte, error)) (image.Image, error) {
	tick := time.NewTicker(150 * time.Millisecond)
	defer tick.Stop()
	var before []byte
	for {
		now, err := take(ctx)
		if err != nil {
			return nil, err
		}
		if bytes.Equal(now, before) {
			return png.Decode(bytes.NewReader(now))
		}
		before = now
		select {
		case <-ctx.Done():
			return nil, errors.Join(errRestless, ctx.Err())
		case <-tick.C:
		}
	}
}

// hang keeps a picture: `gajim-chat`, and `docs` if the manual shows it.
func (g *gallery) hang(act, name string, shown bool, picture image.Image) error {
	data, err := encode(picture)
	if err != nil {
		return fmt.Errorf("write picture %s: %w", name, err)
	}
	if err := os.WriteFile(filepath.Join(g.dir, act+"-"+name+".png"), data, 0o644); err != nil {
		return fmt.Errorf("write picture: %w", err)
	}
	if !shown || g.docs == "" {
		return nil
	}
	if len(data) > maxPicture {
		return fmt.Errorf("write picture %s: %d bytes are too many for the manual", name, len(data))
	}
	return renew(filepath.Join(g.docs, name+".png"), picture, data)
}

// renew writes a picture unless the one that is there looks the same.
func renew(path string, picture image.Image, data []byte) error {
	old, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return fmt.Errorf("renew picture: %w", err)
	default:
		if was, err := png.Decode(bytes.NewReader(old)); err == nil && alike(was, picture) {
			return nil
		}
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return fmt.Errorf("renew picture: %w", err)
	}
	return nil
}

// alike says whether nobody would see a difference: fonts are smoothed a little
// differently from machine to machine.
func alike(a, b image.Image) bool {
	if a.Bounds() != b.Bounds() {
		return false
	}
	other, all := 0, a.Bounds().Dx()*a.Bounds().Dy()
	for y := a.Bounds().Min.Y; y < a.Bounds().Max.Y; y++ {
		for x := a.Bounds().Min.X; x < a.Bounds().Max.X; x++ {
			if far(a.At(x, y), b.At(x, y)) {
				other++
			}
		}
	}
	return other*2000 < all
}

// far says whether two colours are plainly not the same.
func far(a, b color.Color) bool {
	const much = 0x4000
	ar, ag, ab, _ := a.RGBA()
	br, bg, bb, _ := b.RGBA()
	return max(ar, br)-min(ar, br) > much || max(ag, bg)-min(ag, bg) > much || max(ab, bb)-min(ab, bb) > much
}

// encode makes a small PNG: of 256 colours, as few need more.
func encode(picture image.Image) ([]byte, error) {
	var buf bytes.Buffer
	err := (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&buf, withPalette(picture))
	return buf.Bytes(), err
}

// withPalette is the picture in 256 colours; the others take the nearest of them.
func withPalette(picture image.Image) *image.Paletted {
	b := picture.Bounds()
	count := make(map[color.RGBA]int)
	at := func(x, y int) color.RGBA { return color.RGBAModel.Convert(picture.At(x, y)).(color.RGBA) }
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			count[at(x, y)]++
		}
	}
	colours := slices.SortedFunc(maps.Keys(count), func(p, q color.RGBA) int {
		return cmp.Or(count[q]-count[p], cmp.Compare(code(p), code(q)))
	})
	out := image.NewPaletted(b, choose(colours))
	index := make(map[color.RGBA]uint8)
	for _, c := range colours {
		index[c] = uint8(out.Palette.Index(c))
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			out.Pix[out.PixOffset(x, y)] = index[at(x, y)]
		}
	}
	return out
}

// exact is how many colours of a picture stay as they are: its surfaces.
const exact = 64

// choose is a palette for colours that are sorted by how frequent they are: the
// first of them, and of the others one for each corner of the space of colours,
// the corners as small as there is room.
func choose(colours []color.RGBA) (p color.Palette) {
	for shift := 0; ; shift++ {
		p = nil
		seen := make(map[color.RGBA]bool)
		for i, c := range colours {
			corner := color.RGBA{c.R >> shift, c.G >> shift, c.B >> shift, 0xff}
			if i < exact || !seen[corner] {
				p = append(p, c)
			}
			seen[corner] = true
		}
		if len(p) <= 256 {
			return p
		}
	}
}

// code makes an order of colours.
func code(c color.RGBA) uint32 { return uint32(c.R)<<16 | uint32(c.G)<<8 | uint32(c.B) }
