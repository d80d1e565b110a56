package pubsub_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rollcall-xmpp/rollcall/internal/model"
)

// FuzzTwins is the same as TestTwins for go test -fuzz.
func FuzzTwins(f *testing.F) {
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) { twinsProperty(t) }))
}

// TestTwins: non-interference. Two groups whose stories differ only in what one
// watcher may not see, by the model. Every byte that he is sent is the same, at
// the same moments, but for the names of what is random. By whatever way he is
// sent it.
func TestTwins(t *testing.T) {
	differ := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := twinsProperty(t)
		differ[w.a.servers.way] += w.differ
	})
	byAllWays(t, differ)
}

// twins are the two groups, and the watcher who is in both.
type twins struct {
	t       *rapid.T
	a, b    *house
	watcher string
	differ  int // how often b's story was another one
}

func twinsProperty(t *rapid.T) *twins {
	w := &twins{t: t, watcher: pick(t, "watcher", everybody...)}
	m := model.New("team")
	for _, jid := range subset(t, everybody, "members") {
		m.Members[jid] = drawMember(t)
		m.Members[jid].Agreed = m.Policy.Default
	}
	way := pick(t, "way", ways...)
	w.a = newHouseBy(t, m, way)
	defer w.a.close()
	w.b = newHouseBy(t, (&truth{m: m}).clone().m, way)
	defer w.b.close()
	for _, jid := range everybody {
		one := act{kind: "appears", jid: jid, name: "desk", device: &model.Device{Name: "desk", Show: drawShow(t)}}
		w.step(one, one)
	}
	for range rapid.IntRange(1, 20).Draw(t, "steps") {
		a := w.draw(w.a.w)
		switch rapid.IntRange(0, 3).Draw(t, "step") {
		case 0:
			w.question()
		case 1:
			w.step(a, a)
		default:
			w.step(a, w.draw(w.b.w))
		}
	}
	w.compare()
	return w
}

// draw draws something that may differ. Everybody has one device, and the
// server knows no more than the group.
func (w *twins) draw(in *truth) act {
	for {
		a := drawAct(w.t, in)
		if a.kind != "denies" && a.kind != "approves" && a.kind != "lost" && (a.name == "" || a.name == "desk") {
			return a
		}
	}
}

// step lets a happen in one world and b in the other if the watcher could not
// tell; else a in both, or nothing.
func (w *twins) step(a, b act) {
	for _, b := range []act{b, a} {
		other := fmt.Sprint(a) != fmt.Sprint(b)
		if other && (bare(a.jid) == w.watcher || bare(b.jid) == w.watcher || a.kind == "time" || b.kind == "time") {
			continue
		}
		wa, wb := w.a.w.clone(), w.b.w.clone()
		for _, jid := range everybody { // whoever is asked says yes
			wa.given[jid], wb.given[jid] = true, true
		}
		ra, rb := wa.do(a), wb.do(b)
		if !slices.Equal(wa.sight(w.watcher), wb.sight(w.watcher)) || bare(a.jid) == w.watcher && ra != rb {
			continue
		}
		if other {
			w.differ++
		}
		w.t.Logf("%s\n\tand %s", a, b)
		w.a.do(a)
		w.b.do(b)
		w.a.settle()
		w.b.settle()
		w.compare()
		return
	}
}

// question lets the watcher ask the same in both worlds.
func (w *twins) question() {
	from, node := w.watcher+"/"+pick(w.t, "resource", "desk", "q"), pick(w.t, "node", nodes...)
	for _, payload := range []string{
		pubsubXML("<items node='" + ns + "#" + node + "'/>"), pubsubXML("<subscriptions/>"), pubsubXML("<affiliations/>"),
		"<authorization xmlns='" + ns + "'/>", "<query xmlns='http://jabber.org/protocol/disco#info'/>",
		"<query xmlns='http://jabber.org/protocol/disco#items'/>", pubsubXML("<options node='" + ns + "#" + node + "' jid='" + from + "'/>"),
	} {
		a, b := w.a.request(from, "get", payload), w.b.request(from, "get", payload)
		if a, b := anonymous(a), anonymous(b); a != b {
			w.t.Fatalf("%s is answered\n%s\nbut in the other world\n%s", payload, a, b)
		}
	}
}

var randomOf = regexp.MustCompile(`<state [^>]*/>|<published [^>]*/>|subid='[^']*'| id='q\d+'|/[\w-]{22}</last>`)

// anonymous leaves out what is random. Who asks without a subscription gets
// another token for the same when rules change that could concern him.
func anonymous(answer string) string { return randomOf.ReplaceAllString(answer, "") }

// compare compares what the watcher was sent by now.
func (w *twins) compare() {
	a, b := w.a.streams(w.watcher), w.b.streams(w.watcher)
	for _, at := range slices.Sorted(maps.Keys(a)) {
		if x, y := strings.Join(a[at], "\n"), strings.Join(b[at], "\n"); x != y {
			w.t.Fatalf("%s is sent\n%s\nbut in the other world\n%s", at, x, y)
		}
	}
	if len(a) != len(b) {
		w.t.Fatalf("%d streams, %d in the other world", len(a), len(b))
	}
}

var eventID = regexp.MustCompile(` id='[A-Z2-7]{12}'`)

// streams is what somebody was sent, for each address and node, in order: the
// tokens renamed in the order in which he sees them. Answers are compared when
// they come.
func (h *house) streams(jid string) map[string][]string {
	streams, names := map[string][]string{}, map[string]map[string]string{}
	for _, raw := range h.told[jid] {
		if strings.HasPrefix(raw, "<iq") {
			continue
		}
		at := "presence"
		if node := nodeOf.FindString(raw); node != "" {
			at = address.FindStringSubmatch(raw)[2] + " " + node
		}
		if names[at] == nil {
			names[at] = map[string]string{}
		}
		if s := stateOf.FindStringSubmatch(raw); s != nil {
			for _, token := range s[1:3] {
				if token != "" && names[at][token] == "" {
					names[at][token] = fmt.Sprint("t", len(names[at])+1)
				}
				if token != "" {
					raw = strings.Replace(raw, "'"+token+"'", "'"+names[at][token]+"'", 1)
				}
			}
		}
		streams[at] = append(streams[at], eventID.ReplaceAllString(raw, ""))
	}
	return streams
}
