package pubsub

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What a peer tells of members it tells by the items that any watcher gets, so
// what members publish stands there as it is shown, not as it was published.
// It is read as strictly: whoever writes the items is trusted with what they
// say, not with their form.

// ItemElement says which of [roster.Published] an element of a member's item is,
// or 0.
func ItemElement(space, local string) policy.Mask {
	if space != NS {
		return PublishedElement(space, local)
	}
	switch local {
	case "interests":
		return policy.Interests
	case "language":
		return policy.Language
	case "timezone":
		return policy.Timezone
	}
	return 0
}

// ReadItem is [ReadPublished] for such an element as it stands in an item.
// ErrPayload.
func ReadItem(kind policy.Mask, payload []byte, p roster.Precision) ([]byte, error) {
	switch kind {
	case policy.Timezone:
		return readZone(payload)
	case policy.Language:
		return readLanguages(payload)
	case policy.Interests:
		return readInterests(payload)
	case policy.Willingness:
		return nil, fmt.Errorf("%w is several elements", ErrPayload)
	}
	return ReadPublished(kind, payload, p)
}

// shownText is an element of ours with nothing but text.
type shownText struct {
	Text  string `xml:",chardata"`
	Other []struct {
		XMLName xml.Name
	} `xml:",any"`
}

func readText(payload []byte, limit int) (string, error) {
	var w shownText
	if err := decode(payload, &w); err != nil || len(w.Other) > 0 || len(payload) > limit {
		return "", fmt.Errorf("%w is no text", ErrPayload)
	}
	return strings.TrimSpace(w.Text), nil
}

func readZone(payload []byte) ([]byte, error) {
	text, err := readText(payload, roster.MaxPublished)
	if err != nil || !zone.MatchString(text) {
		return nil, fmt.Errorf("%w has no time zone", ErrPayload)
	}
	return append(append([]byte("<timezone>"), text...), "</timezone>"...), nil
}

func readLanguages(payload []byte) ([]byte, error) {
	text, err := readText(payload, roster.MaxPublished)
	if err != nil {
		return nil, err
	}
	var x personal
	for _, tag := range strings.Fields(text) {
		if err := x.add("lang", tag, "", 100); err != nil {
			return nil, err
		}
	}
	return x.append(nil, policy.Language), nil
}

func readInterests(payload []byte) ([]byte, error) {
	var w struct {
		All []struct {
			Kind  string `xml:"kind,attr"`
			Level string `xml:"level,attr"`
			Text  string `xml:",chardata"`
		} `xml:"interest"`
	}
	if err := decode(payload, &w); err != nil || len(payload) > 2*roster.MaxPublished {
		return nil, fmt.Errorf("%w is no list of interests", ErrPayload)
	}
	var x personal
	for _, one := range w.All {
		if levels[one.Kind] == nil {
			continue
		}
		if err := x.add(one.Kind, strings.TrimSpace(one.Text), one.Level, 100); err != nil {
			return nil, err
		}
	}
	return x.append(nil, policy.Interests), nil
}

// ReadWilling reads what an item says of somebody's willingness, with who said
// so. ErrPayload.
func ReadWilling(payload []byte) (x roster.Willing, err error) {
	var w struct {
		wireWord
		Source string `xml:"source,attr"`
	}
	if err := decode(payload, &w); err != nil {
		return x, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	if x, err = w.willing("willing"); err != nil {
		return x, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	if w.Source != "" {
		if x.Source, err = botJID(w.Source); err != nil {
			return x, fmt.Errorf("%w: %w", ErrPayload, err)
		}
	}
	return x, nil
}

// Reported is what somebody said on a member's behalf.
type Reported struct {
	Of     policy.Mask // status, activity
	Source string
	Until  time.Time
}

// ReadReported reads what an item says of that. ErrPayload.
func ReadReported(payload []byte) (r Reported, err error) {
	var w struct {
		Of     string `xml:"of,attr"`
		Source string `xml:"source,attr"`
		Until  string `xml:"until,attr"`
	}
	err = decode(payload, &w)
	if err == nil {
		r.Of, err = policy.ParseMask(w.Of)
	}
	if err == nil {
		r.Source, err = botJID(w.Source)
	}
	if err == nil {
		r.Until, err = optionalTime(w.Until)
	}
	if err == nil && r.Until.IsZero() {
		err = errors.New("no end")
	}
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrPayload, err)
	}
	return r, nil
}

// ReadCan reads what an item says that a device, or all of somebody's, can do;
// nil for nothing. What is not among the words is passed over.
func ReadCan(payload []byte) (*roster.Capabilities, error) {
	var in frame.Scanner
	var ids []roster.Identity
	var able roster.Ability
	for in.Reset(payload); in.Next(); {
		switch {
		case in.Kind != frame.Start:
		case in.Depth == 1:
			able = roster.ParseAbility(strings.Fields(plainAttr(&in, "can")))
		case in.Depth == 2 && in.Is(NS, "identity"):
			id := roster.Identity{Category: plainAttr(&in, "category"), Type: plainAttr(&in, "type")}
			if isToken(id.Category) && isToken(id.Type) && len(ids) < roster.MaxIdentities*roster.MaxCapable {
				ids = append(ids, id)
			}
		}
	}
	if in.Bad() {
		return nil, fmt.Errorf("%w is not whole", ErrPayload)
	}
	return roster.NewCapabilities(ids, able), nil
}

// plainAttr is an attribute without character references: what has some is not
// one of ours.
func plainAttr(in *frame.Scanner, name string) string {
	v := in.Attr(name)
	if bytes.IndexByte(v, '&') >= 0 {
		return ""
	}
	return string(slices.Clone(v))
}
