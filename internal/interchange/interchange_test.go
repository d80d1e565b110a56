package interchange_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/interchange"
	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
)

const payload = `<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#group'>
<item id='info'><info xmlns='urn:xmpp:tmp:group-presence:0'><name>R&amp;D</name></info></item>
<item id='summary'><summary xmlns='urn:xmpp:tmp:group-presence:0' members='3' available='2' chat='0' away='1' xa='0' dnd='1'/></item>
<item id='anna@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='anna@example.org' nick='Anna' roles='lead ops'><attribute name='title'>Lead &lt;&amp;></attribute>
<presence xmlns='jabber:client'><show>dnd</show><status>On a &lt;call></status></presence><device name='phone' show='away' connection='on'/><device name='1 &amp; only/ö' show='dnd'/>
<idle xmlns='urn:xmpp:idle:1' since='2026-01-01T13:00:00+01:00'/><mood xmlns='http://jabber.org/protocol/mood'><happy/><text>yes</text></mood></member></item>
<item id='bo@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='bo@example.org'><presence xmlns='jabber:client' type='unavailable'/></member></item>
<item id='c%y@example.org'><member xmlns='urn:xmpp:tmp:group-presence:0' jid='c%y@example.org'><presence xmlns='jabber:client'/></member></item>
</items></pubsub>`

func read(t *testing.T) *interchange.Group {
	t.Helper()
	g, err := interchange.Read("team@groups.example.org", []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func pidf(t *testing.T, g *interchange.Group, jid string) string {
	t.Helper()
	text, err := interchange.PIDF(g.Member(jid))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func same(t *testing.T, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func valid(t *testing.T, schema string, documents ...string) {
	t.Helper()
	if wrong := labtest.Invalid(t, "testdata/"+schema, documents); len(wrong) > 0 {
		t.Errorf("not valid: %v", wrong)
	}
}

func TestPIDF(t *testing.T) {
	g := read(t)
	anna, bo, cy := pidf(t, g, "anna@example.org"), pidf(t, g, "bo@example.org"), pidf(t, g, "c%y@example.org")
	same(t, anna, `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:anna@example.org">
  <tuple id="ID-phone">
    <status>
      <basic>open</basic>
      <show xmlns="jabber:client">away</show>
    </status>
    <contact>xmpp:anna@example.org/phone</contact>
  </tuple>
  <tuple id="ID-1_20_26_20only_2f_c3_b6">
    <status>
      <basic>open</basic>
      <show xmlns="jabber:client">dnd</show>
    </status>
    <contact>xmpp:anna@example.org/1%20&amp;%20only%2F%C3%B6</contact>
  </tuple>
  <person xmlns="urn:ietf:params:xml:ns:pidf:data-model" id="person">
    <activities xmlns="urn:ietf:params:xml:ns:pidf:rpid">
      <busy></busy>
    </activities>
    <mood xmlns="urn:ietf:params:xml:ns:pidf:rpid">
      <happy xmlns="urn:ietf:params:xml:ns:pidf:rpid"></happy>
    </mood>
    <user-input xmlns="urn:ietf:params:xml:ns:pidf:rpid" last-input="2026-01-01T12:00:00Z">idle</user-input>
    <note xmlns="urn:ietf:params:xml:ns:pidf:data-model">On a &lt;call&gt;</note>
  </person>
</presence>
`)
	same(t, bo, `<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="pres:bo@example.org">
  <tuple id="all">
    <status>
      <basic>closed</basic>
    </status>
  </tuple>
</presence>
`)
	same(t, cy, strings.NewReplacer("bo@", "c%25y@", "closed", "open").Replace(bo))
	valid(t, "pidf.xsd", anna, bo, cy)
}

// The entity is read back with the standard library as it says itself.
func TestMultipart(t *testing.T) {
	g := read(t)
	var b bytes.Buffer
	if err := g.Multipart(&b); err != nil {
		t.Fatal(err)
	}
	msg, err := mail.ReadMessage(&b)
	if err != nil {
		t.Fatal(err)
	}
	kind, params, err := mime.ParseMediaType(msg.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/related" || params["type"] != "application/rlmi+xml" || msg.Header.Get("MIME-Version") != "1.0" {
		t.Fatalf("%s %v: %v", kind, params, err)
	}
	parts := map[string]string{}
	first := ""
	for r := multipart.NewReader(msg.Body, params["boundary"]); ; {
		p, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(p)
		if err != nil {
			t.Fatal(err)
		}
		id := p.Header.Get("Content-Id")
		if first == "" {
			first = id
		}
		parts[id] = p.Header.Get("Content-Type") + "\n" + string(text)
	}
	root, ok := strings.CutPrefix(parts[params["start"]], "application/rlmi+xml; charset=\"UTF-8\"\n")
	if !ok || first != params["start"] || len(parts) != 4 {
		t.Fatalf("start %s, first %s, %d parts", params["start"], first, len(parts))
	}
	valid(t, "rlmi.xsd", root)
	var list struct {
		URI       string `xml:"uri,attr"`
		Name      string `xml:"name"`
		Resources []struct {
			URI      string `xml:"uri,attr"`
			Name     string `xml:"name"`
			Instance struct {
				CID    string `xml:"cid,attr"`
				Member struct {
					Roles     string `xml:"roles,attr"`
					Attribute string `xml:"attribute"`
				} `xml:"urn:xmpp:tmp:group-presence:0 member"`
			} `xml:"instance"`
		} `xml:"resource"`
	}
	if err := xml.Unmarshal([]byte(root), &list); err != nil {
		t.Fatal(err)
	}
	if list.URI != "pres:team@groups.example.org" || list.Name != "R&D" || len(list.Resources) != 3 {
		t.Errorf("lists %+v", list)
	}
	for i, r := range list.Resources {
		same(t, parts["<"+r.Instance.CID+">"], "application/pidf+xml; charset=\"UTF-8\"\n"+pidf(t, g, g.Members[i].JID))
	}
	if a := list.Resources[0]; a.Name != "Anna" || a.URI != "pres:anna@example.org" || a.Instance.Member.Roles != "lead ops" || a.Instance.Member.Attribute != "Lead <&>" {
		t.Errorf("anna is %+v", a)
	}
}

func TestReadRefuses(t *testing.T) {
	for _, text := range []string{"", "<pubsub", "<other xmlns='urn:x'/>"} {
		if _, err := interchange.Read("team@groups.example.org", []byte(text)); err == nil {
			t.Errorf("%q was read", text)
		}
	}
	if read(t).Member("eve@example.org") != nil {
		t.Error("a member who is none")
	}
}
