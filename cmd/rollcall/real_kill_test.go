package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	mathrand "math/rand/v2"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/admin"
	"github.com/rollcall-xmpp/rollcall/internal/lab"
)

const (
	ns       = "urn:xmpp:tmp:group-presence:0"
	nsPubSub = "http://jabber.org/protocol/pubsub"
)

// Whatever was acknowledged, to a client or on the command line, holds after
// kill -9 at any moment; and nobody is asked for his presence again once that is
// remembered. What was
// acknowledged is known from the clients' logs and the commands' exit statuses
// alone.
//
// ROLLCALL_TEST_KILLS says how often on each server; `make kill` says 200.
func TestKill(t *testing.T) {
	program, kills := build(t), 5
	if env := os.Getenv("ROLLCALL_TEST_KILLS"); env != "" {
		var err error
		if kills, err = strconv.Atoi(env); err != nil {
			t.Fatal(err)
		}
	}
	house.Each(t, func(t *testing.T, server lab.Server) {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute+time.Duration(kills)*20*time.Second)
		defer cancel()
		k := newKilling(t, ctx, server, program)
		for round := range kills {
			k.round(round)
			k.verify(round)
		}
		k.service.kill()
		k.nobodyAskedTwice()
		t.Logf("%d kills, %d acts acknowledged, all of them kept", kills, k.acts.Load())
	})
}

// killing is a group under work while its service is killed.
type killing struct {
	t       *testing.T
	ctx     context.Context
	server  lab.Server
	program string
	config  string
	group   string // name
	address string
	suffix  string
	service *process
	clients map[string]*lab.Client // by user
	asks    map[string]string      // what the list of members says of each user's grant, once it is known

	settled map[string]int // by user: requests he had got by the time that they were remembered

	acts atomic.Int64 // acknowledged

	mu    sync.Mutex
	subs  map[string]fact // user and node
	nicks map[string]fact // of members without an account, by JID; "" = is no member
}

// fact is what is known of a value: only what was acknowledged is sure.
type fact struct {
	value string
	maybe []string // what requests without an answer may have made of it
}

func (f fact) allows(got string) bool {
	if got == f.value {
		return true
	}
	for _, m := range f.maybe {
		if got == m {
			return true
		}
	}
	return false
}

var (
	faithful = []string{"ann", "ben", "cyd"} // approve, and watch
	nodes    = []string{"info", "members", "presence", "group"}
)

func newKilling(t *testing.T, ctx context.Context, server lab.Server, program string) *killing {
	t.Helper()
	k := &killing{
		t: t, ctx: ctx, server: server, program: program, config: writeConfig(t, server),
		suffix:  "." + strings.ToLower(rand.Text()[:6]),
		clients: map[string]*lab.Client{}, asks: map[string]string{},
		subs: map[string]fact{}, nicks: map[string]fact{}, settled: map[string]int{},
	}
	k.group = "team" + k.suffix
	k.address = k.group + "@" + server.ComponentDomain()
	k.service = spawn(t, program, k.config)
	k.service.says(ctx, "attached", 1)
	k.must("group", "create", k.group)
	for user, answer := range map[string]lab.Subscriptions{
		"ann": lab.Approve, "ben": lab.Approve, "cyd": lab.Approve, "dan": lab.Deny, "eve": lab.Leave,
	} {
		k.join(user, answer)
	}
	for want := map[string]string{"ann": "granted", "ben": "granted", "cyd": "granted", "dan": "refused", "eve": "asked"}; !maps.Equal(k.asks, want); {
		for _, m := range members(t, ctx, k.config, k.group) {
			user, _, _ := strings.Cut(m.JID, ".")
			k.asks[user] = m.Presence
		}
		if ctx.Err() != nil {
			t.Fatalf("%v, not %v", k.asks, want)
		}
	}
	return k
}

func (k *killing) jid(user string) string { return user + k.suffix + "@" + k.server.Host() }

// join makes an account, logs it in and makes it a member.
func (k *killing) join(user string, answer lab.Subscriptions) {
	k.t.Helper()
	if err := k.server.AddUser(k.ctx, user+k.suffix, "secret"); err != nil {
		k.t.Fatal(err)
	}
	c, err := lab.Login(k.ctx, k.server, user+k.suffix, "secret", "r", lab.ClientOptions{Requests: answer})
	if err != nil {
		k.t.Fatal(err)
	}
	k.t.Cleanup(func() { _ = c.Close() })
	if err := c.Online(k.ctx); err != nil {
		k.t.Fatal(err)
	}
	k.clients[user] = c
	k.must("member", "add", k.group, k.jid(user))
}

func (k *killing) must(words ...string) {
	k.t.Helper()
	if status, out := command(k.ctx, k.config, words...); status != exitDone {
		k.t.Fatalf("%q: exit %d: %s", words, status, out)
	}
}

// round lets everybody work, kills the service in the middle of it and starts
// it again.
func (k *killing) round(n int) {
	work, stop := context.WithCancel(k.ctx)
	from := k.acts.Load()
	enough := from + 10 + mathrand.Int64N(150)
	var all sync.WaitGroup
	for _, user := range faithful {
		all.Go(func() { k.subscribe(work, user) })
	}
	all.Go(func() { k.administer(work, "one"+strconv.Itoa(n)) })
	all.Go(func() { k.administer(work, "two") })
	// A newcomer is asked in every round, some of them just then.
	newcomer := "new" + strconv.Itoa(n)
	answer := []lab.Subscriptions{lab.Approve, lab.Leave}[n%2]
	all.Go(func() { k.newcomer(work, newcomer, answer) })
	for k.acts.Load() < enough && k.ctx.Err() == nil {
		k.client("dan").Fence(k.ctx) // anything that takes a moment
	}
	k.service.kill()
	stop()
	all.Wait()
	k.t.Logf("killed after %d acts", k.acts.Load()-from)
	k.service = spawn(k.t, k.program, k.config)
	attached(k.t, k.ctx, k.client("ann"), k.server.ComponentDomain())
}

// client is the connection of a user; newcomers are added meanwhile.
func (k *killing) client(user string) *lab.Client {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clients[user]
}

// subscribe subscribes and unsubscribes one user at random until work ends.
func (k *killing) subscribe(work context.Context, user string) {
	c := k.client(user)
	for work.Err() == nil {
		node := nodes[mathrand.IntN(len(nodes))]
		verb, will := "subscribe", "subscribed"
		if k.known(k.subs, user+" "+node).value != "" {
			verb, will = "unsubscribe", ""
		}
		k.trying(k.subs, user+" "+node, will)
		got, err := c.Query(work, k.address, "set", fmt.Sprintf("<pubsub xmlns='%s'><%s node='%s#%s' jid='%s'/></pubsub>",
			nsPubSub, verb, ns, node, c.Bare()))
		if err == nil && got.Type == "result" {
			k.done(k.subs, user+" "+node, will)
		}
	}
}

// administer adds, renames and removes a member without an account.
func (k *killing) administer(work context.Context, user string) {
	jid := k.jid(user)
	for i := 0; work.Err() == nil; i++ {
		nick := strconv.Itoa(i)
		words := []string{"member", "set", k.group, jid, "--nick", nick}
		switch was := k.known(k.nicks, jid).value; {
		case was == "":
			words[1] = "add"
		case mathrand.IntN(3) == 0:
			words, nick = []string{"member", "remove", k.group, jid}, ""
		}
		k.trying(k.nicks, jid, nick)
		if status, _ := command(work, k.config, words...); status == exitDone {
			k.done(k.nicks, jid, nick)
		}
	}
}

func (k *killing) newcomer(work context.Context, user string, answer lab.Subscriptions) {
	if err := k.server.AddUser(k.ctx, user+k.suffix, "secret"); err != nil {
		k.t.Error(err)
		return
	}
	c, err := lab.Login(k.ctx, k.server, user+k.suffix, "secret", "r", lab.ClientOptions{Requests: answer})
	if err != nil {
		k.t.Error(err)
		return
	}
	k.t.Cleanup(func() { _ = c.Close() })
	if err := c.Online(k.ctx); err != nil {
		k.t.Error(err)
	}
	k.mu.Lock()
	k.clients[user] = c
	k.mu.Unlock()
	jid := k.jid(user)
	k.trying(k.nicks, jid, user)
	if status, _ := command(work, k.config, "member", "add", k.group, jid, "--nick", user); status == exitDone {
		k.done(k.nicks, jid, user)
	}
}

func (k *killing) known(facts map[string]fact, key string) fact {
	k.mu.Lock()
	defer k.mu.Unlock()
	return facts[key]
}

// trying says that a request is on its way: from now on both may be.
func (k *killing) trying(facts map[string]fact, key, will string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := facts[key]
	f.maybe = append(f.maybe, will)
	facts[key] = f
}

// done says that it was acknowledged.
func (k *killing) done(facts map[string]fact, key, value string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	facts[key] = fact{value: value}
	k.acts.Add(1)
}

var subscriptionNode = regexp.MustCompile(`node=['"]` + regexp.QuoteMeta(ns) + `#(\w+)['"]`)

// verify compares what is with what was acknowledged, and takes it as known
// from now on.
func (k *killing) verify(round int) {
	k.t.Helper()
	for _, user := range faithful {
		got, err := k.clients[user].Query(k.ctx, k.address, "get", "<pubsub xmlns='"+nsPubSub+"'><subscriptions/></pubsub>")
		if err != nil || got.Type != "result" {
			k.t.Fatalf("subscriptions of %s: %v, %s", user, err, got.Raw)
		}
		is := map[string]string{}
		for _, m := range subscriptionNode.FindAllStringSubmatch(got.Raw, -1) {
			is[m[1]] = "subscribed"
		}
		for _, node := range nodes {
			key := user + " " + node
			if f := k.subs[key]; !f.allows(is[node]) {
				k.t.Errorf("round %d: %s is %q, acknowledged was %q", round, key, is[node], f.value)
			}
			k.subs[key] = fact{value: is[node]}
		}
	}
	list := members(k.t, k.ctx, k.config, k.group)
	for jid, f := range k.nicks {
		if got := list[jid].Nick; !f.allows(got) {
			k.t.Errorf("round %d: the nick of %s is %q, acknowledged was %q", round, jid, got, f.value)
		}
		k.nicks[jid] = fact{value: list[jid].Nick}
	}
	for user, want := range k.asks {
		if got := list[k.jid(user)].Presence; got != want {
			k.t.Errorf("round %d: the request to %s is %s, it was %s", round, user, got, want)
		}
	}
	k.settle(list)
	k.hear(round)
}

// hear lets ann change her presence and waits until whoever is subscribed has
// heard of it.
func (k *killing) hear(round int) {
	k.t.Helper()
	for _, user := range []string{"ben", "cyd"} {
		if k.subs[user+" presence"].value == "" {
			k.trying(k.subs, user+" presence", "subscribed")
			got, err := k.clients[user].Query(k.ctx, k.address, "set", fmt.Sprintf("<pubsub xmlns='%s'><subscribe node='%s#presence' jid='%s'/></pubsub>",
				nsPubSub, ns, k.jid(user)))
			if err != nil || got.Type != "result" {
				k.t.Fatalf("subscribe %s: %v, %s", user, err, got.Raw)
			}
			k.done(k.subs, user+" presence", "subscribed")
		}
	}
	word := fmt.Sprintf("<status>round %d</status>", round)
	if err := k.clients["ann"].Send("<presence>" + word + "</presence>"); err != nil {
		k.t.Fatal(err)
	}
	for _, user := range faithful {
		for _, node := range []string{"presence", "group"} {
			if k.subs[user+" "+node].value == "" {
				continue
			}
			_, err := k.clients[user].Wait(k.ctx, func(s lab.Stanza) bool {
				return s.Name == "message" && strings.Contains(s.Raw, word) && strings.Contains(s.Raw, ns+"#"+node)
			})
			if err != nil {
				k.t.Fatalf("round %d: %s at %s: %v", round, user, node, err)
			}
		}
	}
}

// settle notes how often each newcomer was asked by the time that the service
// says so itself. Killed between the server's taking a request and the disk's,
// it asks once more: the other order could leave somebody who is never asked.
func (k *killing) settle(list map[string]admin.Member) {
	k.t.Helper()
	for user, c := range k.clients {
		m, there := list[k.jid(user)]
		if _, known := k.settled[user]; known || !there || m.Presence == "none" {
			continue
		}
		if err := c.Fence(k.ctx); err != nil {
			k.t.Fatalf("%s: %v", user, err)
		}
		k.settled[user] = asked(c)
	}
}

// asked counts the requests for presence that c has received.
func asked(c *lab.Client) (n int) {
	for _, s := range c.Received() {
		if s.Name == "presence" && s.Type == "subscribe" {
			n++
		}
	}
	return n
}

func (k *killing) nobodyAskedTwice() {
	k.t.Helper()
	again := 0
	for user, c := range k.clients {
		got, settled := asked(c), k.settled[user]
		switch {
		case k.asks[user] != "" && got != 1:
			k.t.Errorf("%s was asked %d times", user, got)
		case got > 2, settled > 0 && got != settled:
			k.t.Errorf("%s was asked %d times, %d of them before it was remembered", user, got, settled)
		case got == 0 && k.nicks[k.jid(user)].value != "":
			k.t.Errorf("%s was never asked", user)
		case got == 2:
			again++
		}
	}
	k.t.Logf("%d of %d were asked once more after a kill in the very moment of asking", again, len(k.clients))
}
