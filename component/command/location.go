package command

import (
	"context"
	"strings"

	data "mellium.im/xmpp/form"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// locationWord is how exactly those who may see where the caller is see it.
func locationWord() word {
	return word{
		name: "location", also: []string{"standort", "ort", "place", "precision"}, at: atGroup,
		label: "How exactly others see where you are",
		usage: "location – how exactly others see where you are",
		such:  "location country; location region; location town; location 10km; location 1km; location exact",
		may:   isMember,
		form: func(_ context.Context, c *call) (*form, error) {
			now, err := c.group.Precision(c.bare)
			if err != nil {
				return nil, err
			}
			return c.locationForm(now), nil
		},
		read: func(_ context.Context, _ *call, l *line) (values, error) {
			if len(l.words) == 0 {
				return nil, nil
			}
			return values{fieldPrecision: {readPrecision(l.words)}}, nil
		},
		run: func(ctx context.Context, c *call, in values) (*answer, error) {
			if in != nil {
				p, err := roster.ParsePrecision(in.one(fieldPrecision))
				if err != nil {
					return nil, err
				}
				if err := c.group.SetPrecision(ctx, c.bare, p); err != nil {
					return nil, err
				}
			}
			return c.location()
		},
	}
}

const fieldPrecision = "precision"

// places are the precisions as people call them.
var places = [...]struct {
	as    roster.Precision
	label string
	words string // in a chat, folded, between spaces
}{
	{roster.Country, "the country", " country land staat "},
	{roster.Region, "country and region", " region state county bundesland kreis "},
	{roster.Locality, "country, region and town", " locality town city stadt ort dorf village "},
	{roster.Rough, "the town, and coordinates to about 10 km", " 10km 10 rough ungefahr "},
	{roster.Near, "the town, and coordinates to about 1 km", " 1km 1 near "},
	{roster.Exact, "everything that your client says of it", " exact exactly everything all genau alles "},
}

func (c *call) locationForm(now roster.Precision) *form {
	f := field{name: fieldPrecision, kind: data.TypeList, label: c.say("They see"), values: []string{now.String()}, required: true}
	for _, x := range places {
		f.options = append(f.options, option{x.as.String(), c.say(x.label)})
	}
	return &form{
		title:        c.say("How exactly others see in %s where you are", c.title()),
		instructions: c.say("It counts for those whom you let see your location. Your client has to publish that; what is finer than you say here is not kept."),
		fields:       []field{f},
	}
}

// location says how it stands.
func (c *call) location() (*answer, error) {
	now, err := c.group.Precision(c.bare)
	if err != nil {
		return nil, err
	}
	p, err := c.privacy()
	if err != nil {
		return nil, err
	}
	if !p.locates() {
		return told(c.say("Nobody in %s sees where you are. If you let them, they see: %s.", c.title(), c.precision(now))), nil
	}
	return told(c.say("Whom you let see in %s where you are sees: %s.", c.title(), c.precision(now))), nil
}

// precision is p as people call it.
func (c *call) precision(p roster.Precision) string {
	for _, x := range places {
		if x.as == p {
			return c.say(x.label)
		}
	}
	return p.String()
}

// readPrecision makes of what somebody wrote the value of the form's field, as
// far as it is understood.
func readPrecision(list []string) string {
	said := fold(strings.Join(list, ""))
	for _, x := range places {
		if strings.Contains(x.words, " "+said+" ") {
			return x.as.String()
		}
	}
	return said
}
