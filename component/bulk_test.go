package component

import (
	"testing/synctest"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// turnFunc is a Bulk made of a function.
type turnFunc func(b []byte, budget int) ([]byte, bool)

func (f turnFunc) bulk() Bulk { return &turn{f: f} }

type turn struct{ f turnFunc }

func (t *turn) Doubt(int) {}

func (t *turn) Turn(b []byte, budget int) ([]byte, bool) { return t.f(b, budget) }

// talker has a number of stanzas of a given size to say.
type talker struct {
	name       string
	left, size int
	doubt      int // turns in doubt when the connection ended
}

func (k *talker) Doubt(turns int) { k.doubt += turns }

func (k *talker) Turn(b []byte, budget int) ([]byte, bool) {
	for from := len(b); k.left > 0 && len(b)-from+k.size <= budget; k.left-- {
		b = appendBulk(b, k.name, k.size)
	}
	return b, k.left > 0
}

// appendBulk appends a stanza of exactly size bytes.
func appendBulk(b []byte, name string, size int) []byte {
	const tail = "</message>"
	end := len(b) + size
	b = append(append(append(b, "<message id='"...), name...), "'>"...)
	for len(b) < end-len(tail) {
		b = append(b, 'x')
	}
	return append(b, tail...)
}

func bulkName(s string) string {
	var st frame.Stanza
	if !frame.Parse([]byte(s), &st) || string(st.Name) != "message" {
		return ""
	}
	return string(st.ID)
}

// drain returns the names of the bulk stanzas that came until nothing moves.
func (p *peer) drain() (names []string) {
	synctest.Wait()
	for {
		select {
		case s := <-p.in:
			names = append(names, bulkName(s))
		default:
			return names
		}
	}
}
