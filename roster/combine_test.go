package roster_test

import (
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// TestCombination is the rule by which several devices become one state
// (RFC 6121 leaves it to us): who takes messages before who does not, the
// most available, the highest priority, the most recent.
func TestCombination(t *testing.T) {
	type device struct {
		resource string
		show     roster.Show
		priority int8
		status   string
	}
	for _, c := range []struct {
		name    string
		devices []device // in the order in which they are heard
		show    roster.Show
		status  string
	}{
		{"nobody", nil, roster.Offline, ""},
		{"one", []device{{"a", roster.Away, 0, "s"}}, roster.Away, "s"},
		{"the more available, late", []device{{"a", roster.Away, 0, "a"}, {"b", roster.Online, 0, "b"}}, roster.Online, "b"},
		{"the more available, early", []device{{"a", roster.Online, 0, "a"}, {"b", roster.Away, 0, "b"}}, roster.Online, "a"},
		{"chat before plain", []device{{"a", roster.Chat, 0, "a"}, {"b", roster.Online, 0, "b"}}, roster.Chat, "a"},
		{"dnd before away", []device{{"a", roster.DND, 0, "a"}, {"b", roster.Away, 9, "b"}}, roster.DND, "a"},
		{"away before xa", []device{{"a", roster.XA, 9, "a"}, {"b", roster.Away, 0, "b"}}, roster.Away, "b"},
		{"priority decides among equals", []device{{"a", roster.Away, 5, "a"}, {"b", roster.Away, 1, "b"}}, roster.Away, "a"},
		{"then the last word", []device{{"a", roster.Away, 1, "a"}, {"b", roster.Away, 1, "b"}}, roster.Away, "b"},
		{"the last word again", []device{{"a", roster.Away, 1, "a"}, {"b", roster.Away, 1, "b"}, {"a", roster.Away, 1, "c"}}, roster.Away, "c"},
		{"no messages, so last", []device{{"a", roster.Chat, -1, "a"}, {"b", roster.XA, 0, "b"}}, roster.XA, "b"},
		{"nobody takes messages", []device{{"a", roster.Chat, -1, "a"}, {"b", roster.XA, -1, "b"}}, roster.Chat, "a"},
		{"one leaves", []device{{"a", roster.Chat, 0, "a"}, {"b", roster.Away, 0, "b"}, {"a", roster.Offline, 0, ""}}, roster.Away, "b"},
		{"all leave", []device{{"a", roster.Chat, 0, "a"}, {"b", roster.Away, 0, "b"}, {"", roster.Offline, 0, ""}}, roster.Offline, ""},
		{"one changes for the worse", []device{{"a", roster.Chat, 0, "a"}, {"b", roster.Away, 0, "b"}, {"a", roster.XA, 0, "z"}}, roster.Away, "b"},
		{"a stranger leaves", []device{{"a", roster.DND, 0, "a"}, {"x", roster.Offline, 0, ""}}, roster.DND, "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := play(t, team("ann"))
			for _, d := range c.devices {
				s.g.Hear([]byte(at("ann")), []byte(d.resource), &roster.Presence{Show: d.show, Priority: d.priority, Status: []byte(d.status)})
			}
			want := memberLine(roster.NodePresence, &roster.Item{JID: at("ann"), Show: c.show, Status: c.status})
			a := policy.Default()
			a.Rules[0].Except |= policy.Devices
			s.g.SetAuthorization(at("ann"), &a)
			s.w.people = nil // the model has no part in this
			if err := s.g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: at("ann"), To: at("ann"), Max: -1, Index: -1}); err != nil {
				t.Fatal(err)
			}
			b, _ := s.g.Turn(nil, 1)
			if got := read(t, b)[0].items[0].text; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func TestDevicesAreBounded(t *testing.T) {
	s := play(t, team("ann"))
	for i := range roster.MaxDevices + 5 {
		s.g.Hear([]byte(at("ann")), []byte{byte('A' + i)}, &roster.Presence{Show: roster.XA})
	}
	s.g.Hear([]byte(at("ann")), []byte{byte('A' + roster.MaxDevices)}, &roster.Presence{Show: roster.Chat})
	if err := s.g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: at("ann"), To: at("ann"), Max: -1, Index: -1}); err != nil {
		t.Fatal(err)
	}
	b, _ := s.g.Turn(nil, 1)
	it := roster.Item{JID: at("ann"), Show: roster.XA}
	for i := range roster.MaxDevices {
		it.Devices = append(it.Devices, roster.Device{Name: string(rune('A' + i)), Show: roster.XA, Connection: "on"})
	}
	if got, want := read(t, b)[0].items[0].text, memberLine(roster.NodePresence, &it); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLongStatusIsCut(t *testing.T) {
	s := play(t, team("ann"))
	long := make([]byte, roster.MaxStatus-1, 2*roster.MaxStatus)
	for i := range long {
		long[i] = 'a'
	}
	s.g.Hear([]byte(at("ann")), []byte("desk"), &roster.Presence{Show: roster.Online, Status: append(long, "äöü"...)})
	if err := s.g.Ask(&roster.Question{Node: roster.NodePresence, Watcher: at("ann"), To: at("ann"), Max: -1, Index: -1}); err != nil {
		t.Fatal(err)
	}
	b, _ := s.g.Turn(nil, 1)
	want := memberLine(roster.NodePresence, &roster.Item{JID: at("ann"), Show: roster.Online, Status: string(long),
		Devices: []roster.Device{{Name: "desk", Show: roster.Online, Connection: "on"}}})
	if got := read(t, b)[0].items[0].text; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
