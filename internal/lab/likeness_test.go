package lab_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

// likeness is what happens in TestFakeIsLikeProsody, step by step: who does
// what. comp is the component, alice and bob have accounts.
const likeness = `
comp: <presence from='team@groups.example.org' to='alice@example.org' type='probe'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='subscribe'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='subscribe'/>
alice/phone logs in
alice/phone: <presence to='team@groups.example.org' type='subscribed'/>
alice/phone: <presence to='team@groups.example.org' type='subscribed'/>
alice/phone: <presence><show>away</show></presence>
alice/desk logs in
comp: <presence from='team@groups.example.org/group' to='alice@example.org'/>
comp: <presence from='team@groups.example.org/group' to='alice@example.org/desk'/>
comp: <presence from='team@groups.example.org/group' to='alice@example.org/nowhere'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='probe'/>
comp: <presence from='team@groups.example.org/group' to='alice@example.org/desk' type='probe'/>
comp: <presence from='ops@groups.example.org' to='alice@example.org' type='probe'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='subscribe'/>
alice/phone: <presence to='team@groups.example.org' type='subscribe'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='subscribed'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='subscribed'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='subscribe'/>
alice/desk: <presence type='unavailable'/>
alice/desk: <presence/>
alice/desk drops
alice/phone: <presence to='ops@groups.example.org/x'/>
alice/phone: <presence to='ops@groups.example.org/y'/>
alice/phone: <presence to='ops@groups.example.org/y' type='unavailable'/>
alice/phone closes
comp: <presence from='team@groups.example.org' to='alice@example.org' type='probe'/>
comp: <presence from='team@groups.example.org' to='alice@example.org' type='subscribe'/>
comp: <message from='team@groups.example.org' to='alice@example.org' type='headline'/>
comp: <message from='team@groups.example.org' to='alice@example.org' type='chat'><body>kept</body></message>
comp: <message from='team@groups.example.org' to='alice@example.org/gone'><body>kept</body></message>
comp: <message from='team@groups.example.org' to='alice@example.org/gone' type='headline'/>
comp: <message from='team@groups.example.org' to='alice@example.org' type='groupchat'><body>x</body></message>
comp: <iq from='team@groups.example.org' to='alice@example.org/gone' type='get' id='i1'><x xmlns='urn:example'/></iq>
comp: <iq from='team@groups.example.org' to='alice@example.org' type='get' id='i2'><x xmlns='urn:example'/></iq>
comp: <iq from='team@groups.example.org' to='example.org' type='get' id='i3'><x xmlns='urn:example'/></iq>
comp: <iq from='team@groups.example.org' to='nobody@example.org' type='get' id='i4'><x xmlns='urn:example'/></iq>
comp: <message from='team@groups.example.org' to='nobody@example.org' type='chat'><body>x</body></message>
comp: <presence from='team@groups.example.org' to='nobody@example.org' type='probe'/>
alice/phone logs in
alice/desk logs in
comp: <message from='team@groups.example.org' to='alice@example.org' type='headline'/>
comp: <message from='team@groups.example.org' to='alice@example.org' type='chat'><body>x</body></message>
alice/desk: <presence><priority>5</priority></presence>
comp: <message from='team@groups.example.org' to='alice@example.org'><body>x</body></message>
alice/desk: <presence><priority>-1</priority></presence>
comp: <message from='team@groups.example.org' to='alice@example.org' type='headline'/>
comp: <message from='team@groups.example.org' to='alice@example.org/desk' type='headline'/>
alice/phone: <presence to='team@groups.example.org' type='unsubscribe'/>
alice/phone: <presence to='team@groups.example.org' type='unsubscribed'/>
alice/phone: <presence to='team@groups.example.org' type='unsubscribed'/>
alice/phone: <presence to='night@groups.example.org' type='subscribed'/>
comp: <presence from='night@groups.example.org' to='alice@example.org' type='subscribe'/>
comp: <presence from='night@groups.example.org' to='alice@example.org' type='unsubscribe'/>
comp: <presence from='night@groups.example.org' to='alice@example.org' type='unsubscribe'/>
alice/phone: <iq type='set' id='r1'><query xmlns='jabber:iq:roster'><item jid='ops@groups.example.org' name='Ops'><group>Teams</group></item></query></iq>
alice/phone: <presence to='ops@groups.example.org' type='subscribe'/>
comp: <presence from='ops@groups.example.org' to='alice@example.org' type='unsubscribed'/>
alice/phone: <presence to='ops@groups.example.org' type='subscribe'/>
comp: <presence from='ops@groups.example.org' to='alice@example.org' type='subscribed'/>
comp: <presence from='ops@groups.example.org' to='alice@example.org' type='subscribe'/>
alice/desk: <presence to='ops@groups.example.org' type='subscribed'/>
alice/desk: <iq type='set' id='r2'><query xmlns='jabber:iq:roster'><item jid='ops@groups.example.org' subscription='remove'/></query></iq>
comp: <presence from='late@groups.example.org' to='alice@example.org' type='subscribe'/>
alice/desk: <presence to='late@groups.example.org' type='unsubscribed'/>
bob/phone logs in
bob/phone: <presence to='alice@example.org' type='subscribe'/>
alice/phone: <presence to='bob@example.org' type='subscribed'/>
alice/phone: <presence to='bob@example.org' type='subscribe'/>
bob/phone: <presence to='alice@example.org' type='subscribed'/>
bob/phone drops
alice/phone: <message to='late@groups.example.org'><body>x</body></message>
comp closes
alice/phone: <message to='late@groups.example.org' id='m1'><body>x</body></message>
alice/phone: <iq to='late@groups.example.org' type='get' id='q1'><x xmlns='urn:example'/></iq>
alice/phone: <presence to='late@groups.example.org'/>
alice/phone: <iq to='far.example' type='get' id='q2'><x xmlns='urn:example'/></iq>
alice/phone: <presence type='nonsense'/>
`

// TestFakeIsLikeProsody plays the same steps on both and compares what everybody
// hears after each.
func TestFakeIsLikeProsody(t *testing.T) {
	fake, prosody := transcript(t, house.Server(t, "fake")), transcript(t, house.Server(t, "prosody"))
	for i := range fake {
		if fake[i] != prosody[i] {
			t.Errorf("%s\n--- on the fake\n%s--- on Prosody\n%s", step(i), fake[i], prosody[i])
		}
	}
}

func step(i int) string { return strings.Split(strings.TrimSpace(likeness), "\n")[i] }

// scene is a run of the steps.
type scene struct {
	t      *testing.T
	server lab.Server
	cast   map[string]*lab.Client
	seen   map[string]int // stanzas of the log told already
}

func transcript(t *testing.T, s lab.Server) (heard []string) {
	t.Helper()
	sc := &scene{t, s, make(map[string]*lab.Client), make(map[string]int)}
	for _, user := range []string{"alice", "bob"} {
		must(t, s.AddUser(t.Context(), user, "secret"))
	}
	sc.cast["comp"] = attach(t, s, lab.ClientOptions{})
	for line := range strings.SplitSeq(strings.TrimSpace(likeness), "\n") {
		sc.do(line)
		heard = append(heard, sc.hear())
	}
	return heard
}

func (sc *scene) do(line string) {
	sc.t.Helper()
	who, what, _ := strings.Cut(line, " ")
	if name, ok := strings.CutSuffix(who, ":"); ok {
		send(sc.t, sc.cast[name], what)
		return
	}
	switch what {
	case "logs in":
		user, resource, _ := strings.Cut(who, "/")
		sc.cast[who], sc.seen[who] = login(sc.t, sc.server, user, resource, lab.ClientOptions{}), 0
		must(sc.t, sc.cast[who].Online(deadline(sc.t)))
	case "drops":
		sc.cast[who].Drop()
		delete(sc.cast, who)
	case "closes":
		must(sc.t, sc.cast[who].Close())
		delete(sc.cast, who)
	}
}

// hear tells what came since it was called last, in few words: who heard which
// type from whom.
func (sc *scene) hear() string {
	ctx := deadline(sc.t)
	for range 3 { // a dropped stream is noticed some time
		for _, c := range sc.cast {
			must(sc.t, c.Fence(ctx))
		}
	}
	var lines []string
	names := make([]string, 0, len(sc.cast))
	for name := range sc.cast {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		log := sc.cast[name].Received()
		for _, s := range log[sc.seen[name]:] {
			if !s.Housekeeping || s.Type == "set" {
				lines = append(lines, name+" heard "+brief(s)+"\n")
			}
		}
		sc.seen[name] = len(log)
	}
	// A user's devices have no order in Prosody: Lua tables have none.
	for from := 0; from < len(lines); {
		to := from + 1
		for to < len(lines) && sameRun(lines[from], lines[to]) {
			to++
		}
		slices.Sort(lines[from:to])
		from = to
	}
	return strings.Join(lines, "")
}

// sameRun says whether two lines differ in the sending device at most.
func sameRun(a, b string) bool {
	const devices = "from=alice@example.org/"
	i := strings.Index(a, devices)
	return i >= 0 && strings.HasPrefix(b, a[:i+len(devices)])
}

// brief is what must be alike: addresses, type, and what the payload is about.
func brief(s lab.Stanza) string {
	words := []string{s.Name, "type=" + s.Type, "from=" + s.From, "to=" + s.To}
	for _, part := range []string{"<delay", "<show", "<body", "subscription=", "ask=", "<group", "approved=",
		"service-unavailable", "remote-server-timeout", "remote-server-not-found", "not-allowed", "bad-request"} {
		if i := strings.Index(s.Raw, part); i >= 0 {
			word, _, _ := strings.Cut(s.Raw[i:], ">")
			if !strings.HasSuffix(part, "=") {
				word = part
			} else {
				word = strings.Fields(strings.NewReplacer(`"`, "'", "/", " ").Replace(word))[0]
			}
			words = append(words, word)
		}
	}
	return strings.Join(words, " ")
}
