package command

import (
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Notice appends the message that tells somebody a word about his membership,
// from the group, as people read it; what can be answered with one word says
// so.
func (s *Service) Notice(b []byte, n roster.Notice) []byte {
	b = frame.AppendAttr(append(b, "<message type='chat' from='"...), n.Group)
	b = append(append(b, '@'), s.cfg.Domain...)
	b = frame.AppendAttr(append(b, "' to='"...), n.To)
	b = append(b, "'><body>"...)
	b = frame.AppendText(b, noticeText(&n))
	return append(b, "</body></message>"...)
}

func noticeText(n *roster.Notice) string {
	switch n.Kind {
	case roster.Invitation:
		if n.By != "" {
			return n.By + " invites you to the group “" + n.Title + "”. Answer yes to join, or no."
		}
		return "You are invited to the group “" + n.Title + "”. Answer yes to join, or no."
	case roster.Application:
		return n.About + " wants to join “" + n.Title + "”. Answer approve " + n.About + " or reject " + n.About + "."
	case roster.Admitted:
		return "You are now a member of “" + n.Title + "”."
	case roster.TurnedAway:
		return "You were not admitted to “" + n.Title + "”."
	case roster.Removed:
		return "You are no longer a member of “" + n.Title + "”."
	case roster.Disbanded:
		return "The group “" + n.Title + "” is no more."
	case roster.Proposed:
		return "“" + n.Title + "” asks you to agree to something new about what its members may see. Answer agree to see what."
	}
	return n.Title
}
