package component

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/internal/frame"
	"github.com/rollcall-xmpp/rollcall/roster"
	"github.com/rollcall-xmpp/rollcall/store"
)

// TestFaces: two worlds that differ only in something that a watcher may not
// see. He looks at everything there is to look at, before and after; whatever
// he is sent by whatever face is the same, byte for byte and in the same
// number, but for the names of what is random.
//
// What can send anything stands, with its face, in testdata/senders.txt (see
// TestSenders). The builds that package leak makes must fail here, each at its
// face.
func TestFaces(t *testing.T) {
	seen := map[string]bool{}
	plain := map[bool]*leakWorld{true: leakStory(t, nothing, true, false), false: leakStory(t, nothing, false, false)}
	for _, s := range secrets {
		strangers := slices.Contains(s.from, eve)
		a, b := leakStory(t, s.is, strangers, false), plain[strangers]
		if s.isNot != nil {
			b = leakStory(t, s.isNot, strangers, false)
		}
		for _, watcher := range append(slices.Clone(s.from), "log") {
			alike(t, s.what, watcher, a, b, seen)
		}
	}
	// By the server's PubSub service all at once, for it takes its time. Only bob
	// is of its users.
	a, b := leakStory(t, of(bob, func(s *secret) func(*leakWorld) { return s.is }), false, true),
		leakStory(t, of(bob, func(s *secret) func(*leakWorld) { return s.isNot }), false, true)
	alike(t, "everything that he may not see", bob, a, b, seen)
	for _, face := range faces {
		if !seen[face] {
			t.Errorf("nobody looked at face %s", face)
		}
	}
}

// of lets something happen for each secret that the watcher may not find out.
func of(watcher string, happens func(*secret) func(*leakWorld)) func(*leakWorld) {
	return func(w *leakWorld) {
		for i := range secrets {
			if f := happens(&secrets[i]); f != nil && slices.Contains(secrets[i].from, watcher) {
				f(w)
			}
		}
	}
}

// alike compares what a watcher was sent in both worlds.
func alike(t *testing.T, what, watcher string, a, b *leakWorld, seen map[string]bool) {
	t.Helper()
	for _, face := range faces {
		x, y := a.heard[watcher+" "+face], b.heard[watcher+" "+face]
		seen[face] = seen[face] || len(x) > 0
		for _, node := range slices.Sorted(maps.Keys(merge(x, y))) {
			if !slices.Equal(x[node], y[node]) {
				t.Errorf("face %s leaks to %s: %s\n%s", face, watcher, what, difference(x[node], y[node]))
			}
		}
	}
}

func merge(x, y map[string][]string) map[string][]string {
	all := maps.Clone(x)
	if all == nil {
		all = map[string][]string{}
	}
	maps.Copy(all, y)
	return all
}

func difference(x, y []string) string {
	for i := range max(len(x), len(y)) {
		switch {
		case i >= len(x):
			return "only if not: " + y[i]
		case i >= len(y):
			return "only if so: " + x[i]
		case x[i] != y[i]:
			return "if so:  " + x[i] + "\nif not: " + y[i]
		}
	}
	return ""
}

// faces are the ways on which somebody learns something.
var faces = []string{"item", "event", "summary", "items", "since", "contact", "line", "probe", "resources", "devices", "published", "willing", "disco", "affiliations",
	"subscriptions", "options", "authorization", "command", "explain", "error", "presence", "message", "tell", "profile", "last", "hook", "copies", "outpost", "asks", "log", "admin"}

// leakWorld is a service without a server, and what everybody was sent.
type leakWorld struct {
	t   *testing.T
	s   *Service
	now time.Time

	watchers, places []string // who looks, and where

	log    bytes.Buffer
	heard  map[string]map[string][]string // by watcher and face, by node
	names  map[string]map[string]string   // of what is random, by stream
	tokens map[string]string              // the last one of #group, by watcher
	asked  map[string]string              // face of a request, by id
	chat   string                         // what a watcher says to the group just now

	service leakService
}

// leakStory is a world where something happens between two looks. The second
// begins with the whole state, for who is subscribed subscribes again.
func leakStory(t *testing.T, is func(*leakWorld), strangers, outposts bool) *leakWorld {
	t.Helper()
	w := newLeakWorld(t, outposts)
	if w.watchers, w.places = []string{bob, mallory}, []string{"team@groups.example.org", "groups.example.org"}; strangers {
		w.watchers, w.places = append(w.watchers, eve), append(w.places, "quiet@groups.example.org")
	}
	w.look()
	held := maps.Clone(w.tokens)
	w.appears(bob, "desk", "<show>away</show>") // what the members are told alike
	is(w)
	w.hear()
	w.appears(bob, "desk", "")
	w.tokens = held // else the second look would ask for nothing of all that
	w.look()
	w.close()
	return w
}

func newLeakWorld(t *testing.T, outposts bool) *leakWorld {
	t.Helper()
	w := &leakWorld{t: t, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), heard: map[string]map[string][]string{}, names: map[string]map[string]string{}, tokens: map[string]string{}, asked: map[string]string{}}
	w.service = leakService{nodes: map[string]*leakNode{}, kinds: map[string]string{}}
	log := slog.New(slog.NewTextHandler(&w.log, &slog.HandlerOptions{Level: slog.LevelInfo,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		}}))
	log.Info("a world begins") // so that somebody looks at the log
	cfg := ServiceConfig{Store: store.Memory(), Link: Config{Domain: "groups.example.org", Log: log, Window: 1 << 30},
		Now: func() time.Time { return w.now }}
	if outposts {
		cfg.PubSub, cfg.Link.ServerHost = leakPubSub, "example.org"
	}
	w.s = NewService(cfg)
	w.s.Link.Out.attach()
	w.s.Roster.SetMulticast(roster.Multicast{Service: "multicast.example.org", Domain: "example.org", Messages: 20, Presences: 20})
	rec := &roster.GroupRecord{Name: "team", Settings: roster.Settings{Policy: "watch members\nwatch jid:" + mallory + " jid:hook+ci+team@groups.example.org"},
		Hooks: []roster.HookRecord{{Name: "ci", URL: "https://ci.example.org/", Secret: "s", Format: roster.HookJSON}}}
	for _, jid := range []string{alice, bob, carol, dora} {
		rec.Members = append(rec.Members, roster.MemberRecord{JID: jid, Affiliation: roster.Plain, Ask: roster.Granted})
	}
	w.must(w.s.Roster.CreateGroup(context.Background(), rec))
	w.s.Roster.Complete()
	w.authorizes(alice)
	w.rules(carol, "", "<rule who='jid:"+alice+"' attributes='all'/>")
	w.rules(dora, "", "<rule who='members' attributes='availability'/><rule who='jid:"+alice+"' attributes='all'/>")
	for _, jid := range []string{bob, dora} {
		w.appears(jid, "desk", "")
	}
	w.publishes(bob, "mood", "<happy/>")
	for _, n := range rec.Settings.Payload.Nodes() { // what bob is told leaves for both
		w.says(dora, "<iq type='set' id='d' TO><pubsub xmlns='http://jabber.org/protocol/pubsub'><subscribe node='urn:xmpp:tmp:group-presence:0#"+
			n.String()+"' jid='"+dora+"'/></pubsub></iq>")
	}
	w.says(dora, "<presence type='subscribe' TO/>")
	w.willing(bob, "<willing app='voice' value='no'/>")
	w.hear()
	return w
}

func (w *leakWorld) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// says is a stanza from one of jid's devices; TO is where it goes.
func (w *leakWorld) says(jid, stanza string) {
	stanza = strings.Replace(stanza, " TO", " to='team@groups.example.org'", 1)
	if strings.HasPrefix(stanza, "<presence") {
		w.from(jid, stanza)
		return
	}
	w.from(jid+"/look", stanza)
}

func (w *leakWorld) from(full, stanza string) {
	w.t.Helper()
	i := strings.IndexAny(stanza, " />")
	raw := []byte(stanza[:i] + " from='" + full + "'" + stanza[i:])
	var st frame.Stanza
	if !passes(raw) || !frame.Parse(raw, &st) {
		w.t.Fatalf("no stanza: %s", raw)
	}
	w.must(w.s.Link.dispatch(w.s, &st))
	w.hear()
}

// hear takes in what the service says.
func (w *leakWorld) hear() {
	w.t.Helper()
	for {
		for _, g := range w.s.Roster.All() { // nobody keeps a policy at his server
			for _, jid := range g.Unread() {
				g.Read(jid)
			}
		}
		for _, q := range w.s.workers.queues {
			w.s.workers.drain(q)
		}
		r, err := w.s.Link.Out.round()
		w.must(err)
		for _, g := range w.s.Roster.All() { // the server has copied everything already
			g.Landed(1000)
		}
		if len(r.b) == 0 {
			w.s.Link.Out.recycle(r.b)
			if w.service.answer(w) {
				continue
			}
			return
		}
		in := frame.NewReader(bytes.NewReader(r.b), 1<<18, 100)
		for {
			raw, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			w.must(err)
			w.take(string(raw))
		}
		w.s.Link.Out.recycle(r.b)
	}
}

var (
	leakRandom = regexp.MustCompile(` (?:from|to)='([\w-]{22})'|/([\w-]{22})</last>|(?:subid|sessionid)='([^']*)'|<published [^>]* node='([^']*)'`)
	leakItem   = regexp.MustCompile(`(?s)<item id='([^']*)'>.*?</item>|<retract[^>]*>`)
	leakThing  = regexp.MustCompile(`(?s)<(mood|tune|geoloc|language|interests|timezone|x)\b.*?</(mood|tune|geoloc|language|interests|timezone|x)>`)
	leakWord   = regexp.MustCompile(`<(willing|reported) [^>]*/>`)
	leakCaps   = regexp.MustCompile(`<c [^>]*/>`)
	leakDevice = regexp.MustCompile(`(?s)<device [^>]*>|<connection [^>]*>|<capabilities[ >].*?</capabilities>|<capabilities[^>]*/>`)
	leakLine   = regexp.MustCompile(`<status>.*</status>`)
	leakCopy   = regexp.MustCompile(`<address type='\w+' jid='([^']*)'/>`)
	leakBlind  = regexp.MustCompile(`<address type='bcc' jid='[^']*'/>`)
)

// value is that of the first attribute that begins so.
func value(raw, start string) string {
	_, rest, _ := strings.Cut(raw, start)
	v, _, _ := strings.Cut(rest, "'")
	return v
}

// take puts a stanza down, for its reader and its face.
func (w *leakWorld) take(raw string) {
	w.t.Helper()
	if strings.Contains(raw, " to='multicast.example.org'") && !strings.HasPrefix(raw, "<iq") {
		w.copy(raw)
		return
	}
	if strings.Contains(raw, " to='"+leakPubSub+"'") && strings.HasPrefix(raw, "<iq") {
		w.service.take(w, raw)
		return
	}
	if _, at, ok := strings.Cut(raw, "<published "); ok {
		w.service.kinds[value(at, " node='")] = value(raw, " node='")
	}
	to, id := value(raw, " to='"), value(raw, " id='")
	jid, _, _ := strings.Cut(to, "/")
	node := value(raw, " node='")
	if _, state, ok := strings.Cut(raw, "<state "); ok && strings.HasSuffix(node, "#group") {
		w.tokens[jid] = value(state, " to='")
	}
	// In which order the nodes have their turns depends on what others watch.
	put := func(face, text string) { w.put(jid, face, node, text) }
	text := w.rename(jid+" "+w.asked[id]+" "+node, raw)
	for _, word := range leakWord.FindAllString(raw, -1) {
		put("willing", word)
	}
	for _, thing := range leakThing.FindAllString(raw, -1) {
		put("published", thing)
	}
	for _, thing := range leakDevice.FindAllString(raw, -1) {
		put("devices", thing)
	}
	switch {
	case strings.HasPrefix(raw, "<message") && strings.Contains(raw, " type='headline'"):
		text = strings.Replace(text, " id='"+id+"'", "", 1) // random
		put("event", text)
		for _, it := range leakItem.FindAllStringSubmatch(text, -1) {
			if it[1] == "summary" {
				put("summary", it[0])
			} else {
				put("item", it[0])
			}
		}
	case strings.HasPrefix(raw, "<message") && strings.HasPrefix(w.chat, "tell"):
		put("tell", text)
	case strings.HasPrefix(raw, "<message"):
		put("message", text)
	case strings.HasPrefix(raw, "<presence") && strings.HasSuffix(to, "/probe"):
		put("probe", text)
	case strings.HasPrefix(raw, "<presence from='team@groups.example.org/group'"):
		put("contact", text)
		w.asks(jid, leakCaps.FindString(text))
		put("line", leakLine.FindString(text))
	case strings.HasPrefix(raw, "<presence from='team@groups.example.org/"):
		put("resources", text)
	case strings.HasPrefix(raw, "<presence"):
		put("presence", text)
	default:
		put(w.asked[id], text)
	}
}

// copy does what a multicast service does: of addresses, readers are shown all
// but those of blind copies. That he got a copy, and not a stanza of his own,
// no reader can tell.
func (w *leakWorld) copy(raw string) {
	w.t.Helper()
	one, list, _ := strings.Cut(raw, "<addresses ")
	list, end, _ := strings.Cut(list, "</addresses>")
	shown := strings.Split(leakBlind.ReplaceAllString(list, ""), "><")
	for _, a := range leakCopy.FindAllStringSubmatch(list, -1) {
		jid, _, _ := strings.Cut(a[1], "/")
		all := slices.Concat(shown, w.heard[jid+" copies"][""])
		slices.Sort(all)
		w.heard[jid+" copies"] = map[string][]string{"": slices.Compact(all)}
		w.take(strings.Replace(one, " to='multicast.example.org'", " to='"+a[1]+"'", 1) + end)
	}
}

// rename gives what is random, and says nothing, names in the order in which
// the reader of a stream sees them.
func (w *leakWorld) rename(stream, raw string) string {
	names := w.names[stream]
	if names == nil {
		names = map[string]string{}
		w.names[stream] = names
	}
	if !strings.Contains(raw, "<state ") && !strings.Contains(raw, "subid='") && !strings.Contains(raw, "sessionid='") {
		return raw
	}
	for _, m := range leakRandom.FindAllStringSubmatch(raw, -1) {
		name := m[1] + m[2] + m[3] + m[4]
		if names[name] == "" {
			names[name] = fmt.Sprint("random-", len(names))
		}
		raw = strings.ReplaceAll(raw, name, names[name])
	}
	return raw
}
