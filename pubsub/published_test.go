package pubsub

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
)

const moodNS = "http://jabber.org/protocol/mood"

func TestCheckPublished(t *testing.T) {
	mood := func(inner string) string { return "<mood xmlns='" + moodNS + "'>" + inner + "</mood>" }
	for name, c := range map[string]struct {
		payload string
		empty   bool
		ok      bool
	}{
		"as it should be":    {mood("<happy/><text xml:lang='de'>Freitag &amp; frei &lt;3 &#x1F600;</text>"), false, true},
		"quotes of both":     {`<mood xmlns="` + moodNS + `"><happy/><text>a</text></mood>`, false, true},
		"space":              {"<mood xmlns='" + moodNS + "' >\n\t<happy />\n</mood >", false, true},
		"said twice":         {mood("<happy xmlns='" + moodNS + "'/>"), false, true},
		"text alone":         {mood("x"), false, true},
		"as deep as may be":  {mood("<a><b><c><d><e/></d></c></b></a>"), false, true},
		"nothing":            {"<mood xmlns='" + moodNS + "'/>", true, true},
		"nothing in it":      {mood(""), true, true},
		"space in it":        {mood("\n  "), true, true},
		"in a language":      {"<mood xml:lang='en' xmlns='" + moodNS + "'/>", true, true},
		"too deep":           {mood("<a><b><c><d><e><f/></e></d></c></b></a>"), false, false},
		"too large":          {mood("<text>" + strings.Repeat("x", roster.MaxPublished) + "</text>"), false, false},
		"very large":         {mood("<text>" + strings.Repeat("x", 100<<10) + "</text>"), false, false},
		"another name":       {"<tune xmlns='" + moodNS + "'/>", false, false},
		"another namespace":  {"<mood xmlns='urn:x'/>", false, false},
		"no namespace":       {"<mood><happy/></mood>", false, false},
		"foreign child":      {mood("<happy xmlns='urn:x'/>"), false, false},
		"foreign text":       {mood("<body xmlns='jabber:client'>x</body>"), false, false},
		"undeclared":         {mood("<happy xmlns=''/>"), false, false},
		"prefix":             {"<m:mood xmlns:m='" + moodNS + "'/>", false, false},
		"prefix inside":      {"<mood xmlns='" + moodNS + "' xmlns:x='urn:x'><x:a/></mood>", false, false},
		"unused prefix":      {"<mood xmlns='" + moodNS + "' xmlns:x='urn:x'><happy/></mood>", false, false},
		"unknown prefix":     {mood("<stream:error/>"), false, false},
		"prefixed attribute": {mood("<happy x:y='z'/>"), false, false},
		"other xml":          {mood("<happy xml:space='preserve'/>"), false, false},
		"two":                {mood("") + mood(""), false, false},
		"something behind":   {mood("<happy/>") + "x", false, false},
		"something before":   {"x" + mood("<happy/>"), false, false},
		"open":               {"<mood xmlns='" + moodNS + "'><happy/>", false, false},
		"crossed":            {mood("<a><b></a></b>"), false, false},
		"closed too often":   {mood("</mood>"), false, false},
		"comment":            {mood("<!-- x -->"), false, false},
		"instruction":        {mood("<?x y?>"), false, false},
		"section":            {mood("<![CDATA[<x>]]>"), false, false},
		"declaration":        {"<?xml version='1.0'?>" + mood(""), false, false},
		"doctype":            {"<!DOCTYPE x>" + mood(""), false, false},
		"entity":             {mood("&nbsp;"), false, false},
		"bare ampersand":     {mood("a & b"), false, false},
		"control":            {mood("a\x01b"), false, false},
		"control by name":    {mood("a&#1;b"), false, false},
		"C1 by name":         {mood("a&#x9b;b"), false, false},
		"line feeds":         {mood("<text>a\nb</text>"), false, true},
		"carriage return":    {mood("a&#13;b"), false, false},
		"no character":       {mood("a\uFFFEb"), false, false},
		"turned round":       {mood("a\u202eb"), false, false},
		"no UTF-8":           {mood("a\xffb"), false, false},
		"attribute twice":    {mood("<happy a='1' a='2'/>"), false, false},
		"no space between":   {mood("<happy a='1'b='2'/>"), false, false},
		"no quotes":          {mood("<happy a=1/>"), false, false},
		"no value":           {mood("<happy a/>"), false, false},
		"less-than in it":    {mood("<happy a='<'/>"), false, false},
		"slash in it":        {mood("<happy /a='1'/>"), false, false},
		"end of a section":   {mood("]]>"), false, false},
		"empty":              {"", false, false},
		"no element":         {"happy", false, false},
	} {
		empty, err := CheckPublished(policy.Mood, []byte(c.payload))
		if (err == nil) != c.ok || empty != c.empty {
			t.Errorf("%s: %v, %v", name, empty, err)
		}
		if err != nil && (!errors.Is(err, ErrPayload) || errors.Is(err, ErrTooLarge) != strings.HasSuffix(name, "large")) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, kind := range []policy.Mask{policy.Status, policy.Enrolled, 0, policy.Mood | policy.Tune} {
		if _, err := CheckPublished(kind, []byte(mood(""))); err == nil {
			t.Errorf("%s can be published", kind)
		}
	}
}

// Every attribute that members publish has a node, but for what only a device
// says; and no other.
func TestPublishedNodes(t *testing.T) {
	var all policy.Mask
	for _, k := range wantable[1:] {
		if Published(k.node) != k.mask {
			t.Errorf("%s is %s", k.node, Published(k.node))
		}
		for r := k.mask; r != 0; r &= r - 1 {
			if PublishedNode(r&-r) != k.node {
				t.Errorf("%s is in %s", r&-r, PublishedNode(r&-r))
			}
			element, err := ReadPublished(r&-r, []byte("<"+k.local+" xmlns='"+k.space+"'/>"), roster.Exact)
			if element != nil || err != nil {
				t.Errorf("%s: %s, %v", k.node, element, err)
			}
		}
		all |= k.mask
	}
	if all != roster.Published&^policy.Timezone {
		t.Errorf("%s, but the roster knows %s", all, roster.Published)
	}
	if Published(NSAuthorization) != 0 || Published("urn:x") != 0 || PublishedNode(policy.Status) != "" || PublishedNode(policy.Timezone) != "" {
		t.Error("something else is published")
	}
}

// What may be passed on is one element that stands where it is put, reads as
// what it is, and ends nothing around it.
func FuzzCheckPublished(f *testing.F) {
	for _, s := range []string{
		"<mood xmlns='" + moodNS + "'><happy/><text xml:lang='de'>a &amp; b</text></mood>", "<mood xmlns='" + moodNS + "'/>",
		"<mood xmlns='" + moodNS + "'><a><b><c/></b></a></mood>", "<mood xmlns='" + moodNS + "' a='1'b='2'></mood>", "<mood xmlns='" + moodNS + "'>&#1;]]></mood >",
		"<mood xmlns=\"" + moodNS + "\" xmlns:p='x'><p:a/></mood>", "<mood\txmlns='" + moodNS + "'\n>x<!----></mood>",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		empty, err := CheckPublished(policy.Mood, payload)
		if err != nil {
			return
		}
		around := "<message xmlns='jabber:component:accept'><before/>" + string(payload) + "<after/></message>"
		raw, err := frame.NewReader(strings.NewReader(around), 1<<16, 10).Next()
		if err != nil || string(raw) != around {
			t.Fatalf("%v: ends what is around it: %q", err, payload)
		}
		d := xml.NewDecoder(bytes.NewReader(raw))
		depth, roots, inside := 0, []string{}, 0
		for {
			tok, err := d.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%v: %q", err, payload)
			}
			switch e := tok.(type) {
			case xml.StartElement:
				if depth++; depth == 2 {
					roots = append(roots, e.Name.Space+" "+e.Name.Local)
				}
				if depth > 1+maxDepth {
					t.Fatalf("too deep: %q", payload)
				}
				if in := roots; len(in) == 2 && depth >= 2 && e.Name.Space != moodNS {
					t.Fatalf("%s is in it: %q", e.Name.Space, payload)
				}
				if len(roots) == 2 && depth > 2 {
					inside++
				}
			case xml.EndElement:
				depth--
			case xml.Comment, xml.ProcInst, xml.Directive:
				t.Fatalf("%T: %q", tok, payload)
			}
		}
		if got := strings.Join(roots, ","); got != "jabber:component:accept before,"+moodNS+" mood,jabber:component:accept after" {
			t.Fatalf("%s: %q", got, payload)
		}
		if empty && inside > 0 {
			t.Fatalf("empty, but has something: %q", payload)
		}
	})
}
