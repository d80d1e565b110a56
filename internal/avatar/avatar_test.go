package avatar

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"math"
	"os"
	"strings"
	"testing"
)

// XEP-0392 §13, its test vectors.
func TestColour(t *testing.T) {
	for text, want := range map[string][3]float64{
		"Romeo":              {0.865, 0, 0.686},
		"juliet@capulet.lit": {0, 0.515, 0.573},
		"😺":                  {0.872, 0, 0.659},
		"council":            {0.918, 0, 0.394},
	} {
		c := colour(text)
		for i, got := range []float64{c.R, c.G, c.B} {
			if math.Abs(got-want[i]) > 0.001 {
				t.Errorf("%s: %.3f %.3f %.3f, want %v", text, c.R, c.G, c.B, want)
				break
			}
		}
	}
}

func TestInitials(t *testing.T) {
	for title, want := range map[string]string{
		"Team": "T", "team": "T", "The Club": "C", "The old Club": "OC", "The": "T", "Die Nachtwache": "N", "Old Club": "OC", "Team 1": "T1", "team2": "T2", "2": "2", "Team 12": "T1",
		"  élan vital": "ÉV", "e\u0301lan": "É", "“Quoted” one": "QO", "": "", "!?": "", "ops/night": "ON", "Διεύθυνση": "Δ", "Привет мир": "ПМ", "東京": "東",
	} {
		if got := initials(title); got != want {
			t.Errorf("%q: %q, want %q", title, got, want)
		}
	}
}

// What it looks like can be seen: AVATARS=dir go test -run TestDefault.
func TestDefault(t *testing.T) {
	seen := map[string]string{}
	for i, title := range []string{"Team", "Night watch", "WM", "Wi Mo", "Mm Ww", "i", "il l", "Team 1", "Team 2", "Qj gy", "Привет мир", "東京", "عربي", "🎉", ""} {
		address := fmt.Sprintf("g%d@groups.example.org", i)
		if title == "🎉" {
			address = "東京@groups.example.org"
		}
		b := Default(address, title)
		if !bytes.Equal(b, Default(address, title)) {
			t.Errorf("%q: not the same twice", title)
		}
		if len(b) > 4<<10 {
			t.Errorf("%q: %d bytes", title, len(b))
		}
		p, err := Inspect(b)
		if err != nil || p.Type != "image/png" || p.Width != side || p.Height != side || p.Bytes != len(b) {
			t.Errorf("%q: %+v, %v", title, p, err)
		}
		if other := seen[p.Hash]; other != "" {
			t.Errorf("%q looks like %q", title, other)
		}
		seen[p.Hash] = title
		readable(t, title, b)
		if dir := os.Getenv("AVATARS"); dir != "" {
			if err := os.WriteFile(fmt.Sprintf("%s/%02d.png", dir, i), b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// readable: what is drawn fills the middle, touches no edge, and is there.
func readable(t *testing.T, title string, b []byte) {
	t.Helper()
	p, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	white := image.Rectangle{}
	for y := range side {
		for x := range side {
			if p.At(x, y) == (color.RGBA{255, 255, 255, 255}) {
				white = white.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	if !white.In(image.Rect(12, 12, side-12, side-12)) || white.Dy() < 30 && white.Dx() < 50 {
		t.Errorf("%q: drawn at %v", title, white)
	}
	if left, right := white.Min.X, side-white.Max.X; left-right > 3 || right-left > 3 {
		t.Errorf("%q: not in the middle: %v", title, white)
	}
}

func TestDefaultIsOfTheAddress(t *testing.T) {
	if bytes.Equal(Default("team@a.example", "Team"), Default("team@b.example", "Team")) {
		t.Error("two groups of one name look alike")
	}
}

func TestInspect(t *testing.T) {
	img := image.NewPaletted(image.Rect(0, 0, 30, 20), color.Palette{color.White, color.Black})
	encoded := func(encode func(*bytes.Buffer) error) []byte {
		var b bytes.Buffer
		if err := encode(&b); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	for typ, data := range map[string][]byte{
		"image/png":  encoded(func(b *bytes.Buffer) error { return png.Encode(b, img) }),
		"image/jpeg": encoded(func(b *bytes.Buffer) error { return jpeg.Encode(b, img, nil) }),
		"image/gif":  encoded(func(b *bytes.Buffer) error { return gif.Encode(b, img, nil) }),
		"image/webp": []byte("RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x1d\xc0\x04\x00\x07\x10\x11\x11\x88\x88\xfe\x07\x00"),
	} {
		p, err := Inspect(data)
		if err != nil || p.Type != typ || p.Width != 30 || p.Height != 20 || p.Bytes != len(data) || len(p.Hash) != 40 {
			t.Errorf("%s: %+v, %v", typ, p, err)
		}
		for _, cut := range []int{1, 8, 14} {
			if p, err := Inspect(data[:min(cut, len(data))]); err == nil {
				t.Errorf("%s of %d bytes: %+v", typ, cut, p)
			}
		}
	}
}

func TestInspectRefuses(t *testing.T) {
	huge := image.NewPaletted(image.Rect(0, 0, MaxSide+1, 1), color.Palette{color.White})
	var wide bytes.Buffer
	if err := png.Encode(&wide, huge); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "svg": []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"), "text": []byte(strings.Repeat("x", 100)),
		"wide": wide.Bytes(), "large": append(Default("a@b", "A"), make([]byte, MaxSize)...),
		"magic alone": []byte("\x89PNG\r\n\x1a\n"), "other riff": []byte("RIFF\x00\x00\x00\x00WAVEfmt and so on"),
	} {
		if p, err := Inspect(data); err == nil {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(Default("a@b", "A"))
	f.Add([]byte("GIF89a"))
	f.Add([]byte("\xff\xd8\xff\xe0"))
	f.Add([]byte("RIFF\x1a\x00\x00\x00WEBPVP8L"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Inspect(data)
		if err == nil && (p.Type == "" || p.Width < 1 || p.Height > MaxSide || len(p.Hash) != 40 || p.Bytes > MaxSize) {
			t.Errorf("%+v", p)
		}
	})
}

func BenchmarkDefault(b *testing.B) {
	for b.Loop() {
		Default("team@groups.example.org", "The Team")
	}
}
