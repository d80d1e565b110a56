package pubsub_test

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/pubsub"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

type silent struct{ roster.Outbox }

func (silent) Ready(*roster.Group)  {}
func (silent) Wanted(*roster.Group) {}

// street is a service with the groups g0 to gN, every other one listed.
func street(t *testing.T, n int) *pubsub.Service {
	t.Helper()
	r := roster.New(roster.Options{Store: store.Memory(), Outbox: silent{}, Renderer: &pubsub.Renderer{Domain: "groups.example.org"}, Log: slog.New(slog.DiscardHandler)})
	for i := range n {
		if err := r.CreateGroup(context.Background(), &roster.GroupRecord{Name: fmt.Sprintf("g%03d", i), Settings: roster.Settings{Listed: i%2 == 0}}); err != nil {
			t.Fatal(err)
		}
	}
	return &pubsub.Service{Roster: r, Domain: "groups.example.org", Title: "Groups"}
}

var (
	discoItem = regexp.MustCompile(`<item jid='([^@]*)@groups.example.org' name='[^']*'/>`)
	discoSet  = regexp.MustCompile(`<set xmlns='http://jabber.org/protocol/rsm'>(.*)</set>`)
)

// lists asks for the groups and returns their names, and the result set.
func lists(t *testing.T, s *pubsub.Service, set string) string {
	t.Helper()
	if set != "" {
		set = "<set xmlns='http://jabber.org/protocol/rsm'>" + set + "</set>"
	}
	q := &pubsub.Request{From: "eve@example.org/x", To: "groups.example.org", ID: "q", Space: pubsub.NSItems, Local: "query",
		Payload: []byte("<query xmlns='" + pubsub.NSItems + "'>" + set + "</query>")}
	got := string(s.Handle(context.Background(), nil, q))
	if !strings.Contains(got, "type='result'") {
		_, condition, _ := strings.Cut(got, "<error type='modify'><")
		condition, _, _ = strings.Cut(condition, " ")
		return condition
	}
	var all []string
	for _, m := range discoItem.FindAllStringSubmatch(got, -1) {
		all = append(all, m[1])
	}
	if m := discoSet.FindStringSubmatch(got); m != nil {
		all = append(all, m[1])
	}
	return strings.Join(all, " ")
}

// The groups come in pages, forward and back; only those that the asker may
// know of count (XEP-0059).
func TestGroupsInPages(t *testing.T) {
	s := street(t, 9) // g000 g002 g004 g006 g008
	page := func(index int, first, last string) string {
		return fmt.Sprintf("<first index='%d'>%s</first><last>%s</last><count>5</count>", index, first, last)
	}
	for set, want := range map[string]string{
		"":                                  "g000 g002 g004 g006 g008",
		"<max>2</max>":                      "g000 g002 " + page(0, "g000", "g002"),
		"<max>2</max><after>g002</after>":   "g004 g006 " + page(2, "g004", "g006"),
		"<max>2</max><after>g006</after>":   "g008 " + page(4, "g008", "g008"),
		"<max>2</max><after>g008</after>":   "<count>5</count>",
		"<max>2</max><after>g003</after>":   "g004 g006 " + page(2, "g004", "g006"), // unlisted: as if it were not there
		"<max>2</max><after>g0031</after>":  "g004 g006 " + page(2, "g004", "g006"),
		"<max>2</max><before/>":             "g006 g008 " + page(3, "g006", "g008"),
		"<max>2</max><before>g006</before>": "g002 g004 " + page(1, "g002", "g004"),
		"<max>2</max><before>g000</before>": "<count>5</count>",
		"<max>2</max><index>3</index>":      "g006 g008 " + page(3, "g006", "g008"),
		"<max>2</max><index>9</index>":      "<count>5</count>",
		"<max>0</max>":                      "<count>5</count>",
		"<max>99999999999999</max>":         "g000 g002 g004 g006 g008 " + page(0, "g000", "g008"),
		"<max>-1</max>":                     "bad-request",
		"<index>x</index>":                  "bad-request",
		"<after>a</after><before/>":         "bad-request",
		"<after>a</after><index>1</index>":  "bad-request",
		"<index>99999999999999</index>":     "<count>5</count>",
	} {
		if got := lists(t, s, set); got != want {
			t.Errorf("%s: %s, want %s", set, got, want)
		}
	}
}

// Nobody gets them all at once, and who did not ask for pages is told that
// there are more.
func TestManyGroupsAreNotOneAnswer(t *testing.T) {
	s := street(t, 250)
	got := lists(t, s, "")
	if strings.Count(got, " ") != 101 || !strings.HasSuffix(got, "g198 <first index='0'>g000</first><last>g198</last><count>125</count>") {
		t.Error(got)
	}
	if got := lists(t, s, "<max>1000</max><after>g198</after>"); !strings.HasPrefix(got, "g200 ") || strings.Count(got, " ") != 26 {
		t.Error(got)
	}
}
