package pubsub_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// The examples of XEP-0115 §5.2, §5.3 and XEP-0390 §4.5.
func TestCapabilitiesProve(t *testing.T) {
	exodus := "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' name='Exodus 0.9.1' type='pc'/>" +
		"<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/disco#info'/>" +
		"<feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/></query>"
	psi := "<query xmlns='http://jabber.org/protocol/disco#info'><identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>" +
		"<identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/><feature var='http://jabber.org/protocol/caps'/>" +
		"<feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>" +
		"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>" +
		"<field var='ip_version'><value>ipv4</value><value>ipv6</value></field><field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>" +
		"<field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x></query>"
	bombus := "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='client' name='BombusMod' type='mobile'/>"
	for _, f := range []string{"http://jabber.org/protocol/si", "http://jabber.org/protocol/bytestreams", "http://jabber.org/protocol/chatstates",
		"http://jabber.org/protocol/disco#info", "http://jabber.org/protocol/disco#items", "urn:xmpp:ping", "jabber:iq:time", "jabber:iq:privacy",
		"jabber:iq:version", "http://jabber.org/protocol/rosterx", "urn:xmpp:time", "jabber:x:oob", "http://jabber.org/protocol/ibb",
		"http://jabber.org/protocol/si/profile/file-transfer", "urn:xmpp:receipts", "jabber:iq:roster", "jabber:iq:last"} {
		bombus += "<feature var='" + f + "'/>"
	}
	bombus += "</query>"
	for _, x := range []struct {
		payload, algo, hash string
		new, want           bool
	}{
		{exodus, "sha-1", "QgayPKawpkPSDYmwT/WM94uAlu0=", false, true},
		{psi, "sha-1", "q07IKJEyjvHSyhy//CH0CxmKi8w=", false, true},
		{bombus, "sha-256", "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=", true, true},
		{bombus, "sha3-256", "79mdYAfU9rEdTOcWDO7UEAt6E56SUzk/g6TnqUeuD9Q=", true, true},
		{exodus, "sha-1", "q07IKJEyjvHSyhy//CH0CxmKi8w=", false, false},
		{exodus, "md5", "q07IKJEyjvHSyhy//CH0CxmKi8w=", false, false},
		{exodus, "sha-1", "?", false, false},
		{strings.Replace(exodus, "<feature ", "<feature var='http://jabber.org/protocol/muc'/><feature ", 1), "sha-1", "QgayPKawpkPSDYmwT/WM94uAlu0=", false, false},
		{strings.Replace(bombus, "</query>", "<x xmlns='jabber:x:data'/></query>", 1), "sha-256", "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=", true, false},
		{strings.Replace(bombus, "</query>", "<y xmlns='urn:y'/></query>", 1), "sha-256", "kzBZbkqJ3ADrj7v08reD1qcWUwNGHaidNUgD7nHpiw8=", true, false},
	} {
		c, err := pubsub.ReadCapabilities([]byte(x.payload))
		if err != nil || c.Proves(x.algo, x.hash, x.new) != x.want {
			t.Errorf("%s %s proved: %v, %v, by %s", x.algo, x.hash, !x.want, err, x.payload)
		}
	}
	if pubsub.HashKnown("sha-1") || !pubsub.HashKnown("sha-256") {
		t.Error("which hashes prove something")
	}
}

func TestWishedNodes(t *testing.T) {
	c, err := pubsub.ReadCapabilities([]byte("<query xmlns='http://jabber.org/protocol/disco#info'><feature var='" + ns + "#group+notify'/><feature var='" + ns + "#presence'/>" +
		"<feature var='" + ns + "#info+notify'/><feature var='" + ns + "#x+notify'/><feature var='http://jabber.org/protocol/nick+notify'/></query>"))
	if want := []roster.Node{roster.NodeInfo, roster.NodeGroup}; err != nil || !slices.Equal(c.Wish.Nodes(), want) || c.Wish&pubsub.WishProfile != pubsub.WishNick {
		t.Errorf("wished are %v, %b, %v", c.Wish.Nodes(), c.Wish, err)
	}
	if _, err := pubsub.ReadCapabilities([]byte("<query")); err == nil {
		t.Error("what is no element is read")
	}
}

// FuzzCapabilities: nobody's answer to discovery breaks anything.
func FuzzCapabilities(f *testing.F) {
	f.Add([]byte("<query xmlns='http://jabber.org/protocol/disco#info'><identity/><feature var='x'/><x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>a</value></field></x></query>"), "sha-256", "kzBZ")
	f.Fuzz(func(t *testing.T, payload []byte, algo, hash string) {
		c, err := pubsub.ReadCapabilities(payload)
		if err == nil && c.Proves(algo, hash, false) && c.Proves(algo, hash, true) {
			t.Error("one hash proves two things")
		}
	})
}
