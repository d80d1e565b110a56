package component

import (
	"strings"
	"testing"
	"testing/synctest"
)

// chatTypes are those of messages that may be part of a chat, or not.
var chatTypes = []string{"", " type='chat'", " type='normal'", " type='groupchat'", " type='foo'"}

// A stranger's message comes back from an unlisted group as it does from a
// name that is not used: no other word, and not more or fewer of them.
func TestStrangersTalkToNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t, "ann")
		said := map[string][]string{}
		for _, name := range []string{"team", "unused"} {
			for _, typ := range chatTypes {
				for _, inner := range []string{"<body>who</body>", "<body>help</body><thread>x</thread>", "<active xmlns='http://jabber.org/protocol/chatstates'/>", ""} {
					p.send("<message" + typ + " id='m' xml:lang='de' from='eve@example.org/x' to='" + name + "@" + testDomain + "'>" + inner + "</message>")
				}
			}
			if err := svc.Settle(t.Context()); err != nil {
				t.Fatal(err)
			}
			p.send(pingFrom("over" + name))
			for got := p.next(); !strings.Contains(got, "id='over"+name+"'"); got = p.next() {
				if strings.HasPrefix(got, "<message") {
					said[name] = append(said[name], strings.ReplaceAll(got, name+"@", "NAME@"))
				}
			}
		}
		if a, b := strings.Join(said["team"], "\n"), strings.Join(said["unused"], "\n"); a != b || len(said["team"]) != 4*len(chatTypes) {
			t.Errorf("%s\n\n%s", a, b)
		}
		for _, m := range said["team"] {
			if !strings.Contains(m, "<error type='cancel'><service-unavailable") {
				t.Error(m)
			}
		}
		p.leave(stop)
	})
}

// Who asks a group by chat is answered from where he asked; a room is none.
func TestChatIsAnswered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := serve(t, "ann", "bob")
		p.send("<presence from='bob@example.org/desk' to='team@" + testDomain + "'><status>a &amp; b</status></presence>")
		synctest.Wait()
		if err := svc.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct{ to, typ, body, want string }{
			{"team@" + testDomain, " type='chat'", "who", "bob: available, a &amp; b"},
			{"team@" + testDomain + "/group", "", "who", "bob: available, a &amp; b"},
			{testDomain, " type='chat'", "groups", "team: team@" + testDomain},
			{testDomain + "/x", " type='foo'", "&lt;groups>", "I do not know “&lt;groups&gt;”"},
		} {
			p.send("<message" + c.typ + " id='m' from='ann@example.org/desk' to='" + c.to + "'><body>" + c.body + "</body></message>")
			for {
				got := p.next()
				if !strings.HasPrefix(got, "<message") {
					continue
				}
				if !strings.Contains(got, "from='"+c.to+"' to='ann@example.org/desk'") || !strings.Contains(got, c.want) {
					t.Errorf("%s: %s", c.to, got)
				}
				break
			}
		}
		p.send("<message type='groupchat' id='room' from='ann@example.org/desk' to='team@" + testDomain + "'><body>who</body></message>")
		for got := p.next(); ; got = p.next() {
			if strings.HasPrefix(got, "<message") {
				if !strings.Contains(got, "service-unavailable") {
					t.Error(got)
				}
				break
			}
		}
		p.leave(stop)
	})
}
