package watch

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	nsXML  = "http://www.w3.org/XML/1998/namespace"
	xmlTag = "xml:" // the only prefix that a payload may have
)

// wireJSON is the one item of an event whose items are JSON (docs/protocol.md
// §16): all that changed, and where that leads.
type wireJSON struct {
	Info    *Info     `json:"info"`
	Summary *Summary  `json:"summary"`
	Members []wireRow `json:"members"`
	From    string    `json:"from"`
	To      string    `json:"to"`
	Full    bool      `json:"full"`
	Part    string    `json:"part"`
}

// wireRow is a member in it.
type wireRow struct {
	Member
	Gone bool   `json:"gone"`
	Show Show   `json:"show"` // "" = the node tells no presence
	Idle string `json:"idle"`
}

func (w *wireRow) member() *Member {
	m := &w.Member
	m.Known, m.Show = w.Show != "", Offline
	if m.Known && w.Show != Offline {
		m.Show = showOf(string(w.Show))
	}
	m.Idle, _ = time.Parse(time.RFC3339, w.Idle) // a member's own word: nonsense is no idleness
	for i := range m.Devices {
		m.Devices[i].Show = showOf(string(m.Devices[i].Show))
	}
	return m
}

// unpack brings a message that was read to the form in which tables share it.
func (w *wireMessage) unpack() error {
	if w.Event == nil || w.Event.Items == nil {
		return nil
	}
	return w.Event.Items.unpack(&w.State)
}

// read reads an answer.
func (w *wireAnswer) read(d *xml.Decoder) error {
	if err := d.Decode(w); err != nil || w.PubSub == nil {
		return err
	}
	return w.PubSub.Items.unpack(&w.PubSub.State)
}

// unpack puts items in the place of one that is JSON, and in *s what that says
// of the state.
func (w *wireItems) unpack(s **wireState) error {
	for i := range w.Items {
		if m := w.Items[i].Member; m != nil {
			tidy(m.Payloads)
		}
	}
	i := slices.IndexFunc(w.Items, func(it wireItem) bool { return it.JSON != nil })
	if i < 0 {
		return nil
	}
	var j wireJSON
	if err := json.Unmarshal([]byte(*w.Items[i].JSON), &j); err != nil {
		return fmt.Errorf("read json: %w", err)
	}
	w.Items = nil
	if j.Info != nil {
		w.Items = append(w.Items, wireItem{ID: "info", info: j.Info})
	}
	if j.Summary != nil {
		w.Items = append(w.Items, wireItem{ID: "summary", Summary: j.Summary})
	}
	for k := range j.Members {
		it := wireItem{ID: j.Members[k].JID}
		if j.Members[k].Gone {
			it.Gone = &struct{}{}
		} else {
			it.row = j.Members[k].member()
		}
		w.Items = append(w.Items, it)
	}
	*s = &wireState{From: j.From, To: j.To, Full: j.Full, Part: j.Part}
	return nil
}

// jsonPayload is a payload as JSON: the namespace of the outermost element is
// that of all in it.
type jsonPayload struct {
	Name     string            `json:"name"`
	NS       string            `json:"ns,omitempty"`
	Attrs    map[string]string `json:"attrs,omitempty"`
	Text     string            `json:"text,omitempty"`
	Children []jsonPayload     `json:"children,omitempty"`
}

// MarshalJSON implements [json.Marshaler]: {"name": "mood", "ns": "…",
// "children": [{"name": "happy"}]}.
func (p Payload) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(p.json(""))
	if err != nil {
		return nil, fmt.Errorf("write payload: %w", err)
	}
	return text, nil
}

func (p *Payload) json(around string) jsonPayload {
	j := jsonPayload{Name: p.XMLName.Local, Text: p.Text}
	if p.XMLName.Space != around {
		j.NS = p.XMLName.Space
	}
	for _, a := range p.Attrs {
		name := a.Name.Local
		if a.Name.Space == nsXML {
			name = xmlTag + name
		}
		if j.Attrs == nil {
			j.Attrs = map[string]string{}
		}
		j.Attrs[name] = a.Value
	}
	for i := range p.Children {
		j.Children = append(j.Children, p.Children[i].json(p.XMLName.Space))
	}
	return j
}

// UnmarshalJSON implements [json.Unmarshaler].
func (p *Payload) UnmarshalJSON(text []byte) error {
	var j jsonPayload
	if err := json.Unmarshal(text, &j); err != nil {
		return fmt.Errorf("read payload: %w", err)
	}
	*p = j.payload("")
	return nil
}

func (j *jsonPayload) payload(around string) Payload {
	p := Payload{XMLName: xml.Name{Space: j.NS, Local: j.Name}, Text: j.Text}
	if p.XMLName.Space == "" {
		p.XMLName.Space = around
	}
	for _, name := range slices.Sorted(maps.Keys(j.Attrs)) {
		a := xml.Attr{Name: xml.Name{Local: name}, Value: j.Attrs[name]}
		if local, ok := strings.CutPrefix(name, xmlTag); ok {
			a.Name = xml.Name{Space: nsXML, Local: local}
		}
		p.Attrs = append(p.Attrs, a)
	}
	for i := range j.Children {
		p.Children = append(p.Children, j.Children[i].payload(p.XMLName.Space))
	}
	return p
}

// tidy takes the declarations of namespaces from the attributes, and sorts the
// others: there is no order in them.
func tidy(list []Payload) {
	for i := range list {
		p := &list[i]
		p.Attrs = slices.DeleteFunc(p.Attrs, func(a xml.Attr) bool { return a.Name.Local == "xmlns" || a.Name.Space == "xmlns" })
		slices.SortFunc(p.Attrs, func(a, b xml.Attr) int { return strings.Compare(attrName(a), attrName(b)) })
		if len(p.Attrs) == 0 {
			p.Attrs = nil
		}
		tidy(p.Children)
	}
}

func attrName(a xml.Attr) string {
	if a.Name.Space == nsXML {
		return xmlTag + a.Name.Local
	}
	return a.Name.Local
}
