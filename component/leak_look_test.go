package component

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rollcall-xmpp/rollcall/roster"
)

// look lets the watchers look at everything.
func (w *leakWorld) look() {
	w.t.Helper()
	for _, jid := range w.watchers {
		token := w.tokens[jid]
		for _, to := range w.places {
			for _, r := range requests {
				if to != "groups.example.org" || slices.Contains([]string{"disco", "command", "profile", "last", "willing"}, r[0]) {
					w.ask(jid, to, r[0], r[1], r[2], token)
				}
			}
			w.from(jid, "<presence type='subscribe' to='"+to+"'/>")
			w.from(jid+"/probe", "<presence type='probe' to='"+to+"'/>")
			if g := w.s.Roster.Loaded([]byte("team")); to == "team@groups.example.org" && !g.Resources(jid) {
				_ = g.SetResources(context.Background(), jid, true) // who is no contact may not
				w.hear()
			}
			w.from(jid+"/look", "<message type='groupchat' to='"+to+"'><body>who</body></message>")
			for _, line := range chats {
				if to == "groups.example.org" && !slices.Contains([]string{"help", "groups", "mine", "search team", "search quiet"}, line) {
					continue
				}
				w.now = w.now.Add(time.Minute) // answers are rationed
				w.chat = line
				w.from(jid+"/look", "<message type='chat' to='"+to+"'><body>"+line+"</body></message>")
				w.chat = ""
			}
		}
		w.hear()
		w.explain(jid)
	}
	w.webhook()
}

// webhook is what a webhook is told to tell. It stands where mallory stands: it
// may watch, and no rule is about it.
func (w *leakWorld) webhook() {
	w.t.Helper()
	hook := w.s.Roster.HookJID("team", "ci")
	for _, since := range []string{"", "<since xmlns='urn:xmpp:tmp:group-presence:0' state='" + w.tokens[hook] + "'/>"} {
		answered := make(chan string, 1)
		go func() {
			b, err := w.s.pubsub.Fetch(context.Background(), w.s.Roster.Loaded([]byte("team")), hook,
				"<pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:tmp:group-presence:0#group'/>"+since+"</pubsub>")
			answered <- fmt.Sprint(string(b), err)
		}()
		raw := ""
		for raw == "" {
			select {
			case raw = <-answered:
			default:
				w.hear()
			}
		}
		if _, state, ok := strings.Cut(raw, "<state "); ok {
			w.tokens[hook] = value(state, " to='")
		}
		w.put(mallory, "hook", "", w.rename(hook, raw))
	}
}

// explain is what commands and chat tell somebody of the rules.
func (w *leakWorld) explain(jid string) {
	g := w.s.Roster.Loaded([]byte("team"))
	for _, other := range []string{alice, carol, "zoe@example.org", mallory} {
		x, err := g.Explain(jid, other)
		w.put(jid, "explain", "", fmt.Sprintf("%+v %v", x, err))
	}
	all, err := g.Watchers(jid)
	w.put(jid, "explain", "", fmt.Sprintf("%+v %v", all, err))
}

func (w *leakWorld) put(jid, face, node, text string) {
	at := jid + " " + face
	if w.heard[at] == nil {
		w.heard[at] = map[string][]string{}
	}
	w.heard[at][node] = append(w.heard[at][node], text)
}

func (w *leakWorld) ask(jid, to, face, typ, payload, token string) {
	w.t.Helper()
	nodes := []string{"group", "presence", "members", "info"}
	if !strings.Contains(payload, "NODE") || face != "items" && typ != "set" || !strings.HasPrefix(to, "team@") {
		nodes = nodes[:1]
	}
	if strings.Contains(payload, "WORD") {
		nodes = []string{"who", "authorize", "combine", "receive", "explain", "watchers", "tell", "willing", "trust", "agree", "configure", "webhook", "groups", "search", "history", "mine", "help",
			"create", "join", "leave", "nick", "invite", "approve", "decline", "member", "remove", "delete"}
	}
	for _, node := range nodes {
		id := fmt.Sprint("q", len(w.asked))
		w.asked[id] = face
		body := strings.NewReplacer("NODE", node, "WORD", node, "ME", jid, "TOKEN", token).Replace(payload)
		w.from(jid+"/look", "<iq type='"+typ+"' id='"+id+"' to='"+to+"'>"+body+"</iq>")
	}
}

// close notes what the admin sees, who sees no more than others, and the log.
func (w *leakWorld) close() {
	rec, err := w.s.Roster.ShowGroup(context.Background(), "team")
	w.must(err)
	slices.SortFunc(rec.Subscriptions, func(a, b roster.SubscriptionRecord) int { return strings.Compare(a.JID+a.Node, b.JID+b.Node) })
	for i := range rec.Subscriptions {
		rec.Subscriptions[i].ID, rec.Subscriptions[i].Outpost = "", "" // random
	}
	rec.Contacts = nil // he may know
	text, _, err := w.s.Roster.ShowPolicy(context.Background(), "team", alice)
	w.must(err)
	w.heard["admin admin"] = map[string][]string{"": {fmt.Sprintf("%+v", rec), text}}
	for _, n := range rec.Settings.Payload.Nodes() {
		g := w.s.Roster.Loaded([]byte("team"))
		all, err := g.Subscribers("", n)
		w.must(err)
		for i := range all {
			all[i].ID, all[i].Outpost = "", "" // random
		}
		slices.SortFunc(all, func(a, b roster.SubscriptionRecord) int { return strings.Compare(a.JID, b.JID) })
		jids, powers, err := g.Affiliates("")
		w.must(err)
		w.put("admin", "admin", n.String(), fmt.Sprintf("%+v %v %v", all, jids, powers))
	}
	w.heard["log log"] = map[string][]string{"": strings.Split(w.log.String(), "\n")}
	w.must(w.s.Roster.DeleteGroup(context.Background(), "team"))
}
