package source

import (
	"encoding/xml"
	"errors"
	"fmt"
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

// refusal is the error that an answer is; nil if it is a result.
func refusal(raw []byte) error {
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

// escape is s as it stands in an attribute or a text.
func escape(s string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(s)) // a builder takes everything
	return b.String()
}
