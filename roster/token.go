package roster

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
)

// A state token is one enciphered block: the version, and a constant that
// tells our own tokens of a node from those of another node or epoch. The key
// lives as long as the group is loaded; that is the epoch. To the outside a
// token is opaque and counts nothing.
const (
	tokenMark = 0x726f6c6c63616c6c
	tokenLen  = 22 // of base64
)

// cipher is the group's. Many groups never need it.
func (g *Group) cipher() cipher.Block {
	if g.tokens != nil {
		return g.tokens
	}
	var key [16]byte
	rand.Read(key[:]) // never fails (crypto/rand)
	c, err := aes.NewCipher(key[:])
	if err != nil {
		panic("aes: " + err.Error()) // the key length is a constant
	}
	g.tokens = c
	return c
}

// token is the state token of what is visible of a node up to version v. The
// last one of each node is kept: what an event brings its reader to is where
// the next begins.
func (g *Group) token(n Node, v uint64) string {
	if v == 0 {
		return ""
	}
	last := &g.scratch.tokens[n]
	if last.v != v {
		last.v, last.text = v, g.newToken(n, v)
	}
	return last.text
}

func (g *Group) newToken(n Node, v uint64) string {
	var text [tokenLen]byte
	b := &g.scratch.block
	binary.BigEndian.PutUint64(b[:8], v)
	binary.BigEndian.PutUint64(b[8:], tokenMark+uint64(n))
	g.cipher().Encrypt(b[:], b[:])
	base64.RawURLEncoding.Encode(text[:], b[:])
	return g.scratch.texts.add(text[:])
}

// parseToken is its inverse; ok is false for a token of another node or
// epoch, or what never was one.
func (g *Group) parseToken(n Node, s string) (v uint64, ok bool) {
	var in, out [16]byte
	if len(s) != tokenLen {
		return 0, false
	}
	if _, err := base64.RawURLEncoding.Strict().Decode(in[:], []byte(s)); err != nil {
		return 0, false
	}
	g.cipher().Decrypt(out[:], in[:])
	v = binary.BigEndian.Uint64(out[:8])
	return v, binary.BigEndian.Uint64(out[8:]) == tokenMark+uint64(n) && v <= g.version
}
