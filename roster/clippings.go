package roster

import "strings"

// clipped is how many bytes of text share an allocation.
const clipped = 16 * tokenLen

// clippings makes strings of bytes, many of them with one allocation: for such
// as are soon forgotten, for each keeps all of its neighbours.
type clippings struct{ b strings.Builder }

func (c *clippings) add(text []byte) string {
	if c.b.Len()+len(text) > c.b.Cap() {
		c.b = strings.Builder{}
		c.b.Grow(max(clipped, len(text)))
	}
	n := c.b.Len()
	c.b.Write(text)
	return c.b.String()[n:]
}
