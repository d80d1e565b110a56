package command

import (
	"context"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/internal/audit"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// maxHistory is how many entries one is told; in a chat half of them.
const maxHistory = 40

// historyWord reads to the caller what is recorded of him in the group: what
// was done to him and by him, and when its settings were changed.
func historyWord() word {
	return word{
		name: "history", also: []string{"audit", "log", "verlauf", "protokoll"}, at: atGroup,
		label: "What is recorded of you",
		usage: "history – what is recorded of you here",
		may: func(c *call) bool {
			return c.s.cfg.Audit != nil && (c.about.Member || c.about.Invited || c.about.Power >= roster.Admin)
		},
		run: func(ctx context.Context, c *call, _ values) (*answer, error) {
			limit := maxHistory
			if c.chat {
				limit /= 2
			}
			all, err := c.s.cfg.Audit.Audit(ctx, audit.Query{Group: c.group.Name(), Member: c.bare, Limit: limit + 1})
			if err != nil {
				return nil, err
			}
			return c.history(all, limit), nil
		},
	}
}

// history puts entries into words, the latest first. What is older than the
// group was about another one of its name.
func (c *call) history(all []audit.Entry, limit int) *answer {
	a := &answer{title: c.say("What is recorded of you in %s", c.title())}
	for i := range all {
		if len(a.fields) == limit {
			a.notes = append(a.notes, note{info, c.say("There is more that is older.")})
			break
		}
		e := &all[i]
		a.fields = append(a.fields, field{kind: data.TypeText, name: e.At.UTC().Format("2006-01-02T15:04:05.000Z"),
			label: e.At.UTC().Format(day), values: []string{c.event(e)}})
		if e.Action == audit.GroupCreate {
			break
		}
	}
	if len(a.fields) == 0 {
		return told(c.say("Nothing is recorded of you here."))
	}
	return a
}

// event is one entry: what, about whom, and by whom. Others stand in it only
// by what the caller himself did to them.
func (c *call) event(e *audit.Entry) string {
	what := c.action(e)
	switch {
	case e.Subject == c.bare:
		what += ": " + c.say("you")
	case strings.HasPrefix(e.Subject, audit.Forgotten):
		what += ": " + c.say("somebody who was forgotten")
	case e.Subject != "":
		what += ": " + e.Subject
	}
	if detail := oneLine(e.Detail); detail != "" && e.Action != audit.Visitor {
		what += " (" + shorten(detail, 2*maxNote) + ")"
	}
	return what + ", " + c.by(e.Actor)
}

// by says who did it, as far as the caller may know.
func (c *call) by(actor string) string {
	switch {
	case actor == c.bare:
		return c.say("by you")
	case actor == audit.Service:
		return c.say("by the service")
	case strings.HasPrefix(actor, audit.Socket):
		return c.say("by the server's admin")
	case strings.HasPrefix(actor, audit.Forgotten):
		return c.say("by somebody who was forgotten")
	case c.mayName(actor):
		return c.say("by %s", actor)
	}
	return c.say("by an admin")
}

// mayName says whether the caller may know who it was: admins may, and who sees
// the list of members that he is in.
func (c *call) mayName(who string) bool {
	if c.about.Power >= roster.Admin {
		return true
	}
	x, err := c.group.Explain(c.bare, who)
	return err == nil && x.Known && x.Member
}

// action is what was done.
func (c *call) action(e *audit.Entry) string {
	switch e.Action {
	case audit.GroupCreate:
		return c.say("group created")
	case audit.GroupSettings:
		return c.say("settings changed")
	case audit.MemberAdd:
		return c.say("member added")
	case audit.MemberChange:
		return c.say("member changed")
	case audit.MemberRemove:
		return c.say("member removed")
	case audit.PolicySet:
		return c.say("own rules set")
	case audit.PolicyDefault:
		return c.say("own rules taken back")
	case audit.TrustSet:
		return c.say("who may say something for you changed")
	case audit.Report:
		return c.say("something said on behalf of somebody")
	case audit.Visitor:
		return c.visitorAction(e.Detail)
	}
	return e.Action
}

func (c *call) visitorAction(state string) string {
	s, err := roster.ParseVisitorState(state)
	if err != nil {
		return state
	}
	switch s {
	case roster.Invited:
		return c.say("invited")
	case roster.Applied:
		return c.say("asked to join")
	case roster.Rejected:
		return c.say("turned away")
	case roster.Declined:
		return c.say("invitation declined")
	}
	return c.say("banned")
}
