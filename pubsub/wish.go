package pubsub

import (
	"bytes"
	"crypto"
	_ "crypto/sha1" // the hash functions that capabilities may come with
	_ "crypto/sha256"
	_ "crypto/sha3"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/xml"
	"slices"
	"strings"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// Capabilities is what somebody's device says that it can do, as far as it
// concerns us.
type Capabilities struct {
	Wish Wish
	info wireInfo
}

// wireInfo is an answer to disco#info (XEP-0030 §3.1, XEP-0128).
type wireInfo struct {
	Identities []struct {
		Category string `xml:"category,attr"`
		Type     string `xml:"type,attr"`
		Lang     string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		Name     string `xml:"name,attr"`
	} `xml:"http://jabber.org/protocol/disco#info identity"`
	Features []struct {
		Var string `xml:"var,attr"`
	} `xml:"http://jabber.org/protocol/disco#info feature"`
	Forms []struct {
		Fields []struct {
			Var    string   `xml:"var,attr"`
			Values []string `xml:"value"`
		} `xml:"field"`
		Items []struct{} `xml:"item"`
	} `xml:"jabber:x:data x"`
	Other []struct{ XMLName xml.Name } `xml:",any"`
}

// ReadCapabilities reads the payload of an answer to disco#info.
func ReadCapabilities(payload []byte) (c Capabilities, err error) {
	if err := xml.Unmarshal(payload, &c.info); err != nil {
		return c, err
	}
	for _, f := range c.info.Features {
		name, wants := strings.CutSuffix(f.Var, "+notify")
		if !wants {
			continue
		}
		switch name {
		case NSNick:
			c.Wish |= WishNick
		case nsAvatarMeta:
			c.Wish |= WishAvatar
		default:
			if n, err := parseNode(name); err == nil {
				c.Wish |= wishNodes << n
			}
		}
	}
	return c, nil
}

// Nodes are those of a group whose events are wished.
func (w Wish) Nodes() (all []roster.Node) {
	for n := roster.NodeInfo; n < roster.NodeContact; n++ {
		if w&(wishNodes<<n) != 0 {
			all = append(all, n)
		}
	}
	return all
}

// hashes are those that can be checked, by their names (XEP-0300 §4).
var hashes = map[string]crypto.Hash{"sha-1": crypto.SHA1, "sha-256": crypto.SHA256, "sha-512": crypto.SHA512,
	"sha3-256": crypto.SHA3_256, "sha3-512": crypto.SHA3_512}

// HashKnown says whether a hash of XEP-0390 is one that proves something.
func HashKnown(algo string) bool { return algo != "sha-1" && hashes[algo] != 0 }

// Proves says whether c is what is behind a hash: by XEP-0115 §5.4, or with
// new by XEP-0390 §4.3.
func (c *Capabilities) Proves(algo, hash string, new bool) bool {
	if hashes[algo] == 0 {
		return false
	}
	input, ok := c.info.oldInput()
	if new {
		input, ok = c.info.newInput()
	}
	h := hashes[algo].New()
	h.Write(input)
	want, err := base64.StdEncoding.DecodeString(hash)
	return ok && err == nil && bytes.Equal(h.Sum(nil), want)
}

// oldInput is XEP-0115 §5.1. What has its separator in it is none: else the
// same hash would stand for other features.
func (w *wireInfo) oldInput() (b []byte, ok bool) {
	var ids, features, forms []string
	for _, i := range w.Identities {
		ids = append(ids, i.Category+"/"+i.Type+"/"+i.Lang+"/"+i.Name)
	}
	for _, f := range w.Features {
		features = append(features, f.Var)
	}
	types := map[string]bool{}
	for _, x := range w.Forms {
		kind, text := "", []string(nil)
		for _, f := range x.Fields {
			if f.Var == "FORM_TYPE" {
				if len(f.Values) != 1 || kind != "" {
					return nil, false
				}
				kind = f.Values[0]
				continue
			}
			if strings.ContainsRune(f.Var+strings.Join(f.Values, ""), '<') {
				return nil, false
			}
			text = append(text, strings.Join(append([]string{f.Var}, slices.Sorted(slices.Values(f.Values))...), "<"))
		}
		if kind == "" {
			continue // §5.4: is not counted
		}
		if types[kind] {
			return nil, false
		}
		types[kind] = true
		slices.Sort(text)
		if strings.Contains(kind, "<") {
			return nil, false
		}
		forms = append(forms, strings.Join(append([]string{kind}, text...), "<"))
	}
	if strings.Contains(strings.Join(slices.Concat(ids, features), ""), "<") {
		return nil, false
	}
	for _, list := range [][]string{ids, features, forms} {
		slices.Sort(list)
		for i, s := range list {
			if i > 0 && s == list[i-1] {
				return nil, false
			}
			b = append(append(b, s...), '<')
		}
	}
	return b, true
}

// newInput is XEP-0390 §4.1.
func (w *wireInfo) newInput() (b []byte, ok bool) {
	join := func(list []string, end string) string {
		slices.Sort(list)
		return strings.Join(list, "") + end
	}
	var features, ids, forms []string
	for _, f := range w.Features {
		features = append(features, f.Var+"\x1f")
	}
	for _, i := range w.Identities {
		ids = append(ids, i.Category+"\x1f"+i.Type+"\x1f"+i.Lang+"\x1f"+i.Name+"\x1f\x1e")
	}
	for _, x := range w.Forms {
		var fields []string
		typed := false
		for _, f := range x.Fields {
			typed = typed || f.Var == "FORM_TYPE"
			var values []string
			for _, v := range f.Values {
				values = append(values, v+"\x1f")
			}
			fields = append(fields, f.Var+"\x1f"+join(values, "")+"\x1e")
		}
		if !typed || len(x.Items) > 0 {
			return nil, false
		}
		forms = append(forms, join(fields, "\x1d"))
	}
	if len(w.Other) > 0 {
		return nil, false
	}
	return []byte(join(features, "\x1c") + join(ids, "\x1c") + join(forms, "\x1c")), true
}
