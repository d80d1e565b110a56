package pubsub

import (
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// maxGlance bounds one of its words, in characters.
const maxGlance = 100

// Glance is what an item has of a member's mood, activity, place, time zone and
// music, for people who have little room: each on one line. What he does not say
// in his own words is as its XEP has it, in English.
func Glance(it *roster.Item) (all []string) {
	for _, text := range []string{ownWords(it, policy.Mood), ownWords(it, policy.Activity), whereabouts(it), zoneText(it), listening(it)} {
		if utf8.RuneCountInString(text) > maxGlance {
			text = string([]rune(text)[:maxGlance-1]) + "…"
		}
		if text != "" {
			all = append(all, text)
		}
	}
	return all
}

// ownWords is the text of a mood or an activity, or else its most special word.
func ownWords(it *roster.Item, kind policy.Mask) (word string) {
	for x := range parts(it, kind) {
		switch {
		case x.depth == 2 && x.name == "text":
			if x.text != "" {
				return x.text
			}
		case x.depth <= 3 && x.name != "other":
			word = strings.ReplaceAll(x.name, "_", " ")
		}
	}
	return word
}

// listening is what he hears (XEP-0118).
func listening(it *roster.Item) string {
	of := facts(it, policy.Tune)
	if text := joined(" – ", of["artist"], of["title"]); text != "" {
		return "♪ " + text
	}
	return ""
}

// whereabouts is the name of a place (XEP-0080), or else the point.
func whereabouts(it *roster.Item) string {
	of := facts(it, policy.Location)
	town := of["locality"]
	if town == "" {
		town = of["region"]
	}
	for _, text := range []string{joined(", ", town, of["country"]), of["countrycode"], of["text"], of["description"]} {
		if text != "" {
			return text
		}
	}
	if of["lat"] != "" && of["lon"] != "" {
		return of["lat"] + ", " + of["lon"]
	}
	return ""
}

// zoneText is how far his clock is from that of Greenwich.
func zoneText(it *roster.Item) string {
	zone := strings.TrimSuffix(strings.TrimPrefix(it.Publishes(policy.Timezone), "<timezone>"), "</timezone>")
	if zone == "" || zone == "Z" {
		return strings.Replace(zone, "Z", "UTC", 1)
	}
	return "UTC" + zone
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

// facts is the texts of the children of what he published; of two the first.
func facts(it *roster.Item, kind policy.Mask) map[string]string {
	of := map[string]string{}
	for x := range parts(it, kind) {
		if _, twice := of[x.name]; !twice && x.depth == 2 {
			of[x.name] = x.text
		}
	}
	return of
}

// part is an element in what he published.
type part struct {
	name  string
	depth int    // 2 for a child
	text  string // on one line; of a child without children
}

func parts(it *roster.Item, kind policy.Mask) iter.Seq[part] {
	return func(yield func(part) bool) {
		var in frame.Scanner
		at := part{}
		for in.Reset([]byte(it.Publishes(kind))); in.Next(); {
			switch {
			case in.Depth < 2:
			case in.Kind == frame.Start:
				if at.depth > 0 && !yield(at) {
					return
				}
				at = part{name: string(in.Local()), depth: in.Depth}
			case in.Kind == frame.Text && in.Depth == at.depth:
				at.text = strings.Join(strings.Fields(at.text+string(frame.Unescape(nil, in.Text))), " ")
			case in.Kind == frame.End && at.depth > 0:
				if !yield(at) {
					return
				}
				at = part{}
			}
		}
	}
}
