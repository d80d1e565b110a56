package avatar

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"

	"golang.org/x/image/webp"
)

// The bounds of a picture that somebody gives.
const (
	MaxSize = 64 << 10 // bytes
	MaxSide = 1024     // pixels
)

// Picture is what there is to say of a picture (XEP-0084 §4.2.1).
type Picture struct {
	Hash          string // SHA-1, in hexadecimal
	Type          string // such as image/png
	Width, Height int    // pixels
	Bytes         int
}

// ErrFormat: what is given is none of the pictures that clients show.
var ErrFormat = errors.New("is no PNG, JPEG, GIF or WebP picture")

// Inspect says what picture data is. ErrFormat; other errors say which bound
// it is beyond.
func Inspect(data []byte) (Picture, error) {
	p := Picture{Bytes: len(data)}
	if len(data) > MaxSize {
		return p, fmt.Errorf("has %d bytes, at most %d", len(data), MaxSize)
	}
	var header func(io.Reader) (image.Config, error)
	p.Type, header = format(data)
	if header == nil {
		return p, ErrFormat
	}
	c, err := header(bytes.NewReader(data))
	if err != nil {
		return p, ErrFormat
	}
	if c.Width < 1 || c.Height < 1 || c.Width > MaxSide || c.Height > MaxSide {
		return p, fmt.Errorf("has %d × %d pixels, at most %d × %d", c.Width, c.Height, MaxSide, MaxSide)
	}
	p.Width, p.Height, p.Hash = c.Width, c.Height, Hash(data)
	return p, nil
}

// Hash is the name by which clients know a picture (XEP-0153 §2.1, XEP-0084
// §4.2.1).
func Hash(data []byte) string {
	sum := sha1.Sum(data)
	return hex.EncodeToString(sum[:])
}

// format tells by the first bytes.
func format(data []byte) (string, func(io.Reader) (image.Config, error)) {
	switch {
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return "image/png", png.DecodeConfig
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return "image/jpeg", jpeg.DecodeConfig
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return "image/gif", gif.DecodeConfig
	case len(data) > 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return "image/webp", webp.DecodeConfig
	}
	return "", nil
}
