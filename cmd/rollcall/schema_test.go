package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab/labtest"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// What docs/protocol.md shows of ours is valid by its schema.
func TestProtocolExamplesAreValid(t *testing.T) {
	page, err := os.ReadFile("../../docs/protocol.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range regexp.MustCompile("(?s)```xml\n(.*?)```").FindAllStringSubmatch(string(page), -1) {
		all = append(all, elementsOf(t, e[1])...)
	}
	if len(all) < 12 {
		t.Fatalf("only %d elements of ours found", len(all))
	}
	if said := validate(t, all); len(said) > 0 {
		t.Errorf("not valid: %v", said)
	}
}

// The schema can say no, and says the words of policies as they are.
func TestSchema(t *testing.T) {
	var bad []string
	for _, e := range []string{
		"<summary members='x' available='0' chat='0' away='0' xa='0' dnd='0'/>", "<summary members='1'/>", "<state from='a'/>", "<state to='a b'/>",
		"<state to='a' part='1'/>", "<member/>", "<member jid='a@b/c'/>", "<member jid='a@b'><shoe/></member>", "<rule attributes='all'/>",
		"<authorization><rule who='nobody' attributes='all'/></authorization>", "<authorization><rule who='members' attributes='shoe'/></authorization>",
		"<info><description>d</description></info>", "<device show='away'/>", "<device name='a' show='here'/>", "<willing value='perhaps'/>", "<willing app='Voice' value='no'/>", "<member jid='a@b'><willing/></member>",
		"<report/>", "<trust><bot/></trust>", "<reported of='mood' until='2026-01-01T00:00:00Z' source='a@b'/>", "<gone jid='a@b'/>", "<shoe/>",
		"<interests/>", "<interests><interest>a</interest></interests>", "<interests><interest kind='hobby' level='huge'>a</interest></interests>", "<language/>", "<language>no&amp;language</language>",
		"<timezone>Europe/Berlin</timezone>", "<timezone>+5:45</timezone>", "<location precision='street'/>",
	} {
		bad = append(bad, regexp.MustCompile(`^<\w+`).ReplaceAllString(e, "$0 xmlns='"+pubsub.NS+"'"))
	}
	said := validate(t, bad)
	for i := range bad {
		if said[i] == "" {
			t.Errorf("valid: %s", bad[i])
		}
	}
	good := []string{"<authorization xmlns='" + pubsub.NS + "'><rule who='members' attributes='" + policy.All.String() + "'/></authorization>"}
	for _, p := range roster.Precisions() {
		good = append(good, "<location xmlns='"+pubsub.NS+"' precision='"+p.String()+"'/>")
	}
	for _, e := range []string{"<language>de en-GB</language>", "<timezone>+05:45</timezone>", "<timezone>Z</timezone>", "<interests><interest kind='expertise' level='expert'>Go</interest></interests>"} {
		good = append(good, "<member xmlns='"+pubsub.NS+"' jid='a@b'>"+e+"</member>")
	}
	if said := validate(t, good); len(said) > 0 {
		t.Errorf("not valid: %v", said)
	}
}

// elementsOf cuts the outermost elements of ours out of XML.
func elementsOf(t *testing.T, text string) (list []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(text))
	from, depth := 0, 0
	for {
		before := d.InputOffset()
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		switch e := tok.(type) {
		case xml.StartElement:
			if depth > 0 || e.Name.Space == pubsub.NS {
				if depth++; depth == 1 {
					from = int(before)
				}
			}
		case xml.EndElement:
			if depth > 0 {
				if depth--; depth == 0 {
					list = append(list, text[from:d.InputOffset()])
				}
			}
		}
	}
}

// validate checks documents by the schema and returns what is wrong with
// which.
func validate(t *testing.T, documents []string) map[int]string {
	t.Helper()
	return labtest.Invalid(t, "../../docs/group-presence.xsd", documents)
}
