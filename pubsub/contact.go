package pubsub

import (
	"strconv"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// lineLength is about how long the status line may get, in bytes: a tooltip
// shows thirty characters, a contact list more.
const lineLength = 100

// ContactStart implements [roster.Renderer]. The presence comes from a full
// JID: clients show a contact without a resource as offline.
func (r *Renderer) ContactStart(b []byte, group string) []byte {
	b = append(b, "<presence from='"...)
	b = r.group(b, group)
	return append(b, "/"+Resource+"' to='"...)
}

// Contact implements [roster.Renderer]. The contact itself is always there;
// with nobody available it is far away.
func (r *Renderer) Contact(b []byte, l *roster.Line) []byte {
	b = append(b, "'>"...)
	show := l.Show.String()
	if l.Show == roster.Offline {
		show = roster.XA.String()
	}
	if show != "" {
		b = element(b, "show", show)
	}
	b = append(b, "<status>"...)
	b = frame.AppendText(b, statusLine(l))
	return append(append(b, "</status>"...), l.Badge...)
}

// ContactEnd implements [roster.Renderer].
func (r *Renderer) ContactEnd(b []byte, interest policy.Mask) []byte {
	return append(AppendCaps(b, interest), "</presence>"...)
}

// statusLine is "3 of 5 available: Anna, Bo, Cy", counts first so that they
// are read where there is little room.
func statusLine(l *roster.Line) string {
	b := strconv.AppendInt(nil, int64(l.Summary.Available), 10)
	b = append(b, " of "...)
	b = strconv.AppendInt(b, int64(l.Summary.Members), 10)
	b = append(b, " available"...)
	for i, name := range l.Names {
		if i > 0 && len(b)+len(name) > lineLength {
			return string(more(b, l.Summary.Available-i))
		}
		sep := ", "
		if i == 0 {
			sep = ": "
		}
		b = append(append(b, sep...), name...)
	}
	if len(l.Names) > 0 {
		b = more(b, l.Summary.Available-len(l.Names))
	}
	return string(b)
}

func more(b []byte, n int) []byte {
	if n <= 0 {
		return b
	}
	return append(strconv.AppendInt(append(b, " +"...), int64(n), 10), " more"...)
}
