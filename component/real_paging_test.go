package component_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
	"github.com/rollcall-xmpp/rollcall/roster"
)

// limit is the largest event or answer, with what the server adds around it.
const limit = 64<<10 + 500

// A group whose state does not fit into one stanza is told in parts, and read
// page by page without having been asked to.
func TestPaging(t *testing.T) {
	house.Each(t, func(t *testing.T, server lab.Server) {
		s := stage(t, server)
		s.account("bob")
		bob := s.login("bob", "desk")
		const members = 300
		rec := &roster.GroupRecord{Name: "big" + s.suffix, Members: []roster.MemberRecord{{JID: bob.Bare(), Affiliation: roster.Plain}}}
		want := []string{bob.Bare()}
		for i := range members {
			jid := fmt.Sprintf("u%03d%s@%s", i, s.suffix, server.Host())
			want = append(want, jid)
			rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Affiliation: roster.Plain,
				Attributes: []roster.Attribute{{Name: "about", Value: strings.Repeat("&", 100+i%50)}}})
		}
		slices.Sort(want)
		s.check(s.Roster.CreateGroup(s.ctx, rec))
		s.settle()
		big := s.address("big")

		s.subscribe(bob, big, "members", bob.JID())
		items, token := s.parts(bob)
		if !slices.Equal(items, want) {
			t.Errorf("the parts have %d items", len(items))
		}
		if paged, first := s.pages(bob, big, ""); !slices.Equal(paged, want) || first != token {
			t.Errorf("the pages have %d items, token %q, not %q", len(paged), first, token)
		}

		// All of them change: what changed is as large.
		for _, m := range rec.Members {
			s.check(s.Roster.UpdateMember(s.ctx, rec.Name, m.JID, func(m *roster.MemberRecord) error {
				m.Nick = strings.Repeat("n", 200)
				return nil
			}))
		}
		s.settle()
		s.check(bob.FenceVia(s.ctx, big))
		since := "<since xmlns='" + ns + "' state='" + token + "'/>"
		if paged, _ := s.pages(bob, big, since); !slices.Equal(paged, want) {
			t.Errorf("the pages since %s have %d items", token, len(paged))
		}
	})
}

var (
	itemID = regexp.MustCompile(`<item id=['"]([^'"]*)['"]`)
	toAttr = regexp.MustCompile(` to=['"]([^'"]*)['"]`)
	parts  = regexp.MustCompile(` part=['"](\d+)/(\d+)['"]`)
	last   = regexp.MustCompile(`<last>([^<]*)</last>`)
)

func ids(raw string) (all []string) {
	for _, m := range itemID.FindAllStringSubmatch(raw, -1) {
		all = append(all, m[1])
	}
	return all
}

// attribute finds what re captures, "" if it does not match.
func attribute(re *regexp.Regexp, s string) string {
	m := re.FindStringSubmatch(s)
	if m == nil {
		return ""
	}
	return m[1]
}

// normal has single quotes in all tags: servers differ.
func normal(raw string) string { return strings.ReplaceAll(raw, `"`, "'") }

// parts collects the items of one state that comes in several events.
func (s *scene) parts(c *lab.Client) (items []string, token string) {
	s.t.Helper()
	for n := 1; ; n++ {
		raw := normal(s.hears(c, "pubsub#event").Raw)
		if len(raw) > limit {
			s.t.Errorf("an event has %d bytes", len(raw))
		}
		items = append(items, ids(raw)...)
		state := regexp.MustCompile(`<state [^>]*>`).FindString(raw)
		m := parts.FindStringSubmatch(state)
		if m == nil || m[1] != fmt.Sprint(n) || !strings.Contains(state, "full='true'") {
			s.t.Fatalf("part %d says %s", n, state)
		}
		if to := attribute(toAttr, state); n == 1 {
			token = to
		} else if to != token {
			s.t.Errorf("part %d leads to %s, the first to %s", n, to, token)
		}
		if m[1] == m[2] {
			if n < 2 {
				s.t.Error("it came in one part")
			}
			return items, token
		}
	}
}

// pages reads all items, following the pages as they come.
func (s *scene) pages(c *lab.Client, group, beside string) (items []string, token string) {
	s.t.Helper()
	set := ""
	for page := 1; ; page++ {
		got, err := c.Query(s.ctx, group, "get", "<pubsub xmlns='"+nsPubSub+"'><items node='"+ns+"#members'/>"+beside+set+"</pubsub>")
		s.check(err)
		raw := normal(got.Raw)
		if got.Type != "result" || len(raw) > limit {
			s.t.Fatalf("page %d has %d bytes: %.300s", page, len(raw), raw)
		}
		found := ids(raw)
		items = append(items, found...)
		if page == 1 {
			token = attribute(toAttr, regexp.MustCompile(`<state [^>]*>`).FindString(raw))
		}
		next := attribute(last, raw)
		if len(found) == 0 || next == "" {
			if page < 3 {
				s.t.Error("it came in one page")
			}
			return items, token
		}
		set = "<set xmlns='http://jabber.org/protocol/rsm'><after>" + next + "</after></set>"
	}
}
