package tty

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// published is what a row shows of what the member says beside his presence:
// whether he wants to be reached, mood, activity, place and time zone, and music,
// which needs the most room.
func published(m *watch.Member) (all []string) {
	all = unwilling(m)
	music := ""
	for i := range m.Payloads {
		p := &m.Payloads[i]
		text := ""
		switch p.XMLName.Space {
		case "http://jabber.org/protocol/mood", "http://jabber.org/protocol/activity":
			text = ownWords(p)
		case "http://jabber.org/protocol/tune":
			music = Clean(joined(" – ", child(p, "artist"), child(p, "title")))
		case "http://jabber.org/protocol/geoloc":
			text = whereabouts(p)
		}
		if text = Clean(text); text != "" {
			all = append(all, text)
		}
	}
	if m.Timezone != "" {
		all = append(all, Clean(strings.TrimSuffix("UTC"+m.Timezone, "Z")))
	}
	if music != "" {
		all = append(all, "♪ "+music)
	}
	return all
}

// ownWords is the text of a mood or an activity, or else its most special word.
func ownWords(p *watch.Payload) (word string) {
	if text := child(p, "text"); text != "" {
		return text
	}
	for _, c := range p.Children {
		if c.XMLName.Local == "text" {
			continue
		}
		word = c.XMLName.Local
		if len(c.Children) > 0 && c.Children[0].XMLName.Local != "other" {
			word = c.Children[0].XMLName.Local
		}
	}
	return strings.ReplaceAll(word, "_", " ")
}

// whereabouts is the name of a place, or else the point.
func whereabouts(p *watch.Payload) string {
	town := child(p, "locality")
	if town == "" {
		town = child(p, "region")
	}
	for _, text := range []string{joined(", ", town, child(p, "country")), child(p, "countrycode"), child(p, "text"), child(p, "description")} {
		if text != "" {
			return text
		}
	}
	if lat, lon := child(p, "lat"), child(p, "lon"); lat != "" && lon != "" {
		return lat + ", " + lon
	}
	return ""
}

// beside is what a row has no room for: what the member calls himself, speaks,
// likes, looks like and is reached at.
func beside(m *watch.Member) string {
	var all []string
	if len(m.Languages) > 0 {
		all = append(all, "speaks "+strings.Join(m.Languages, " "))
	}
	if len(m.Interests) > 0 {
		all = append(all, "likes "+strings.Join(likes(m.Interests), ", "))
	}
	for i := range m.Payloads {
		p := &m.Payloads[i]
		switch p.XMLName.Space + " " + p.XMLName.Local {
		case "http://jabber.org/protocol/nick nick":
			all = append(all, "calls himself "+p.Text)
		case "urn:xmpp:reach:0 reach":
			all = append(all, "is reached at "+strings.Join(attrs(p.Children, "uri"), ", "))
		case "urn:xmpp:avatar:metadata metadata":
			all = append(all, "has the picture "+strings.Join(attrs(p.Children, "id"), ", "))
		case "vcard-temp:x:update x":
			all = append(all, "has the picture "+child(p, "photo"))
		}
	}
	return Clean(strings.Join(all, "; "))
}

// child is the text of the first child of that name, "" if there is none.
func child(p *watch.Payload, name string) string {
	for _, c := range p.Children {
		if c.XMLName.Local == name {
			return strings.TrimSpace(c.Text)
		}
	}
	return ""
}

func likes(list []watch.Interest) (all []string) {
	for _, c := range list {
		all = append(all, c.Text)
	}
	return all
}

func attrs(list []watch.Payload, name string) (all []string) {
	for _, c := range list {
		for _, a := range c.Attrs {
			if a.Name.Local == name {
				all = append(all, a.Value)
			}
		}
	}
	return all
}

func joined(between string, all ...string) (s string) {
	for _, one := range all {
		if s != "" && one != "" {
			s += between
		}
		s += one
	}
	return s
}
