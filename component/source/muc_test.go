package source_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/component/source"
)

const (
	mucJID  = "conference.example.org"
	roomJID = "team@conference.example.org"
)

// muc is a MUC service with a room.
type muc struct {
	*link
	title  string
	lists  map[string][]string // "alice" or "alice=Nick", by affiliation
	trusts bool
}

func newMUC() *muc {
	m := &muc{link: &link{}, title: "The Room", trusts: true, lists: map[string][]string{"owner": {"alice"}, "member": {"bob=Bo"}, "outcast": {"eve"}}}
	m.answer = func(_, _, to, payload string) string {
		switch {
		case strings.Contains(payload, "disco#items"):
			return listing(to, roomJID)
		case to == mucJID:
			return result(to, "")
		case strings.Contains(payload, "disco#info"):
			return result(to, "<query xmlns='http://jabber.org/protocol/disco#info'><identity category='conference' name='"+m.title+"'/><feature var='muc_hidden'/></query>")
		case !m.trusts:
			return ""
		}
		for affiliation, names := range m.lists {
			if strings.Contains(payload, "'"+affiliation+"'") {
				var b strings.Builder
				for _, n := range names {
					name, nick, _ := strings.Cut(n, "=")
					fmt.Fprintf(&b, "<item affiliation='%s' jid='%s@example.org' nick='%s'/>", affiliation, name, nick)
				}
				return result(to, "<query xmlns='http://jabber.org/protocol/muc#admin'><item affiliation='"+affiliation+"' jid='groups.example.org'/>"+b.String()+"</query>")
			}
		}
		return result(to, "<query xmlns='http://jabber.org/protocol/muc#admin'/>")
	}
	return m
}

func user(kind, inside string) string {
	return "<" + kind + " from='" + roomJID + "' to='groups.example.org/rollcall'><x xmlns='http://jabber.org/protocol/muc#user'>" + inside + "</x></" + kind + ">"
}

func (m *muc) source(pace source.Pace) source.Source {
	return source.NewMUC(source.MUCConfig{Link: m.link, Address: mucJID, Pace: pace})
}

// In the room: it is read when something changed, not when somebody talks, and
// left in the end.
func TestRoom(t *testing.T) {
	m, s := newMUC(), newSink()
	t.Run("there", func(t *testing.T) {
		runs(t, m.source(source.Pace{Quiet: 1}), s)
		s.until(t, "only team")
		s.until(t, `team "The Room": alice@example.org=/owner bob@example.org=Bo/member`)
		s.until(t, "back")
		asked := func() (n int) { m.change(func() { n = len(m.asked) }); return n }
		before := asked()
		for _, stanza := range []string{
			"<message type='groupchat' from='" + roomJID + "/alice'><body>affiliation</body></message>",
			user("presence", "<item jid='alice@example.org/desk' affiliation='owner' role='moderator'/>"),
			user("presence", "<item jid='guest@example.org/desk' affiliation='none' role='participant'/>"),
			user("presence", "<item affiliation='member' role='participant'/>"),
			"<presence from='" + roomJID + "/bob' type='unavailable'/>", "<presence", "",
		} {
			if !m.says(roomJID, stanza) {
				t.Fatal("nobody listens")
			}
		}
		m.change(func() { m.lists["admin"] = []string{"carol"} })
		m.says(roomJID, user("message", "<item jid='carol@example.org' affiliation='admin'/>"))
		s.until(t, `team "The Room": alice@example.org=/owner carol@example.org=/admin bob@example.org=Bo/member`)
		if n := asked() - before; n != 4 {
			t.Errorf("%d requests, 4 are needed to read a room once", n)
		}
		m.change(func() { m.title = "Renamed" })
		m.says(roomJID, user("message", "<status code='104'/>"))
		s.until(t, `team "Renamed": `)
		m.change(func() { m.lists["owner"] = append(m.lists["owner"], "dan") })
		m.says(roomJID, user("presence", "<item jid='dan@example.org/desk' affiliation='owner' role='moderator'/>"))
		s.until(t, `team "Renamed": alice@example.org=/owner dan@example.org=/owner`)
		m.change(func() { m.trusts = false })
		m.says(roomJID, user("presence", "<destroy/>"))
		s.until(t, "lost team: read the owners of "+roomJID)
	})
	if n := len(m.sent); n == 0 || !strings.Contains(m.sent[n-1], "type='unavailable'") {
		t.Errorf("sent %q", m.sent)
	}
}

// Periodically: nobody sits in the room.
func TestRoomPeriodic(t *testing.T) {
	m, s := newMUC(), newSink()
	runs(t, source.NewMUC(source.MUCConfig{Link: m.link, Address: mucJID, Groups: []string{"team"}, Every: 1}), s)
	s.until(t, `team "The Room": `)
	m.change(func() { m.title = "Renamed" })
	s.until(t, `team "Renamed": `)
	m.change(func() {
		if len(m.sent) > 0 {
			t.Errorf("sent %q", m.sent)
		}
	})
}

// Whatever is said in a room, and whatever it answers: nothing breaks.
func FuzzRoom(f *testing.F) {
	f.Add(user("message", "<item jid='carol@example.org' affiliation='admin'/>"), "<iq type='result'><query xmlns='http://jabber.org/protocol/muc#admin'><item jid='a@b' affiliation='owner'/></query></iq>")
	f.Add(user("presence", "<status code='999999999999999999999'/>"), "<iq type='error'>")
	f.Add("<presence", "")
	f.Fuzz(func(t *testing.T, stanza, answer string) {
		m, s := newMUC(), newSink()
		well := m.answer
		runs(t, m.source(source.Pace{Quiet: 1, Pause: 1}), s)
		s.until(t, "back")
		m.change(func() { m.answer = func(_, _, _, _ string) string { return answer } })
		m.says(roomJID, stanza)
		m.change(func() { m.answer, m.title = well, "End" })
		for !m.says(roomJID, user("message", "<status code='104'/>")) {
			s.until(t, "team") // it sits down again
		}
		s.until(t, `team "End": `)
	})
}
