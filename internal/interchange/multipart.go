package interchange

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/rollcall-xmpp/rollcall/watch"
)

// The elements of RLMI (RFC 4662 §5.1).
type (
	list struct {
		XMLName   xml.Name   `xml:"urn:ietf:params:xml:ns:rlmi list"`
		URI       string     `xml:"uri,attr"`
		Version   int        `xml:"version,attr"`
		FullState bool       `xml:"fullState,attr"`
		Name      string     `xml:"name,omitempty"`
		Resources []resource `xml:"resource"`
	}
	resource struct {
		URI      string `xml:"uri,attr"`
		Name     string `xml:"name,omitempty"`
		Instance instance
	}
	instance struct {
		XMLName xml.Name `xml:"instance"`
		ID      string   `xml:"id,attr"`
		State   string   `xml:"state,attr"`
		Reason  string   `xml:"reason,attr,omitempty"`
		CID     string   `xml:"cid,attr,omitempty"`
		Member  *basic
	}
	// basic is who the member is, in the words of group presence.
	basic struct {
		XMLName    xml.Name    `xml:"urn:xmpp:tmp:group-presence:0 member"`
		JID        string      `xml:"jid,attr"`
		Nick       string      `xml:"nick,attr,omitempty"`
		Roles      string      `xml:"roles,attr,omitempty"`
		Attributes []attribute `xml:"attribute"`
	}
	attribute struct {
		Name  string `xml:"name,attr"`
		Value string `xml:",chardata"`
	}
)

// Multipart writes the group with its header: a root of RLMI and a part for
// each member.
func (g *Group) Multipart(w io.Writer) error {
	var entity bytes.Buffer
	kind, err := g.Entity(&entity)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "MIME-Version: 1.0\r\nContent-Type: %s\r\n\r\n%s", kind, entity.Bytes()); err != nil {
		return fmt.Errorf("write multipart: %w", err)
	}
	return nil
}

// Entity writes the same without its header, and returns the Content-Type that
// belongs there.
func (g *Group) Entity(w io.Writer) (kind string, err error) {
	m := multipart.NewWriter(w)
	kind = mime.FormatMediaType("multipart/related", map[string]string{
		"type": "application/rlmi+xml", "start": "<" + g.root() + ">", "boundary": m.Boundary()})
	return kind, g.parts(m)
}

// root is the Content-ID of the list.
func (g *Group) root() string { return "list." + g.JID }

func (g *Group) parts(m *multipart.Writer) error {
	rlmi, err := document(g.list())
	if err != nil {
		return err
	}
	if err := part(m, g.root(), "application/rlmi+xml", rlmi); err != nil {
		return err
	}
	for i, member := range g.Members {
		pidf, err := PIDF(member)
		if err != nil {
			return err
		}
		if err := part(m, g.cid(i), "application/pidf+xml", pidf); err != nil {
			return err
		}
	}
	if err := m.Close(); err != nil {
		return fmt.Errorf("write multipart: %w", err)
	}
	return nil
}

// cid is the Content-ID of the i-th member's part.
func (g *Group) cid(i int) string { return strconv.Itoa(i+1) + "." + g.JID }

func part(m *multipart.Writer, id, kind string, body []byte) error {
	w, err := m.CreatePart(textproto.MIMEHeader{
		"Content-Id": {"<" + id + ">"}, "Content-Type": {kind + `; charset="UTF-8"`}, "Content-Transfer-Encoding": {"binary"}})
	if err == nil {
		_, err = w.Write(body)
	}
	if err != nil {
		return fmt.Errorf("write part: %w", err)
	}
	return nil
}

func (g *Group) list() *list {
	l := &list{URI: presURI(g.JID), Version: g.Version, FullState: !g.Partial, Name: g.Info.Name}
	for i, m := range g.Members {
		l.Resources = append(l.Resources, resource{presURI(m.JID), m.Nick,
			instance{ID: "1", State: "active", CID: g.cid(i), Member: basicOf(m)}})
	}
	for _, jid := range g.Gone {
		l.Resources = append(l.Resources, resource{URI: presURI(jid), Instance: instance{ID: "1", State: "terminated", Reason: "noresource"}})
	}
	return l
}

func basicOf(m *watch.Member) *basic {
	b := &basic{JID: m.JID, Nick: m.Nick, Roles: strings.Join(m.Roles, " ")}
	for _, a := range m.Attributes {
		b.Attributes = append(b.Attributes, attribute(a))
	}
	return b
}
