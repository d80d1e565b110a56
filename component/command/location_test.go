package command

import (
	"strings"
	"testing"
)

// How exactly others see where somebody is, by chat and by command.
func TestLocation(t *testing.T) {
	w := newWorld(t)
	nobody := func(what string) string {
		return "Nobody in Team sees where you are. If you let them, they see: " + what + "."
	}
	w.play([]scene{
		{"bob", team, "location", nobody("everything that your client says of it")},
		{"bob", team, "location town", nobody("country, region and town")},
		{"bob", team, "location 10 km", nobody("the town, and coordinates to about 10 km")},
		{"bob", team, "Standort 1km", nobody("the town, and coordinates to about 1 km")},
		{"bob", team, "ort Bundesland", nobody("country and region")},
		{"bob", team, "location street", "They see: "},
		{"bob", team, "location", nobody("country and region")},
		{"bob", team, "share everything", "What others see of you in Team\nMembers: everything\nWhere you are: country and region"},
		{"bob", team, "location land", "Whom you let see in Team where you are sees: the country."},
		{"bob", team, "share nothing", "What others see of you in Team\nEverybody: nothing"},
		{"bob", team, "help location", "location – how exactly others see where you are\nlocation country\n"},
		{"bob", "groups.example.org", "location", "I do not know"},
		{"mia", "open@groups.example.org", "location", "I do not know"},
	})
	form := w.iq("bob", team, "set", "<command xmlns='http://jabber.org/protocol/commands' node='urn:xmpp:tmp:group-presence:0#location'/>")
	for _, want := range []string{"How exactly others see in Team where you are", `var="precision"`, "<value>country</value>", `<option label="country, region and town"><value>locality</value>`} {
		if !strings.Contains(form, want) {
			t.Errorf("no %s in %s", want, form)
		}
	}
}
