package command

import (
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/policy"
)

// attributeAliases are other words for presence attributes, folded.
var attributeAliases = [...]struct {
	alias string
	mask  policy.Mask
}{
	{"all", policy.All}, {"everything", policy.All}, {"alles", policy.All},
	{"presence", policy.Availability}, {"online", policy.Availability}, {"anwesenheit", policy.Availability}, {"da", policy.Availability}, {"verfugbarkeit", policy.Availability}, {"available", policy.Availability},
	{"away", policy.Show}, {"abwesenheit", policy.Show}, {"verbindung", policy.Connection}, {"text", policy.Status}, {"statustext", policy.Status},
	{"gerat", policy.Devices}, {"gerate", policy.Devices}, {"geraete", policy.Devices}, {"device", policy.Devices}, {"stimmung", policy.Mood}, {"taetigkeit", policy.Activity}, {"tatigkeit", policy.Activity}, {"musik", policy.Tune}, {"music", policy.Tune},
	{"interessen", policy.Interests}, {"sprache", policy.Language}, {"ort", policy.Location}, {"standort", policy.Location}, {"place", policy.Location}, {"position", policy.Location},
	{"nick", policy.Nickname}, {"spitzname", policy.Nickname}, {"picture", policy.Avatar}, {"bild", policy.Avatar}, {"zeitzone", policy.Timezone}, {"adressen", policy.Addresses},
	{"leerlauf", policy.Idle}, {"bereitschaft", policy.Willingness}, {"gezahlt", policy.Counted},
}

// attribute reads one attribute as people write it.
func attribute(w string) (policy.Mask, bool) {
	w = fold(w)
	for _, a := range attributeAliases {
		if a.alias == w {
			return a.mask, true
		}
	}
	m, err := policy.ParseMask(w)
	return m, err == nil && m != 0
}

// isOneOf says whether somebody wrote one of the words.
func isOneOf(w string, all ...string) bool { return slices.Contains(all, fold(w)) }

// readAttributes reads a list such as "everything but location", up to "with"
// or what else is no attribute; rest is what comes behind "with".
func (c *call) readAttributes(list []string) (m policy.Mask, rest []string, err error) {
	var named, except policy.Mask
	into := &named
	for i, w := range list {
		switch {
		case isOneOf(w, "only", "just", "and", "my", "nur", "und", "mein", "meine", "meinen", "me", "nothing", "nichts", "none", "no", "default", "standard", "vorschlag"):
		case isOneOf(w, "but", "except", "without", "not", "ausser", "ohne", "nicht", "bis", "auf"):
			into = &except
		case isOneOf(w, "with", "to", "for", "mit", "an", "fur", "fuer"):
			return (floored(named) &^ except).Closed(), list[i+1:], nil
		default:
			bit, ok := attribute(w)
			if !ok {
				return 0, nil, &fieldError{shorten(w, 40), c.say("I do not know this attribute. There are: %s.", policy.All.String())}
			}
			*into |= bit
		}
	}
	return (floored(named) &^ except).Closed(), nil, nil
}

// floored adds what the named attributes cannot be seen without.
func floored(m policy.Mask) policy.Mask {
	if m&^policy.Counted != 0 {
		m |= policy.Availability | policy.Counted
	}
	return m
}

// readWhom reads whom something is shared with: roles, addresses, members.
func (c *call) readWhom(list []string) (all []policy.Who, err error) {
	for _, w := range list {
		switch {
		case isOneOf(w, "the", "role", "and", "der", "die", "rolle", "und", "with", "mit"):
		case isOneOf(w, "members", "mitglieder", "mitgliedern", "member"):
			all = append(all, policy.Who{Class: policy.Members})
		case isOneOf(w, "everyone", "everybody", "anyone", "all", "alle", "allen", "jeder"):
			all = append(all, policy.Who{Class: policy.Everyone})
		case isOneOf(w, "outsiders", "others", "aussenstehende"):
			all = append(all, policy.Who{Class: policy.Outsiders})
		case strings.HasPrefix(w, "@"):
			all = append(all, policy.Who{Class: policy.Domain, Name: w[1:]})
		case strings.HasPrefix(w, "role:"):
			all = append(all, policy.Who{Class: policy.Role, Name: w[len("role:"):]})
		case strings.Contains(w, "@"):
			j, err := c.readJID(w)
			if err != nil {
				return nil, err
			}
			all = append(all, policy.Who{Class: policy.JID, Name: j})
		default:
			all = append(all, policy.Who{Class: policy.Role, Name: w})
		}
	}
	return all, nil
}

// readJID reads an address; a name without a domain is one at the caller's.
func (c *call) readJID(w string) (string, error) {
	full := w
	if !strings.Contains(full, "@") {
		_, domain, _ := strings.Cut(c.bare, "@")
		full += "@" + domain
	}
	j, ok := bareJID(full)
	if !ok {
		return "", &fieldError{shorten(w, 40), c.say("This is not an address like user@example.org.")}
	}
	return j, nil
}
