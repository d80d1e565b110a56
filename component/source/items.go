package source

import (
	"context"
	"encoding/xml"
	"fmt"
)

// item is what disco#items lists (XEP-0030 §4).
type item struct {
	JID  string `xml:"jid,attr"`
	Node string `xml:"node,attr"`
	Name string `xml:"name,attr"`
}

type wireItems struct {
	Query struct {
		Items []item `xml:"http://jabber.org/protocol/disco#items item"`
		Set   *struct {
			First struct {
				Index int `xml:"index,attr"`
			} `xml:"first"`
			Last  string `xml:"last"`
			Count int    `xml:"count"`
		} `xml:"http://jabber.org/protocol/rsm set"`
	} `xml:"http://jabber.org/protocol/disco#items query"`
}

// items lists what an entity has, page by page (XEP-0059).
func items(ctx context.Context, l Link, from, to string) (all []item, err error) {
	set := ""
	for {
		raw, err := ask(ctx, l, "get", from, to, "<query xmlns='"+nsDiscoItems+"'>"+set+"</query>")
		if err != nil {
			return nil, err
		}
		var w wireItems
		if err := xml.Unmarshal(raw, &w); err != nil {
			return nil, fmt.Errorf("read items: %w", err)
		}
		all = append(all, w.Query.Items...)
		if len(all) > 4*MaxGroups {
			return nil, fmt.Errorf("%w: it lists more than %d items", ErrTooLarge, 4*MaxGroups)
		}
		s := w.Query.Set
		if s == nil || s.Last == "" || len(w.Query.Items) == 0 || s.First.Index+len(w.Query.Items) >= s.Count {
			return all, nil
		}
		set = "<set xmlns='" + nsRSM + "'><after>" + escape(s.Last) + "</after></set>"
	}
}
