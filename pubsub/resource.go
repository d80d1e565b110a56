package pubsub

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// ResourceStart implements [roster.Renderer]. The resource is the member's
// address: it is his for ever, and nobody else's.
func (r *Renderer) ResourceStart(b []byte, group, jid string) []byte {
	b = append(b, "<presence from='"...)
	b = append(r.group(b, group), '/')
	return append(frame.AppendAttr(b, jid), "' to='"...)
}

// resource appends a member's presence from its address on. It takes no
// messages, and stands behind the group's own; his name leads what he says,
// for people are shown little else.
func resource(b []byte, it *roster.Item) []byte {
	if it.Show == roster.Offline {
		return append(b, "' type='unavailable'/>"...)
	}
	b = append(b, "'>"...)
	if s := it.Show.String(); s != "" {
		b = append(append(append(b, "<show>"...), s...), "</show>"...)
	}
	name := it.Nick
	if name == "" {
		name, _, _ = strings.Cut(it.JID, "@")
	}
	b = frame.AppendText(append(b, "<status>"...), name)
	if it.Status != "" {
		b = frame.AppendText(append(b, ": "...), statusText(it))
	}
	if text := willingText(it.Willing); text != "" {
		b = frame.AppendText(append(b, " – "...), text)
	}
	b = append(b, "</status><priority>-1</priority>"...)
	return append(idle(b, it.Idle), "</presence>"...)
}
