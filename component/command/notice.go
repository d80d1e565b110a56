package command

import (
	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// Notice appends the message that tells somebody a word about his membership,
// from the group, as people read it; what can be answered with one word says
// so. The language is the group's: who is told may never have spoken to us.
func (s *Service) Notice(b []byte, n roster.Notice) []byte {
	l := s.languages.pick(n.Lang)
	b = frame.AppendAttr(append(b, "<message type='chat' from='"...), n.Group)
	b = append(append(b, '@'), s.cfg.Domain...)
	b = frame.AppendAttr(append(b, "' to='"...), n.To)
	b = append(append(b, "' xml:lang='"...), l.tag...)
	b = append(b, "'><body>"...)
	b = frame.AppendText(b, l.notice(&n))
	return append(b, "</body></message>"...)
}

func (l language) notice(n *roster.Notice) string {
	title := oneLine(n.Title)
	switch n.Kind {
	case roster.Invitation:
		if n.By == "" {
			return l.say("You are invited to the group “%s”. Answer yes to join, or no.", title)
		}
		return l.say("%s invites you to the group “%s”. Answer yes to join, or no.", n.By, title)
	case roster.Application:
		return l.say("%s wants to join “%s”. Answer approve %s or reject %s.", n.About, title, n.About, n.About)
	case roster.Admitted:
		return l.say("You are now a member of “%s”.", title)
	case roster.TurnedAway:
		return l.say("You were not admitted to “%s”.", title)
	case roster.Removed:
		return l.say("You are no longer a member of “%s”.", title)
	case roster.Disbanded:
		return l.say("The group “%s” is no more.", title)
	case roster.Enlisted:
		return l.say("You were made a member of the group “%s”. Its members may see when you are available. Answer share to see and change what they see, or leave.", title)
	case roster.Proposed:
		return l.say("“%s” asks you to agree to something new about what its members may see. Answer agree to see what.", title)
	}
	return title
}
