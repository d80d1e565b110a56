package pubsub

import (
	"context"
	"encoding/base64"
	"encoding/xml"
	"log/slog"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/internal/avatar"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// silent is an outbox for who only asks.
type silent struct{}

func (silent) Ready(*roster.Group)                          {}
func (silent) Wanted(*roster.Group)                         {}
func (silent) Presence(string, string, roster.PresenceType) {}
func (silent) Ended(string, roster.SubscriptionRecord)      {}
func (silent) Gone(string, string, []string)                {}
func (silent) Began(string, roster.SubscriptionRecord)      {}

const boss, plain, stranger = "boss@example.org", "plain@example.org", "stranger@example.org"

// newShop is a service with one listed group: boss is an admin of it.
func newShop(t testing.TB) *Service {
	t.Helper()
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: silent{}, Renderer: &Renderer{Domain: "groups.example.org"}, Log: slog.New(slog.DiscardHandler)})
	rec := &roster.GroupRecord{Name: "shop", Settings: roster.Settings{Title: "The Shop", Description: "We & you", Language: "en", Listed: true,
		Attributes: []roster.Attribute{{Name: "E-Mail", Value: "shop@example.org"}, {Name: "colour", Value: "red"}, {Name: "phone", Value: ""}, {Name: "tel", Value: "12<3"}}},
		Members: []roster.MemberRecord{{JID: boss, Affiliation: roster.Admin}, {JID: plain, Affiliation: roster.Plain}}}
	if err := r.CreateGroup(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	return &Service{Roster: r, Domain: "groups.example.org", Title: "Groups"}
}

// ask lets who ask the group, and gives what is inside the answer.
func (s *Service) ask(t testing.TB, who string, set bool, payload string) string {
	t.Helper()
	var name struct{ XMLName xml.Name }
	if err := xml.Unmarshal([]byte(payload), &name); err != nil {
		t.Fatal(err)
	}
	q := &Request{Set: set, From: who + "/x", To: "shop@groups.example.org", Group: "shop", ID: "q", Space: name.XMLName.Space, Local: name.XMLName.Local, Payload: []byte(payload)}
	if !s.Handles(q.Space) {
		t.Fatalf("not handled: %s", payload)
	}
	answer := string(s.Handle(context.Background(), nil, q))
	_, inside, ok := strings.Cut(answer, ">")
	if !ok {
		t.Fatalf("answer %q", answer)
	}
	return strings.TrimSuffix(inside, "</iq>")
}

func photo(data []byte) string {
	return "<PHOTO><TYPE>image/png</TYPE><BINVAL>" + base64.StdEncoding.EncodeToString(data) + "</BINVAL></PHOTO>"
}

func TestCard(t *testing.T) {
	s := newShop(t)
	generated := photo(avatar.Default("shop@groups.example.org", "The Shop"))
	const public = "<vCard xmlns='vcard-temp'><FN>The Shop</FN><N/><NICKNAME>The Shop</NICKNAME><DESC>We &amp; you</DESC><JABBERID>shop@groups.example.org</JABBERID>"
	const temp, four = "<vCard xmlns='vcard-temp'/>", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/>"
	check(t, "to a member", []byte(s.ask(t, plain, false, temp)),
		public+"<TEL><NUMBER>12&lt;3</NUMBER></TEL><EMAIL><USERID>shop@example.org</USERID></EMAIL>"+generated+"</vCard>")
	check(t, "to others", []byte(s.ask(t, stranger, false, temp)), public+generated+"</vCard>")
	check(t, "vCard4", []byte(s.ask(t, plain, false, four)), "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><kind><text>group</text></kind><fn><text>The Shop</text></fn>"+
		"<nickname><text>The Shop</text></nickname><note><text>We &amp; you</text></note><lang><language-tag>en</language-tag></lang><impp><uri>xmpp:shop@groups.example.org</uri></impp>"+
		"<tel><text>12&lt;3</text></tel><email><text>shop@example.org</text></email></vcard>")
	if got := s.ask(t, boss, true, four); !strings.Contains(got, "<forbidden ") {
		t.Errorf("vCard4 can be set: %s", got)
	}
}

// An admin sets the picture, the name and the description; who reads a card
// and sends it back changes nothing.
func TestSetCard(t *testing.T) {
	s := newShop(t)
	one := avatar.Default("one@example.org", "One")
	settings := func() roster.Settings {
		rec, err := s.Roster.ShowGroup(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		return rec.Settings
	}
	set := func(who, inside string) string {
		return s.ask(t, who, true, "<vCard xmlns='vcard-temp'>"+inside+"</vCard>")
	}
	before := settings()
	for name, c := range map[string]struct{ who, inside, want string }{
		"plain":         {plain, photo(one), "<forbidden "},
		"stranger":      {stranger, photo(one), "<forbidden "},
		"no base64":     {boss, "<PHOTO><BINVAL>!</BINVAL></PHOTO>", "<bad-request "},
		"two":           {boss, photo(one) + photo(one), "<bad-request "},
		"svg":           {boss, photo([]byte("<svg/>")), "avatar: is no PNG, JPEG, GIF or WebP picture"},
		"large":         {boss, photo(append(one, make([]byte, avatar.MaxSize)...)), "avatar: has "},
		"larger":        {boss, photo(make([]byte, 8*avatar.MaxSize)), "avatar: has "},
		"a long name":   {boss, photo(one) + "<FN>" + strings.Repeat("x", 2000) + "</FN>", "name: "},
		"another space": {boss, "<PHOTO xmlns='urn:x'><BINVAL>!</BINVAL></PHOTO>", ""},
	} {
		if got := set(c.who, c.inside); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
	if after := settings(); after.Avatar != before.Avatar || after.Title != before.Title || after.Description != before.Description {
		t.Errorf("changed: %+v", after)
	}
	inside := strings.TrimSuffix(strings.TrimPrefix(s.ask(t, boss, false, "<vCard xmlns='vcard-temp'/>"), "<vCard xmlns='vcard-temp'>"), "</vCard>")
	if got := set(boss, inside); got != "" || settings().Avatar != "" {
		t.Errorf("its own card: %s", got)
	}
	wrapped := strings.Replace(photo(one), "<BINVAL>", "<BINVAL>\n  ", 1)
	if got := set(boss, "<FN>Shop 2</FN><DESC/>"+wrapped); got != "" {
		t.Error(got)
	}
	if after := settings(); after.Avatar != string(one) || after.Title != "Shop 2" || after.Description != "" {
		t.Errorf("set: %+v", after)
	}
	if got := s.ask(t, plain, false, "<vCard xmlns='vcard-temp'/>"); !strings.Contains(got, photo(one)) {
		t.Errorf("shown: %s", got)
	}
	if got := s.ask(t, stranger, false, "<vCard xmlns='vcard-temp'/>"); strings.Contains(got, photo(one)) {
		t.Errorf("shown to others: %s", got)
	}
	if got := set(boss, ""); got != "" || settings().Avatar != "" {
		t.Errorf("no picture: %s", got)
	}
}

// Whatever somebody calls his group, what leaves is well-formed.
func TestCardIsWellFormed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"<x/>", "]]>", "&amp;", "'\"", "\x00\x0b", "\xff\xfe"}))
		c := &card{address: text.Draw(t, "address"), kind: "group", name: text.Draw(t, "name"), description: text.Draw(t, "description"), language: text.Draw(t, "language"),
			attributes: []roster.Attribute{{Name: "url", Value: text.Draw(t, "url")}, {Name: "org", Value: text.Draw(t, "org")}, {Name: "tz", Value: text.Draw(t, "tz")}},
			picture:    []byte(text.Draw(t, "picture"))}
		b := c.appendNick(c.appendData(c.appendMetadata(c.appendFour(c.appendTemp([]byte("<x>"))))))
		var x struct{}
		if err := xml.Unmarshal(append(b, "</x>"...), &x); err != nil {
			t.Fatalf("%v in %q", err, b)
		}
	})
}

// Whatever is sent as a card, what is made of it is a picture that is a
// picture, or an error.
func FuzzSetCard(f *testing.F) {
	f.Add([]byte("<vCard xmlns='vcard-temp'><FN>x</FN>" + photo(avatar.Default("a@b", "A")) + "</vCard>"))
	f.Add([]byte("<vCard xmlns='vcard-temp'><PHOTO><BINVAL>=</BINVAL></PHOTO><PHOTO/></vCard>"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		var w wireCard
		if decode(payload, &w) != nil {
			return
		}
		data, err := w.picture()
		if err == nil && len(data) > avatar.MaxSize+3 {
			t.Errorf("%d bytes", len(data))
		}
	})
}

func TestReadCapabilities(t *testing.T) {
	info := func(inside string) []byte { return []byte("<query xmlns='" + NSInfo + "'>" + inside + "</query>") }
	const id = "<identity category='client' type='pc' name='A &gt; B' xml:lang='en'/>"
	c, err := ReadCapabilities(info(id + "<feature var='z'/><feature var='" + nsAvatarMeta + "+notify'/><feature var='" + NSNick + "+notify'/>"))
	ver := capsVersion([]string{"client/pc/en/A > B"}, []string{NSNick + "+notify", nsAvatarMeta + "+notify", "z"})
	if err != nil || c.Wish != WishNick|WishAvatar || !c.Proves("sha-1", ver, false) || c.Proves("sha-1", ver[1:]+ver[:1], false) {
		t.Errorf("%+v, %v", c, err)
	}
	// The same bytes, and so the same hash, of fewer features.
	for _, inside := range []string{
		id + "<feature var='" + NSNick + "+notify&lt;" + nsAvatarMeta + "+notify'/><feature var='z'/>",
		"<identity category='client' type='pc' name='A &gt; B&lt;" + NSNick + "+notify' xml:lang='en'/><feature var='" + nsAvatarMeta + "+notify'/><feature var='z'/>",
		id + "<feature var='" + NSNick + "+notify'/><x xmlns='jabber:x:data'><field var='FORM_TYPE'><value>" + nsAvatarMeta + "+notify&lt;z</value></field></x>",
	} {
		if c, err := ReadCapabilities(info(inside)); err != nil || c.Proves("sha-1", ver, false) {
			t.Errorf("%s is believed for all that have this hash: %v", inside, err)
		}
	}
	if _, err := ReadCapabilities([]byte("<query>")); err == nil {
		t.Error("half a query is read")
	}
}
