package roster_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/policy"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// listOf is what a source says of a group: "ann=Ann lead" is ann, called Ann,
// with the role lead.
func listOf(people ...string) *roster.Basic {
	b := &roster.Basic{Name: "team"}
	for _, p := range people {
		words := strings.Fields(p)
		name, nick, _ := strings.Cut(words[0], "=")
		b.Members = append(b.Members, roster.BasicMember{JID: at(name), Nick: nick, Roles: words[1:]})
	}
	return b
}

func foreign(names ...string) *roster.GroupRecord {
	rec := team(names...)
	rec.Source = "hr"
	return rec
}

// playForeign is play for a group that hr keeps.
func playForeign(t *testing.T, names ...string) *stage {
	s := play(t, foreign(names...))
	s.w.source = "hr"
	return s
}

func TestMirrorTellsWhatDiffers(t *testing.T) {
	s := playForeign(t, "ann", "bob", "cid")
	mirror := func(people ...string) { s.do(op{kind: "mirror", source: "hr", basic: listOf(people...)}) }
	s.subscribes("bob", roster.NodeGroup)
	s.subscribes("cid", roster.NodePresence)
	s.subscribes("cid", roster.NodeMembers)
	s.comes("ann", "desk", roster.Online, "")
	s.says("bob group full: info summary ann bob cid", "cid presence full: ann bob cid", "cid members full: ann bob cid")
	mirror("ann=Ann", "bob", "cid")
	s.says("bob group: ann", "cid members: ann") // presence is not told for that
	mirror("cid", "bob", "ann=Ann")
	s.says()
	mirror("ann=Ann", "bob lead", "dan")
	s.says("bob group full: info summary ann bob dan") // his standing is another one
	s.do(op{kind: "wants"})                            // dan is asked for his presence, and nobody else
	mirror("ann=Ann", "dan")
	s.says()
}

// Who waited to be let in, and for the contact, has both with the list.
func TestMirrorAdmits(t *testing.T) {
	ctx := t.Context()
	rec := team("ann")
	rec.Settings.Join = roster.Approve
	rec.Settings.Listed = true
	r, out, g := playOn(t, store.Memory(), rec)
	if err := g.OnSubscribe(ctx, at("cid")); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Subscribe(ctx, at("dan"), at("dan"), roster.NodeGroup, nil); err != nil {
		t.Fatal(err)
	}
	if err := r.Adopt(ctx, "", "team", "hr"); err != nil {
		t.Fatal(err)
	}
	out.sent()
	if _, err := r.Mirror(ctx, "hr", listOf("ann", "cid", "dan")); err != nil {
		t.Fatal(err)
	}
	presence, began := out.sent()
	if !slices.Equal(presence, []string{"subscribed cid@a.example"}) || !slices.Equal(began, []string{"not: group dan@a.example"}) {
		t.Errorf("said %q, began %q", presence, began)
	}
	after, err := r.ShowGroup(ctx, "team")
	if err != nil || len(after.Visitors) > 0 || len(after.Contacts) != 1 || len(after.Subscriptions) != 1 {
		t.Errorf("%+v, %v", after, err)
	}
	if ask, _ := g.Wants(); !slices.Equal(ask, []string{at("cid"), at("dan")}) {
		t.Errorf("asked are %q", ask)
	}
}

// What differs in nothing costs nothing; what differs is one write.
func TestMirrorWritesOnce(t *testing.T) {
	ctx, disk := t.Context(), &failing{Store: store.Memory()}
	r, out, _ := playOn(t, disk, team("zoe"))
	mirror := func(b *roster.Basic) bool {
		t.Helper()
		changed, err := r.Mirror(ctx, "hr", b)
		if err != nil {
			t.Fatal(err)
		}
		return changed
	}
	b := listOf("ann=Ann lead", "bob", "cid")
	b.Name, b.Title, b.Attributes = "staff", "Staff", []roster.Attribute{{Name: "phone", Value: "1"}}
	writes := func(want int) {
		t.Helper()
		if disk.writes != want {
			t.Errorf("%d writes, want %d", disk.writes, want)
		}
		disk.writes = 0
	}
	disk.writes = 0
	if !mirror(b) {
		t.Error("nothing was established")
	}
	writes(1)
	slices.Reverse(b.Members)
	if before := out.wanted; mirror(b) || out.wanted != before {
		t.Error("the same list changed something")
	}
	writes(0)
	b.Title, b.Members[0].Nick, b.Members = "People", "Cid", append(b.Members[:2], roster.BasicMember{JID: at("dan"), Affiliation: roster.Owner})
	if !mirror(b) {
		t.Error("another list changed nothing")
	}
	writes(1)
	rec, err := r.ShowGroup(ctx, "staff")
	if err != nil {
		t.Fatal(err)
	}
	got := rec.Source + " " + rec.Settings.Title
	for _, m := range rec.Members {
		got += fmt.Sprintf(" %s=%s/%s", m.JID, m.Nick, m.Affiliation)
	}
	if want := "hr People bob@a.example=/member cid@a.example=Cid/member dan@a.example=/owner"; got != want || rec.Settings.Listed {
		t.Errorf("%s, want %s", got, want)
	}
	if on, err := disk.GetGroup(ctx, "staff"); err != nil || fmt.Sprint(on) != fmt.Sprint(rec) {
		t.Errorf("on disk\n%v\nin memory\n%v, %v", on, rec, err)
	}
}

// What cannot be taken in is refused whole: the old list stays, and of a new
// group there is nothing.
func TestMirrorRefuses(t *testing.T) {
	ctx, disk := t.Context(), &failing{Store: store.Memory()}
	r, out, _ := playOn(t, disk, foreign("ann", "bob"))
	if err := r.CreateGroup(ctx, &roster.GroupRecord{Name: "ours"}); err != nil {
		t.Fatal(err)
	}
	before := picture(t, r)
	out.sent()
	disk.writes = 0
	many := listOf("ann")
	for i := range roster.MaxMembers {
		many.Members = append(many.Members, roster.BasicMember{JID: fmt.Sprintf("u%d@a.example", i)})
	}
	outcast := listOf("ann")
	outcast.Members[0].Affiliation = roster.Outcast
	for what, b := range map[string]*roster.Basic{
		"no address":     {Name: "team", Members: []roster.BasicMember{{JID: at("ann")}, {JID: "nobody"}}},
		"a resource":     {Name: "team", Members: []roster.BasicMember{{JID: at("ann") + "/desk"}}},
		"not normalised": {Name: "team", Members: []roster.BasicMember{{JID: "Ann@a.example"}}},
		"twice":          listOf("ann", "bob", "ann"),
		"too many":       many,
		"an outcast":     outcast,
		"a long nick":    listOf("ann=" + strings.Repeat("x", roster.MaxText+1)),
		"a bad name":     {Name: "Te am"},
		"a long title":   {Name: "team", Title: strings.Repeat("x", roster.MaxText+1)},
		"a new one":      {Name: "new", Members: []roster.BasicMember{{JID: "nobody"}}},
	} {
		var bad *roster.InvalidError
		if changed, err := r.Mirror(ctx, "hr", b); changed || !errors.As(err, &bad) {
			t.Errorf("%s: %v, %v", what, changed, err)
		}
	}
	for source, group := range map[string]string{"hr": "ours", "other": "team"} {
		b := listOf("ann")
		b.Name = group
		if _, err := r.Mirror(ctx, source, b); !errors.Is(err, roster.ErrGroupExists) {
			t.Errorf("%s takes %s: %v", source, group, err)
		}
	}
	if _, err := r.Mirror(ctx, "", listOf("ann")); err == nil {
		t.Error("a source has no name")
	}
	disk.broken = true
	for _, b := range []*roster.Basic{listOf("ann=Ann"), {Name: "new"}} {
		if changed, err := r.Mirror(ctx, "hr", b); changed || !errors.Is(err, errDisk) {
			t.Errorf("%v, %v", changed, err)
		}
	}
	if after := picture(t, r); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
	if presence, ended := out.sent(); len(presence)+len(ended) > 0 {
		t.Errorf("said %q %q", presence, ended)
	}
}

// Nothing of what the source keeps can be changed here, whoever tries and
// however; what is the group's and its members' can.
func TestForeignGroupIsReadOnly(t *testing.T) {
	ctx := t.Context()
	rec := foreign("ann", "bob")
	rec.Members[0].Affiliation = roster.Owner
	rec.Settings.Listed = true
	r, out, g := playOn(t, store.Memory(), rec)
	before := picture(t, r)
	out.sent()
	settings := func(edit func(*roster.Settings)) error {
		return g.Edit(ctx, at("ann"), func(s *roster.Settings) error { edit(s); return nil })
	}
	for what, err := range map[string]error{
		"AddMembers":   r.AddMembers(ctx, "team", roster.MemberRecord{JID: at("cid"), Affiliation: roster.Plain}),
		"UpdateMember": r.UpdateMember(ctx, "team", at("bob"), func(m *roster.MemberRecord) error { m.Nick = "B"; return nil }),
		"RemoveMember": r.RemoveMember(ctx, "team", at("bob")),
		"DeleteGroup":  r.DeleteGroup(ctx, "team"),
		"Disband":      r.Disband(ctx, at("ann"), "team"),
		"SetNick":      g.SetNick(ctx, at("bob"), "B"),
		"EditMember":   g.EditMember(ctx, at("ann"), at("bob"), func(m *roster.MemberRecord) error { m.Roles = []string{"x"}; return nil }),
		"Appoint":      g.Appoint(ctx, at("ann"), at("bob"), roster.Admin),
		"Invite":       g.Invite(ctx, at("ann"), at("cid")),
		"Remove":       g.Remove(ctx, at("ann"), at("bob")),
		"Ban":          g.Ban(ctx, at("ann"), at("bob")),
		"title":        settings(func(s *roster.Settings) { s.Title = "x" }),
		"description":  settings(func(s *roster.Settings) { s.Description = "x" }),
		"language":     settings(func(s *roster.Settings) { s.Language = "de" }),
		"attributes":   settings(func(s *roster.Settings) { s.Attributes = []roster.Attribute{{Name: "a"}} }),
		"join":         settings(func(s *roster.Settings) { s.Join = roster.Open }),
	} {
		var who *roster.ForeignError
		if !errors.Is(err, roster.ErrForeign) || !errors.As(err, &who) || who.Source != "hr" {
			t.Errorf("%s: %v", what, err)
		}
	}
	// Who has no power is told what he is told everywhere.
	if joined, err := g.Join(ctx, at("cid"), ""); joined || !errors.Is(err, roster.ErrForbidden) || errors.Is(err, roster.ErrForeign) {
		t.Errorf("a stranger joins: %v, %v", joined, err)
	}
	if err := g.Remove(ctx, at("bob"), at("ann")); !errors.Is(err, roster.ErrForbidden) {
		t.Error(err)
	}
	for jid, want := range map[string]string{at("ann"): "hr", at("bob"): "hr", at("cid"): ""} {
		if d, err := g.Describe(jid); err != nil || d.Source != want || d.Join != roster.Invite {
			t.Errorf("to %s it is kept by %q (%v), join %s", jid, d.Source, err, d.Join)
		}
	}
	if after := picture(t, r); after != before {
		t.Errorf("was\n%s\nis\n%s", before, after)
	}
	if presence, ended := out.sent(); len(presence)+len(ended) > 0 {
		t.Errorf("said %q %q", presence, ended)
	}
	err := settings(func(s *roster.Settings) {
		s.Policy, s.Listed, s.Delivery, s.Payload, s.Aggregate = "watch anyone\n", false, 1000, roster.Combined, "quorum:2"
	})
	if err != nil {
		t.Error(err)
	}
	hide := policy.Default()
	hide.Hide = []string{at("ann")}
	if err := g.Authorize(ctx, at("bob"), &hide); err != nil {
		t.Error(err)
	}
	if _, err := g.Subscribe(ctx, at("bob"), at("bob"), roster.NodeGroup, nil); err != nil {
		t.Error(err)
	}
}

// A source that does not say what powers members have leaves that to us; what
// its members are called it does not.
func TestPowersThatTheSourceDoesNotSay(t *testing.T) {
	ctx := t.Context()
	r, _, g := playOn(t, store.Memory(), foreign("ann", "bob"))
	appoint := func() error { return g.Appoint(ctx, "", at("bob"), roster.Admin) }
	if err := appoint(); !errors.Is(err, roster.ErrForeign) {
		t.Errorf("before the source was heard: %v", err)
	}
	mirror := func(b *roster.Basic) {
		t.Helper()
		if _, err := r.Mirror(ctx, "hr", b); err != nil {
			t.Fatal(err)
		}
	}
	mirror(listOf("ann", "bob=Bob", "cid"))
	if err := appoint(); err != nil {
		t.Error(err)
	}
	err := g.EditMember(ctx, "", at("bob"), func(m *roster.MemberRecord) error { m.Affiliation, m.Nick = roster.Plain, "B"; return nil })
	if !errors.Is(err, roster.ErrForeign) || g.Power(at("bob")) != roster.Admin {
		t.Error(err, g.Power(at("bob")))
	}
	mirror(listOf("bob=Bobby", "cid", "dan"))
	if g.Power(at("bob")) != roster.Admin || g.Power(at("dan")) != roster.Plain {
		t.Error(g.Power(at("bob")), g.Power(at("dan")))
	}
	says := listOf("bob", "cid")
	says.Members[1].Affiliation = roster.Owner
	mirror(says)
	if g.Power(at("bob")) != roster.Plain || g.Power(at("cid")) != roster.Owner {
		t.Error(g.Power(at("bob")), g.Power(at("cid")))
	}
	if err := appoint(); !errors.Is(err, roster.ErrForeign) {
		t.Errorf("a source that says it: %v", err)
	}
}
