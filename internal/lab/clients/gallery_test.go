package main

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

// paint is a picture of 100 x 100 whose first n pixels are red.
func paint(n int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, 100, 100))
	for i := range 100 * 100 {
		c := color.RGBA{0xf6, 0xf5, 0xf4, 0xff}
		if i < n {
			c = color.RGBA{0xff, 0, 0, 0xff}
		}
		p.SetRGBA(i%100, i/100, c)
	}
	return p
}

// A picture in the manual changes when somebody would see it.
func TestHang(t *testing.T) {
	g := &gallery{dir: t.TempDir(), docs: t.TempDir()}
	red := func() int {
		raw, err := os.ReadFile(filepath.Join(g.docs, "it.png"))
		if err != nil {
			t.Fatal(err)
		}
		p, err := png.Decode(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range 100 * 100 {
			if p.At(i%100, i/100) == (color.RGBA{0xff, 0, 0, 0xff}) {
				n++
			}
		}
		return n
	}
	for _, x := range []struct{ painted, want int }{{10, 10}, {12, 10}, {40, 40}} {
		if err := g.hang("act", "it", true, paint(x.painted)); err != nil {
			t.Fatal(err)
		}
		if got := red(); got != x.want {
			t.Errorf("painted %d red pixels, hung are %d, want %d", x.painted, got, x.want)
		}
	}
	if err := g.hang("act", "other", false, paint(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(g.docs, "other.png")); !errors.Is(err, os.ErrNotExist) {
		t.Error("a picture that the manual does not show is in it")
	}
}

// Of many colours the frequent ones stay as they are.
func TestPalette(t *testing.T) {
	p := paint(0)
	for i := range 1000 {
		p.SetRGBA(i%100, i/100, color.RGBA{uint8(i % 250), uint8(i / 250 * 60), 0x80, 0xff})
	}
	q := withPalette(p)
	if len(q.Palette) > 256 {
		t.Errorf("%d colours", len(q.Palette))
	}
	if got := q.At(50, 50); got != (color.RGBA{0xf6, 0xf5, 0xf4, 0xff}) {
		t.Errorf("the background became %v", got)
	}
	for i := range 1000 {
		if a, b := p.At(i%100, i/100), q.At(i%100, i/100); far(a, b) {
			t.Fatalf("%v became %v", a, b)
		}
	}
}

// A screen is looked at until it stands still.
func TestStill(t *testing.T) {
	looks := 0
	got, err := still(t.Context(), func(context.Context) ([]byte, error) {
		looks++
		return encode(paint(min(looks, 3)))
	})
	if err != nil || looks != 4 || got.At(2, 0) != (color.RGBA{0xff, 0, 0, 0xff}) {
		t.Errorf("%d looks, %v", looks, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := still(ctx, func(context.Context) ([]byte, error) { looks++; return encode(paint(looks)) }); !errors.Is(err, errRestless) {
		t.Errorf("of a restless screen: %v", err)
	}
}
