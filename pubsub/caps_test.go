package pubsub

import (
	"encoding/xml"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
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
	for interest, c := range capabilities() {
		saysWhatItHashes(t, interest, c)
	}
	q := capabilities()[policy.Enrolled]
	for _, c := range []struct {
		to, node string
		ok       bool
	}{
		{"team@groups.example.org/group", "", true},
		{"team@groups.example.org/group", q.node, true},
		{"team@groups.example.org/group", capsNode + "#x", false},
		{"team@groups.example.org/group", "urn:xmpp:tmp:group-presence:0#info", false},
		{"team@groups.example.org", "", false},
		{"team@groups.example.org", q.node, false},
		{"team@groups.example.org/other", q.node, false},
	} {
		if _, ok := resourceInfo(nil, &Request{To: c.to}, c.node, 0); ok != c.ok {
			t.Errorf("%s %s: %v", c.to, c.node, ok)
		}
	}
}

func saysWhatItHashes(t *testing.T, interest policy.Mask, c caps) {
	t.Helper()
	q := &Request{To: "team@groups.example.org/" + Resource}
	b, ok := resourceInfo(nil, q, c.node, 0)
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
	if el := string(AppendCaps(nil, interest)); !strings.Contains(el, "ver='"+ver+"'") || got.Node != capsNode+"#"+ver {
		t.Errorf("%s, but %s", el, got.Node)
	}
	for _, k := range wantable {
		if strings.Contains(string(b), "'"+k.node+"+notify'") != (interest&k.mask != 0) {
			t.Errorf("%s: wants something else: %s", interest, b)
		}
	}
	if own, _ := resourceInfo(nil, q, "", interest); strings.Replace(string(b), " node='"+c.node+"'", "", 1) != string(own) {
		t.Errorf("without its name it says %s", own)
	}
}

// Another interest is another hash, and nothing is wanted of who is no member.
func TestCapsOfInterest(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range capabilities() {
		seen[c.node] = true
	}
	if len(seen) != 1<<len(wantable) {
		t.Errorf("%d hashes", len(seen))
	}
	if f := features(0); strings.Contains(strings.Join(f, " "), "+notify") {
		t.Errorf("of strangers: %s", f)
	}
	if n := testing.AllocsPerRun(10, func() { AppendCaps(make([]byte, 0, 512), policy.Enrolled|policy.Mood) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
}
