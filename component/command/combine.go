package command

import (
	"context"
	"slices"
	"strings"
	"time"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// combineWord is which of the caller's devices speaks for him.
func combineWord() word {
	return word{
		name: "combine", also: []string{"kombiniere", "kombinieren", "gerate", "geraete", "devices"}, at: atGroup,
		label: "Which of your devices speaks for you",
		usage: "combine – which of your devices speaks for you",
		such:  "combine available; combine priority; combine recent",
		may:   isMember,
		form: func(_ context.Context, c *call) (*form, error) {
			by, err := c.group.Combination(c.bare)
			if err != nil {
				return nil, err
			}
			f := field{name: fieldCombine, kind: data.TypeList, label: c.say("Others see what is said by"), values: []string{by.String()}, required: true}
			for _, x := range speakers {
				f.options = append(f.options, option{x.as.String(), c.say(x.label)})
			}
			return &form{
				title:        c.say("Which of your devices speaks for you in %s", c.title()),
				instructions: c.say("Where you are available with several devices, one of them says for all how you are. One that takes no messages does so only if there is no other."),
				fields:       []field{f},
			}, nil
		},
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			return values{fieldCombine: {readCombination(l.words)}}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in != nil {
				by, err := roster.ParseCombination(in.one(fieldCombine))
				if err != nil {
					return nil, err
				}
				if err := c.group.Combine(ctx, c.bare, by); err != nil {
					return nil, err
				}
			}
			by, err := c.group.Combination(c.bare)
			if err != nil {
				return nil, err
			}
			i := slices.IndexFunc(speakers[:], func(x speaking) bool { return x.as == by })
			return told(c.say("In %s your devices are seen as one: what is said by %s.", c.title(), c.say(speakers[i].label))), nil
		},
	}
}

const fieldCombine = "combine"

// speaking is a rule as people call it.
type speaking struct {
	as    roster.Combination
	label string
	words string // in a chat, folded, between spaces
}

var speakers = [...]speaking{
	{roster.MostAvailable, "the most available one", " available most verfugbar verfugbarste da "},
	{roster.HighestPriority, "the one of highest priority", " priority highest prioritat hochste "},
	{roster.MostRecent, "the one used last", " recent last latest zuletzt letzte "},
}

// readCombination makes of what somebody wrote the value of the form's field, as
// far as it is understood.
func readCombination(list []string) string {
	for _, w := range list {
		for _, x := range speakers {
			if strings.Contains(x.words, " "+fold(w)+" ") {
				return x.as.String()
			}
		}
	}
	return fold(strings.Join(list, " "))
}

// network is what is to be said of how a member's devices are connected, "" if
// that is well: of all of them.
func (c *call) network(it *roster.Item) string {
	best := it.Connection
	for i := range it.Devices {
		if d := it.Devices[i].Connection; best == "" || d == roster.On.String() || best == roster.Off.String() {
			best = d
		}
	}
	switch best {
	case roster.Interrupted.String():
		return c.say("connection interrupted")
	case roster.Off.String():
		return c.say("switched off")
	}
	return ""
}

// idle is for how long a member has not touched his device, "" if he has, or
// says nonsense.
func (c *call) idle(it *roster.Item) string {
	since, err := time.Parse(time.RFC3339, it.Idle)
	if err != nil {
		return ""
	}
	switch d := c.s.cfg.Now().Sub(since); {
	case d < time.Minute:
		return ""
	case d < 2*time.Hour:
		return c.say("idle for %d min", int(d/time.Minute))
	case d < 48*time.Hour:
		return c.say("idle for %d h", int(d/time.Hour))
	default:
		return c.say("idle for %d days", int(min(d/(24*time.Hour), 999)))
	}
}
