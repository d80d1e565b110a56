package pubsub

import (
	"encoding/xml"
	"strings"
	"testing"
)

// XEP-0115 §5.2, its own example, without the name that ours has not.
func TestCapsVersion(t *testing.T) {
	ids := []string{"client/pc//"}
	features := []string{"http://jabber.org/protocol/caps", "http://jabber.org/protocol/disco#info",
		"http://jabber.org/protocol/disco#items", "http://jabber.org/protocol/muc"}
	// printf 'client/pc//<http://jabber.org/protocol/caps<http://jabber.org/protocol/disco#info<http://jabber.org/protocol/disco#items<http://jabber.org/protocol/muc<' | openssl dgst -sha1 -binary | base64
	if got := capsVersion(ids, features); got != "UoaM7g3yYCsF6m0O4n2Gwe83a70=" {
		t.Errorf("got %s", got)
	}
}

// Whoever hashes what the resource answers finds what its presence says.
func TestCapsAreWhatDiscoverySays(t *testing.T) {
	q := &Request{To: "team@groups.example.org/" + Resource}
	b, ok := resourceInfo(nil, q, groupCaps.node)
	if !ok {
		t.Fatal("not answered")
	}
	var got struct {
		Node     string `xml:"node,attr"`
		Identity []struct {
			Category string `xml:"category,attr"`
			Type     string `xml:"type,attr"`
			Name     string `xml:"name,attr"`
		} `xml:"identity"`
		Features []struct {
			Var string `xml:"var,attr"`
		} `xml:"feature"`
	}
	if err := xml.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	var features []string
	for _, f := range got.Features {
		features = append(features, f.Var)
	}
	var ids []string
	for _, id := range got.Identity {
		ids = append(ids, id.Category+"/"+id.Type+"//"+id.Name)
		if id.Name != "" {
			t.Errorf("a name is part of the hash: %s", id.Name)
		}
	}
	ver := capsVersion(ids, features)
	if el := string(AppendCaps(nil)); !strings.Contains(el, "ver='"+ver+"'") || got.Node != capsNode+"#"+ver {
		t.Errorf("%s, but %s", el, got.Node)
	}
	if !strings.Contains(string(b), "'"+NSAuthorization+"+notify'") {
		t.Errorf("not interested: %s", b)
	}
	for _, c := range []struct {
		to, node string
		ok       bool
	}{
		{"team@groups.example.org/group", "", true},
		{"team@groups.example.org/group", capsNode + "#x", false},
		{"team@groups.example.org/group", "urn:xmpp:tmp:group-presence:0#info", false},
		{"team@groups.example.org", "", false},
		{"team@groups.example.org", groupCaps.node, false},
		{"team@groups.example.org/other", groupCaps.node, false},
	} {
		if _, ok := resourceInfo(nil, &Request{To: c.to}, c.node); ok != c.ok {
			t.Errorf("%s %s: %v", c.to, c.node, ok)
		}
	}
}

// Another interest is another hash, in whatever order it is named.
func TestCapsOfInterest(t *testing.T) {
	one := newCaps(resourceIdentities, resourceFeatures, "a", "b")
	if two := newCaps(resourceIdentities, resourceFeatures, "b", "a"); one.node != two.node || one.element != two.element {
		t.Error("the order matters")
	}
	if two := newCaps(resourceIdentities, resourceFeatures, "a"); one.node == two.node {
		t.Error("the interest does not matter")
	}
}
