package play

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

const (
	nsClient = "jabber:client"
	nsPlay   = "play" // the undeclared prefix, as encoding/xml reports it
)

// element is one XML element. Namespace declarations are not among its
// attributes; its text is that between its children, trimmed.
type element struct {
	name     xml.Name
	attrs    []xml.Attr
	children []*element
	text     string
}

// parseTrees reads elements that stand one behind the other in jabber:client.
func parseTrees(text string) ([]*element, error) {
	d := xml.NewDecoder(strings.NewReader(text))
	d.DefaultSpace = nsClient
	root := &element{}
	open := []*element{root}
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("read XML: %w", err)
		}
		top := open[len(open)-1]
		switch t := tok.(type) {
		case xml.StartElement:
			e := &element{name: t.Name}
			for _, a := range t.Attr {
				if a.Name.Space != "xmlns" && a.Name.Local != "xmlns" {
					e.attrs = append(e.attrs, a)
				}
			}
			top.children = append(top.children, e)
			open = append(open, e)
		case xml.EndElement:
			top.text = strings.TrimSpace(top.text)
			open = open[:len(open)-1]
		case xml.CharData:
			top.text += string(t)
		}
	}
	if text := strings.TrimSpace(root.text); text != "" {
		return nil, fmt.Errorf("read XML: text outside of a stanza: %q", text)
	}
	return root.children, nil
}

// attr returns an attribute's value, "" if absent.
func (e *element) attr(name xml.Name) string {
	for _, a := range e.attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return ""
}

// render prints e for people: one element per line unless it is small.
func (e *element) render() string {
	var b strings.Builder
	e.renderTo(&b, "", nsClient)
	return b.String()
}

func (e *element) renderTo(b *strings.Builder, indent, space string) {
	b.WriteString(indent + "<" + e.name.Local)
	if e.name.Space != space {
		b.WriteString(" xmlns=" + lab.Attr(e.name.Space))
	}
	for _, a := range e.attrs {
		b.WriteByte(' ')
		if a.Name.Space != "" {
			prefix := a.Name.Space
			if prefix == "http://www.w3.org/XML/1998/namespace" {
				prefix = "xml"
			}
			b.WriteString(prefix + ":")
		}
		b.WriteString(a.Name.Local + "=" + lab.Attr(a.Value))
	}
	if e.text == "" && len(e.children) == 0 {
		b.WriteString("/>")
		return
	}
	b.WriteString(">" + lab.Text(e.text))
	for _, c := range e.children {
		b.WriteByte('\n')
		c.renderTo(b, indent+"  ", e.name.Space)
	}
	if len(e.children) > 0 {
		b.WriteString("\n" + indent)
	}
	b.WriteString("</" + e.name.Local + ">")
}
