package pubsub

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// vcard answers XEP-0054, and XEP-0292 §3 for who asks by iq.
func (s *Service) vcard(ctx context.Context, b []byte, g *roster.Group, d *roster.Description, q *Request) ([]byte, error) {
	switch {
	case q.Set && q.Space == nsVCard && q.Local == "vCard":
		return b, s.setCard(ctx, g, d, q)
	case q.Set:
		return b, forbidden
	}
	return s.cardOf(d).answer(b, q)
}

// answer appends the card in the form that is asked for.
func (c *card) answer(b []byte, q *Request) ([]byte, error) {
	switch {
	case q.Space == nsVCard && q.Local == "vCard":
		return c.appendTemp(b), nil
	case q.Space == nsVCard4 && q.Local == "vcard":
		return c.appendFour(b), nil
	}
	return b, BadRequest
}

// appendTemp appends the card as a vcard-temp (XEP-0054).
func (c *card) appendTemp(b []byte) []byte {
	b = element(append(b, "<vCard xmlns='"+nsVCard+"'>"...), "FN", c.name)
	b = element(append(b, "<N/>"...), "NICKNAME", c.name)
	if c.description != "" {
		b = element(b, "DESC", c.description)
	}
	b = element(b, "JABBERID", c.address)
	c.each(func(f cardField, value string) { b = f.temp(b, value) })
	if p, err := avatar.Inspect(c.picture); err == nil {
		b = element(append(b, "<PHOTO>"...), "TYPE", p.Type)
		b = base64.StdEncoding.AppendEncode(append(b, "<BINVAL>"...), c.picture)
		b = append(b, "</BINVAL></PHOTO>"...)
	}
	return append(b, "</vCard>"...)
}

// wireCard is what is read of a vCard that is set.
type wireCard struct {
	Name        *string `xml:"vcard-temp FN"`
	Description *string `xml:"vcard-temp DESC"`
	Photo       []struct {
		Data string `xml:"vcard-temp BINVAL"`
	} `xml:"vcard-temp PHOTO"`
}

// setCard lets an admin of the group set its picture, and its name and
// description, with what his client has for his own. A vCard without a picture
// brings the generated one back; other fields have commands of their own.
func (s *Service) setCard(ctx context.Context, g *roster.Group, d *roster.Description, q *Request) error {
	if d.Power < roster.Admin {
		return forbidden // before anything is decoded for him
	}
	var w wireCard
	if decode(q.Payload, &w) != nil || len(w.Photo) > 1 {
		return BadRequest
	}
	given, err := w.picture()
	if err != nil {
		return BadRequest
	}
	old := s.cardOf(d)
	if d.Avatar == "" && bytes.Equal(given, old.picture) {
		given = nil // it came from us
	}
	err = g.Edit(ctx, q.Bare(), func(set *roster.Settings) error {
		if w.Name != nil && *w.Name != old.name {
			set.Title = *w.Name
		}
		if w.Description != nil {
			set.Description = *w.Description
		}
		set.Avatar = string(given)
		return nil
	})
	if errors.Is(err, roster.ErrForbidden) {
		return forbidden
	}
	return err
}

// picture decodes the photo, nil if there is none. Clients wrap the lines of
// base64 as they like.
func (w *wireCard) picture() ([]byte, error) {
	if len(w.Photo) == 0 {
		return nil, nil
	}
	text := strings.Join(strings.Fields(w.Photo[0].Data), "")
	if len(text) > base64.StdEncoding.EncodedLen(avatar.MaxSize)+4 {
		return make([]byte, avatar.MaxSize+1), nil // the roster says what is too large
	}
	return base64.StdEncoding.DecodeString(text)
}
