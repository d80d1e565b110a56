// Package frame cuts an XMPP stream into stanzas and looks into them as
// bytes, without building a tree and without allocating.
//
// # Why bytes
//
// A component hears every word of every user of a server. encoding/xml needs
// about ten microseconds for a presence of 450 bytes and seventy allocations;
// what is asked of most stanzas is who sent what to whom. So a [Reader] cuts
// the stream at the ends of its top-level elements, [Parse] reads the outer
// start tag, and a [Scanner] walks the inside when somebody wants to know.
//
// # What is trusted
//
// The XMPP server parsed every stanza before it passed it on, so the bytes are
// well-formed; nothing here proves that again. What a user may still choose
// is size, depth, prefixes, quoting, CDATA and where the packets break, and
// nothing of that may end the stream or cost more than its own bytes: each
// byte is looked at once, a frame over the limits is skipped without being
// kept, and namespace bookkeeping has a fixed size. Bytes that are not
// well-formed give some frames or an error, never a panic.
//
// # Raw and plain
//
// Everything a [Stanza] or a [Scanner] returns is raw: it aliases the frame,
// entities are not expanded, and it dies with the next call of [Reader.Next].
// [Unescape] makes it plain, [AppendText] and [AppendAttr] make plain text fit
// for the wire again, [AppendRaw] passes a raw attribute value on.
package frame
