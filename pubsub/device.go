package pubsub

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// device appends one of a member's devices, as far as it may be seen.
func device(b []byte, d *roster.Device) []byte {
	b = attr(append(b, "<device"...), "name", d.Name)
	b = optional(b, "show", d.Show.String())
	b = optional(b, "connection", d.Connection)
	if d.Can == nil {
		return append(b, "/>"...)
	}
	return append(capabilitiesOf(append(b, '>'), d.Can), "</device>"...)
}

// capabilitiesOf appends what a device, or all of them, can do; nothing for nil.
func capabilitiesOf(b []byte, c *roster.Capabilities) []byte {
	if c == nil {
		return b
	}
	b = optional(append(b, "<capabilities"...), "can", strings.Join(c.Able.Words(), " "))
	if len(c.Identities) == 0 {
		return append(b, "/>"...)
	}
	b = append(b, '>')
	for _, i := range c.Identities {
		b = attr(append(b, "<identity"...), "category", i.Category)
		b = append(attr(b, "type", i.Type), "/>"...)
	}
	return append(b, "</capabilities>"...)
}

// abilities are the features that stand for one (XEP-0030 §4.2, XEP-0115): what
// a device takes calls of (XEP-0167), how it takes files (XEP-0234, XEP-0096),
// and whether it wants to hear of others' OMEMO devices (XEP-0384), which only
// who reads what they encipher does.
var abilities = map[string]roster.Ability{
	"urn:xmpp:jingle:apps:rtp:audio":                      roster.Audio,
	"urn:xmpp:jingle:apps:rtp:video":                      roster.Video,
	"urn:xmpp:jingle:apps:file-transfer:3":                roster.Files,
	"urn:xmpp:jingle:apps:file-transfer:4":                roster.Files,
	"urn:xmpp:jingle:apps:file-transfer:5":                roster.Files,
	"http://jabber.org/protocol/si/profile/file-transfer": roster.Files,
	"eu.siacs.conversations.axolotl.devicelist+notify":    roster.OMEMO,
	"urn:xmpp:omemo:1:devices+notify":                     roster.OMEMO,
	"urn:xmpp:omemo:2:devices+notify":                     roster.OMEMO,
}

// Can is what the device can do, nil for nothing that is told. It counts only if
// it is proved ([Capabilities.Proves]).
func (c *Capabilities) Can() *roster.Capabilities {
	var ids []roster.Identity
	for _, i := range c.info.Identities {
		if isToken(i.Category) && isToken(i.Type) {
			ids = append(ids, roster.Identity{Category: i.Category, Type: i.Type})
		}
	}
	var able roster.Ability
	for _, f := range c.info.Features {
		able |= abilities[f.Var]
	}
	return roster.NewCapabilities(ids, able)
}

// maxToken bounds a category or type: those registered are short.
const maxToken = 24 // bytes

// isToken says whether s may be a category or type (XEP-0030 §3.1): anybody may
// say of himself what he likes, and others are told.
func isToken(s string) bool {
	return s != "" && len(s) <= maxToken && !slices.ContainsFunc([]byte(s), func(c byte) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	})
}
