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

// aside is what stands behind a status that is all that people are shown: who
// said it for him, what he publishes, and what he is not willing to do.
func aside(it *roster.Item) (s string) {
	if it.StatusBy != nil {
		s = " (" + it.StatusBy.Bot + ")"
	}
	if text := strings.Join(Glance(it), " · "); text != "" {
		s += " – " + text
	}
	if text := willingText(it.Willing); text != "" {
		s += " – " + text
	}
	return s
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
	if it.Status != "" {
		name += ": "
	}
	b = append(statuses(b, it, name, aside(it)), "<priority>-1</priority>"...)
	return append(idle(b, it.Idle), "</presence>"...)
}
