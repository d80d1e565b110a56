package command

import (
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// attributeNames are the presence attributes as people call them, in the order
// of the contract; the words of policies are the keys.
var attributeNames = [...]struct{ word, label string }{
	{"counted", "being counted"},
	{"availability", "being available"},
	{"connection", "state of the connection"},
	{"show", "away or busy"},
	{"status", "status text"},
	{"devices", "devices"},
	{"idle", "idle since when"},
	{"capabilities", "what the client can do"},
	{"mood", "mood"},
	{"activity", "activity"},
	{"tune", "music"},
	{"interests", "interests"},
	{"language", "language"},
	{"location", "location"},
	{"nickname", "nickname"},
	{"avatar", "picture"},
	{"timezone", "time zone"},
	{"addresses", "other addresses"},
	{"willingness", "willingness to communicate"},
}

// attributes puts a set of attributes into words.
func (c *call) attributes(m policy.Mask) string {
	var has, lacks []string
	for _, a := range attributeNames {
		bit, err := policy.ParseMask(a.word)
		if err != nil {
			continue
		}
		if bit == policy.Counted && m.Has(policy.Availability) {
			continue // goes without saying
		}
		if m.Has(bit) {
			has = append(has, c.say(a.label))
		} else {
			lacks = append(lacks, c.say(a.label))
		}
	}
	switch {
	case len(has) == 0:
		return c.say("nothing")
	case len(lacks) == 0:
		return c.say("everything")
	case len(lacks) <= 4 && len(has) > 4:
		return c.say("everything but %s", c.and(lacks))
	}
	return strings.Join(has, ", ")
}

// and is a list as people read it.
func (c *call) and(all []string) string {
	last := len(all) - 1
	if last == 0 {
		return all[0]
	}
	return c.say("%s and %s", strings.Join(all[:last], ", "), all[last])
}
