package pubsub

import (
	"encoding/xml"
	"slices"
)

// Capabilities is what somebody's device says that it can do, as far as it
// concerns us.
type Capabilities struct {
	Wish Wish
	Ver  string // verification string by SHA-1 (XEP-0115 §5.1); "" if it cannot be told
}

// wireInfo is an answer to disco#info.
type wireInfo struct {
	Node     string `xml:"node,attr"`
	Identity []struct {
		Category string `xml:"category,attr"`
		Type     string `xml:"type,attr"`
		Lang     string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		Name     string `xml:"name,attr"`
	} `xml:"http://jabber.org/protocol/disco#info identity"`
	Features []struct {
		Var string `xml:"var,attr"`
	} `xml:"http://jabber.org/protocol/disco#info feature"`
	Forms []struct{} `xml:"jabber:x:data x"`
}

// ReadCapabilities reads the payload of an answer to disco#info.
func ReadCapabilities(payload []byte) (c Capabilities, err error) {
	var w wireInfo
	if err := xml.Unmarshal(payload, &w); err != nil {
		return c, err
	}
	var features []string
	for _, f := range w.Features {
		features = append(features, f.Var)
		switch f.Var {
		case NSNick + "+notify":
			c.Wish |= WishNick
		case nsAvatarMeta + "+notify":
			c.Wish |= WishAvatar
		}
	}
	var ids []string
	for _, id := range w.Identity {
		ids = append(ids, id.Category+"/"+id.Type+"/"+id.Lang+"/"+id.Name)
	}
	slices.Sort(features)
	if len(w.Forms) == 0 { // few have any; who has is asked himself
		c.Ver = capsVersion(ids, features)
	}
	return c, nil
}
