package tty_test

import (
	"encoding/xml"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/tty"
	"github.com/rollcall-xmpp/rollcall/watch"
)

func TestDescribe(t *testing.T) {
	a := &watch.Member{Nick: "Anna", Roles: []string{"lead"}, Presence: watch.Presence{Show: watch.Away, Status: "Lunch", Devices: []watch.Device{{Name: "phone"}}}}
	b := &watch.Member{Nick: "Anna", Roles: []string{"ops"}, Presence: watch.Presence{Show: watch.DND, Idle: time.Unix(1, 0), Devices: []watch.Device{{Name: "desk"}, {Name: "phone"}}}}
	off := &watch.Member{Nick: "Anna", Roles: []string{"lead"}, Presence: watch.Presence{Show: watch.Offline}}
	payload := func(space, local string, children ...watch.Payload) watch.Payload {
		return watch.Payload{XMLName: xml.Name{Space: "http://jabber.org/protocol/" + space, Local: local}, Children: children}
	}
	text := func(local, s string) watch.Payload { return watch.Payload{XMLName: xml.Name{Local: local}, Text: s} }
	cut := &watch.Member{Nick: "Anna", Roles: []string{"lead"}, Presence: watch.Presence{Show: watch.Away, Status: "Lunch", Devices: []watch.Device{{Name: "phone", Connection: "interrupted"}}}}
	rich := &watch.Member{Nick: "Anna", Roles: []string{"lead"}, Presence: watch.Presence{Show: watch.Away, Status: "Lunch", Devices: a.Devices, Payloads: []watch.Payload{
		payload("mood", "mood", text("in_love", "")), payload("tune", "tune", text("title", "Star\x1bship"), text("artist", "Yes")), payload("other", "x")}}}
	words := *a
	words.Reported = []watch.Report{{Of: "status", Source: "cal@x"}}
	words.Willing = []watch.Willing{{}, {App: "mail", Value: true}, {App: "voice", Source: "cal@x"}}
	more := &watch.Member{Nick: "Anna", Roles: []string{"lead"}, Presence: watch.Presence{Show: watch.Away, Status: "Lunch", Devices: a.Devices, Payloads: []watch.Payload{
		payload("activity", "activity", payload("activity", "relaxing", text("partying", ""))), payload("geoloc", "geoloc", text("country", "Italy"), text("locality", "Venice"))}, Timezone: "+05:45"}}
	beside := &watch.Member{Nick: "Anna", Roles: []string{"lead"}, Presence: watch.Presence{Show: watch.Away, Status: "Lunch", Devices: a.Devices, Payloads: []watch.Payload{
		{XMLName: xml.Name{Space: "http://jabber.org/protocol/nick", Local: "nick"}, Text: "Ally"},
		{XMLName: xml.Name{Space: "urn:xmpp:reach:0", Local: "reach"}, Children: []watch.Payload{{XMLName: xml.Name{Local: "addr"}, Attrs: []xml.Attr{{Name: xml.Name{Local: "uri"}, Value: "tel:1"}}}}},
		{XMLName: xml.Name{Space: "vcard-temp:x:update", Local: "x"}, Children: []watch.Payload{text("photo", "357a")}}},
		Languages: []string{"de", "en"}, Interests: []watch.Interest{{Kind: "hobby", Text: "chess"}, {Kind: "hobby", Text: "go"}}}}
	for want, diff := range map[string]watch.Diff{
		"Anna is a member, away “Lunch”": {After: a}, "Anna is no longer a member": {Before: a},
		"Anna: away “Lunch” → away “Lunch” in love ♪ Yes – Star\ufffdship":                                   {Before: a, After: rich},
		"Anna: away “Lunch” → away “Lunch” partying Venice, Italy UTC+05:45":                                 {Before: a, After: more},
		"Anna: speaks de en; likes chess, go; calls himself Ally; is reached at tel:1; has the picture 357a": {Before: a, After: beside},
		"Anna: away “Lunch” → away “Lunch” (cal@x) not willing but mail":                                     {Before: a, After: &words},
		"Anna: away “Lunch” → away “Lunch” interrupted; on phone → phone (interrupted)":                      {Before: a, After: cut},
		"Anna: away “Lunch” → offline":                                                                       {Before: a, After: off},
		"Anna: away “Lunch” → busy idle;  (lead) →  (ops); on phone → desk and phone":                        {Before: a, After: b},
	} {
		if got := tty.Describe(diff); got != want {
			t.Errorf("described as %q, want %q", got, want)
		}
	}
}
