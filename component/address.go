package component

import (
	"bytes"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
)

// Addresses stamped by the server are opaque and already normalised: they are
// compared and kept as they are, never parsed by rules of our own, which
// would refuse or change some that the server allows. Only entities are
// expanded.

// split cuts an address, raw, into bare JID and resource. The bare JID has no
// entities: its characters need none (RFC 7622 §3.3.1).
func split(address []byte) (bare, resource []byte) {
	bare, resource, _ = bytes.Cut(address, []byte("/"))
	return bare, resource
}

// local returns the localpart of an address; nil for a domain.
func local(address []byte) []byte {
	bare, _ := split(address)
	name, _, ok := bytes.Cut(bare, []byte("@"))
	if !ok {
		return nil
	}
	return name
}

// plain expands the entities of a raw address or attribute.
func plain(raw []byte) string {
	if bytes.IndexByte(raw, '&') < 0 {
		return string(raw)
	}
	return string(frame.Unescape(nil, raw))
}
