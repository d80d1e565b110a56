package source

import (
	"encoding/xml"
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	nsDiscoInfo  = "http://jabber.org/protocol/disco#info"
	nsDiscoItems = "http://jabber.org/protocol/disco#items"
	nsPubSub     = "http://jabber.org/protocol/pubsub"
	nsRSM        = "http://jabber.org/protocol/rsm"
)

// ErrRefused: the other side answered with an error.
var ErrRefused = errors.New("refused")

type wireError struct {
	Type  string `xml:"type,attr"`
	Error *struct {
		Type       string                       `xml:"type,attr"`
		Text       string                       `xml:"text"`
		Conditions []struct{ XMLName xml.Name } `xml:",any"`
	} `xml:"error"`
}

// conditions are those of an error, and what it says is to be done about it
// (RFC 6120 §8.3.2).
func (w *wireError) conditions() (todo string, all []string) {
	if w.Error == nil {
		return "", nil
	}
	for _, c := range w.Error.Conditions {
		all = append(all, c.XMLName.Local)
	}
	return w.Error.Type, all
}

// Refusal is the error that an answer is; nil if it is a result.
func Refusal(raw []byte) error {
	var w wireError
	if err := xml.Unmarshal(raw, &w); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if w.Type != "error" {
		return nil
	}
	_, words := w.conditions()
	if w.Error != nil && w.Error.Text != "" {
		words = append(words, "("+w.Error.Text+")")
	}
	return fmt.Errorf("%w: %s", ErrRefused, strings.Join(words, " "))
}

// absent are conditions by which a server says that it could not deliver (RFC
// 6120 §8.3.3).
var absent = []string{"remote-server-not-found", "remote-server-timeout", "service-unavailable", "recipient-unavailable"}

// Absent says whether an error comes from a server, because who was asked is not
// there.
func Absent(raw []byte) bool {
	var w wireError
	if xml.Unmarshal(raw, &w) != nil {
		return false
	}
	_, all := w.conditions()
	return slices.ContainsFunc(all, func(c string) bool { return slices.Contains(absent, c) })
}

// escape is s as it stands in an attribute or a text.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}
