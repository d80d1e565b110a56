package component

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rollcall-xmpp/rollcall/pubsub"
)

const nsTime = "urn:xmpp:time"

// asks counts the questions about the time since it was asked last.
func (p *peer) asks() (n int) {
	p.t.Helper()
	p.send(pingFrom("asks"))
	for {
		got := p.next()
		if strings.Contains(got, "id='asks'") {
			return n
		}
		if strings.HasPrefix(got, "<iq type='get'") && strings.Contains(got, nsTime) {
			n++
		}
	}
}

// within returns the next frame with that in it, which comes in that time.
func (p *peer) within(d time.Duration, word string) string {
	p.t.Helper()
	end := time.After(d)
	for {
		select {
		case got := <-p.in:
			if strings.Contains(got, word) {
				return got
			}
		case <-end:
			p.t.Fatalf("no %s came", word)
		}
	}
}

// answer is one to a question of the group's, of that type.
func answer(ask, typ, inside string) string {
	from, _, _ := strings.Cut(ask[strings.Index(ask, " to='")+5:], "'")
	return "<iq type='" + typ + "' id='" + id(ask) + "' from='" + from + "' to='team@" + testDomain + "'>" + inside + "</iq>"
}

func stanzaError(condition string) string {
	return "<error type='cancel'><" + condition + " xmlns='" + nsStanzas + "'/></error>"
}

// A device is asked for its time zone if somebody may see it: the one that
// speaks for its member, when he comes, and once in a period, however often he
// comes. Nothing of its clock is told.
func TestTimeZoneIsAskedRarely(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		lets(t, svc, "members: availability timezone")
		p.send(presence("ann@example.org/phone", "<priority>-1</priority>"))
		p.send(presence("ann@example.org/desk", ""))
		ask := until(p, "<iq type='get' ", nsTime, "to='ann@example.org/desk'")
		p.send(answer(ask, "result", "<time xmlns='"+nsTime+"'><tzo>+05:45</tzo><utc>SECRET</utc></time>"))
		until(p, "<presence xmlns='jabber:client'></presence><timezone>+05:45</timezone></member>")
		for range 20 {
			p.send("<presence from='ann@example.org/desk' to='team@" + testDomain + "' type='unavailable'/>")
			p.send("<presence from='ann@example.org/phone' to='team@" + testDomain + "' type='unavailable'/>")
			p.send(presence("ann@example.org/phone", ""))
			p.send(presence("ann@example.org/desk", ""))
			time.Sleep(time.Minute) // of the test's own clock: nobody waits
		}
		until(p, "<timezone>+05:45</timezone>")
		if n := p.asks(); n > 1 { // a period may begin
			t.Errorf("asked %d times more", n)
		}
		began := time.Now()
		p.send(answer(p.within(zonePeriod+time.Minute, nsTime), "error", stanzaError("service-unavailable"))) // it does not say
		until(p, "<presence xmlns='jabber:client'></presence></member>")
		p.send(answer(p.within(zonePeriod+time.Minute, nsTime), "result", "<time xmlns='"+nsTime+"'><tzo>SECRET</tzo></time>")) // or something else
		time.Sleep(time.Until(began.Add(2*zonePeriod - time.Minute)))                                                           // of the bubble's clock
		if n := p.asks(); n != 0 {
			t.Errorf("asked %d times more in two periods", n)
		}
		lets(t, svc, "members: availability")
		time.Sleep(2 * zonePeriod) // of the bubble's clock
		if n := p.asks(); n != 0 || svc.Stats().Malformed != 1 {
			t.Errorf("asked %d times what nobody may see, %d malformed", n, svc.Stats().Malformed)
		}
		p.leave(stop)
	})
}

// What is newly granted is asked for at once; a new connection is no reason to
// ask again, nor is somebody of whom nothing is granted.
func TestTimeZoneIsGranted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		lets(t, svc, "members: availability mood")
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		if n := p.asks(); n != 0 {
			t.Errorf("asked %d times", n)
		}
		if err := svc.Roster.SetPolicy(t.Context(), "team", "ann@example.org", "members: availability mood\njid:bob@example.org: timezone availability"); err != nil {
			t.Fatal(err)
		}
		p.send(answer(p.within(time.Minute, nsTime), "result", "<time xmlns='"+nsTime+"'><tzo>-03:00</tzo></time>"))
		until(p, "<timezone>-03:00</timezone>")
		lets(t, svc, "members: availability mood")
		until(p, "<presence xmlns='jabber:client'></presence></member>")
		p.leave(stop)
	})
}

// The vCard is read where it is published; only a server that has no nodes at
// all is asked in the other way.
func TestCardIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		lets(t, svc, "members: availability")
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		p.keen.Store(true)
		for _, condition := range []string{"item-not-found", "service-unavailable", "feature-not-implemented"} {
			done := make(chan struct{})
			go func() {
				defer close(done)
				lets(t, svc, "members: availability language interests")
			}()
			io.WriteString(p.conn, answer(until(p, "max_items='1'", "'"+vcardNode+"'"), "error", stanzaError(condition)))
			if condition != "item-not-found" {
				ask := until(p, "<iq type='get'", "to='ann@example.org'", "><vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'/></iq>")
				io.WriteString(p.conn, answer(ask, "result", "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><fn><text>SECRET</text></fn><lang><language-tag>de</language-tag></lang><hobby><text>chess</text></hobby></vcard>"))
				until(p, "<interests><interest kind='hobby'>chess</interest></interests><language>de</language></member>")
			}
			<-done
			p.send(pingFrom("over"))
			for got := p.next(); !strings.Contains(got, "id='over'"); got = p.next() {
				if strings.Contains(got, "<vcard ") || strings.Contains(got, "max_items") {
					t.Errorf("%s: asked %s", condition, got)
				}
			}
			lets(t, svc, "members: availability")
		}
		p.leave(stop)
	})
}

// One node, several attributes: it is wanted and read once, for whichever of
// them is granted.
func TestCardIsPublished(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		lets(t, svc, "members: availability")
		p.wants()
		card := publishes(vcardNode, "<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><tel><uri>tel:SECRET</uri></tel><lang><language-tag>de</language-tag></lang><hobby><text>chess</text></hobby></vcard>")
		for _, c := range []struct{ rules, want string }{
			{"members: availability language", "<presence xmlns='jabber:client'></presence><language>de</language></member>"},
			{"members: availability interests", "<presence xmlns='jabber:client'></presence><interests><interest kind='hobby'>chess</interest></interests></member>"},
			{"members: availability interests language", "</interests><language>de</language></member>"},
		} {
			lets(t, svc, c.rules)
			if _, read := p.wants(); fmt.Sprint(read) != "["+vcardNode+"]" {
				t.Errorf("%s: reads %q", c.rules, read)
			}
			p.send(card)
			until(p, c.want)
		}
		before := svc.Stats()
		for _, bad := range []string{
			"<vcard xmlns='urn:x'><lang><language-tag>de</language-tag></lang></vcard>",
			"<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><hobby><text>SECRET&#x9b;</text></hobby></vcard>",
			"<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><lang>" + strings.Repeat("<a>", 30) + strings.Repeat("</a>", 30) + "</lang></vcard>",
			"<vcard xmlns='urn:ietf:params:xml:ns:vcard-4.0'><note><text>" + strings.Repeat("SECRET", 20<<10) + "</text></note></vcard>",
		} {
			p.send(publishes(vcardNode, bad))
			until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence></member>")
			p.send(card)
			until(p, "</interests><language>de</language></member>")
		}
		if s := svc.Stats(); s.Malformed-before.Malformed != 6 || s.TooLarge-before.TooLarge != 2 { // of two attributes each
			t.Errorf("counted %d malformed, %d too large", s.Malformed-before.Malformed, s.TooLarge-before.TooLarge)
		}
		p.leave(stop)
	})
}

// Of a picture that is not published the hash in presence is shown
// (XEP-0153); what is published takes its place.
func TestPictureInPresence(t *testing.T) {
	const hash, other = "357a8123a30844a3aa99861b6349264ba67a5694", "a94a8fe5ccb19ba61c4c0873d391e987982fbbd3"
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		lets(t, svc, "members: availability")
		says := func(inside string) {
			p.send(presence("ann@example.org/desk", inside))
		}
		photo := func(hash string) string {
			return "<x xmlns='vcard-temp:x:update'><photo>" + hash + "</photo></x>"
		}
		shows := func(inside string) {
			t.Helper()
			until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>"+inside+"</member>")
		}
		says(photo("SECRET"))
		shows("")
		lets(t, svc, "members: availability avatar")
		says(photo(hash))
		shows(photo(hash))
		for _, same := range []string{"", "<x xmlns='vcard-temp:x:update'/>", "<x xmlns='urn:x'><photo>" + other + "</photo></x>", photo("SECRET"), photo(hash + "00"), photo(strings.Repeat("SECRET", 1000))} {
			says(same)
		}
		says(photo(other))
		shows(photo(other))
		metadata := "<metadata xmlns='urn:xmpp:avatar:metadata'><info bytes='1' id='" + hash + "' type='image/png'/></metadata>"
		p.send(publishes("urn:xmpp:avatar:metadata", metadata))
		shows(metadata)
		says(photo(hash))
		p.send(publishes("urn:xmpp:avatar:metadata", "<metadata xmlns='urn:xmpp:avatar:metadata'/>"))
		shows(photo(hash))
		says("<x xmlns='vcard-temp:x:update'><photo/></x>")
		shows("")
		says(photo(hash))
		shows(photo(hash))
		lets(t, svc, "members: availability")
		shows("")
		if s := svc.Stats(); s.Malformed != 4 {
			t.Errorf("counted %d", s.Malformed)
		}
		p.leave(stop)
	})
}

// A member says how exactly others see where he is. What is finer is forgotten
// at once, and read again as he lets it be seen.
func TestPrecision(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		lets(t, svc, "members: availability location")
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		geo := func(inside string) string { return "<geoloc xmlns='" + geoNode + "'>" + inside + "</geoloc>" }
		where := geo("<country>Italy</country><lat>45.4408</lat><locality>Venice</locality><lon>12.3155</lon><region>Veneto</region><street>34th</street>")
		p.send(publishes(geoNode, where))
		until(p, where+"</member>")
		p.wants()
		for _, c := range []struct{ as, want string }{
			{"locality", geo("<country>Italy</country><region>Veneto</region><locality>Venice</locality>")},
			{"country", geo("<country>Italy</country>")},
			{"1km", geo("<country>Italy</country><region>Veneto</region><locality>Venice</locality><lat>45.44</lat><lon>12.32</lon>")},
			{"10km", geo("<country>Italy</country><region>Veneto</region><locality>Venice</locality><lat>45.4</lat><lon>12.3</lon>")},
			{"exact", where},
		} {
			p.keen.Store(true)
			p.send("<iq type='set' id='p' from='ann@example.org/x' to='team@" + testDomain + "'><location xmlns='" + pubsub.NS + "' precision='" + c.as + "'/></iq>")
			ask := until(p, "max_items='1'", "'"+geoNode+"'")
			p.send(answer(ask, "result", "<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='"+geoNode+"'><item id='current'>"+where+"</item></items></pubsub>"))
			until(p, c.want+"</member>")
			p.keen.Store(false)
			p.send("<iq type='get' id='g' from='ann@example.org/x' to='team@" + testDomain + "'><location xmlns='" + pubsub.NS + "'/></iq>")
			if got := until(p, "id='g'"); !strings.Contains(got, "><location xmlns='"+pubsub.NS+"' precision='"+c.as+"'/></iq>") {
				t.Errorf("told %s", got)
			}
		}
		for from, want := range map[string]string{"ann@example.org": "not-acceptable", "mallory@example.org": "item-not-found"} {
			for _, precision := range []string{"street", "", "Exact", "6"} {
				p.send("<iq type='set' id='no' from='" + from + "/x' to='team@" + testDomain + "'><location xmlns='" + pubsub.NS + "' precision='" + precision + "'/></iq>")
				if got := until(p, "id='no'"); !strings.Contains(got, want) && from == "ann@example.org" || !strings.Contains(got, "type='error'") {
					t.Errorf("%s: %s", from, got)
				}
			}
		}
		p.leave(stop)
	})
}

// What was on its way when its member let others see less is not shown.
func TestLessPreciseMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc, p, stop := watched(t)
		lets(t, svc, "members: availability location")
		p.send(presence("ann@example.org/desk", ""))
		until(p, "jid='ann@example.org'><presence xmlns='jabber:client'></presence>")
		g := svc.Roster.Loaded([]byte("team"))
		for i := range 3000 { // more than may change at once: the rest waits
			p.send(publishes(geoNode, fmt.Sprintf("<geoloc xmlns='%s'><country>Italy</country><street>%d</street></geoloc>", geoNode, i)))
		}
		synctest.Wait()
		if _, held := svc.pace.stats(); held == 0 {
			t.Fatal("nothing waits")
		}
		if err := g.SetPrecision(t.Context(), "ann@example.org", 5); err != nil {
			t.Fatal(err)
		}
		p.wants()
		time.Sleep(time.Minute) // of the test's own clock: nobody waits
		p.send(pingFrom("late"))
		for got := p.next(); !strings.Contains(got, "id='late'"); got = p.next() {
			if strings.Contains(got, "street") {
				t.Errorf("shown: %s", got)
			}
		}
		p.leave(stop)
	})
}
