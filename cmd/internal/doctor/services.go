package doctor

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"github.com/rollcall-xmpp/rollcall/cmd/internal/directory"
)

const (
	nsInfo    = "http://jabber.org/protocol/disco#info"
	nsItems   = "http://jabber.org/protocol/disco#items"
	nsAddress = "http://jabber.org/protocol/address"
)

// maxServices is how many of a server's services are looked at.
const maxServices = 30

// info is what an entity says about itself.
type info struct {
	Identities []struct {
		Category string `xml:"category,attr"`
		Type     string `xml:"type,attr"`
	} `xml:"query>identity"`
	Features []struct {
		Var string `xml:"var,attr"`
	} `xml:"query>feature"`
}

func (i *info) is(category, typ string) bool {
	for _, id := range i.Identities {
		if id.Category == category && id.Type == typ {
			return true
		}
	}
	return false
}

func (i *info) has(feature string) bool {
	for _, f := range i.Features {
		if f.Var == feature {
			return true
		}
	}
	return false
}

// services looks among the server's services for those that Rollcall may use.
func (e *exam) services(ctx context.Context, asker *peer, from string) {
	var pubsub, multicast string
	for _, jid := range e.items(ctx, asker, from) {
		s, err := asker.ask(ctx, from, jid, "<query xmlns='"+nsInfo+"'/>")
		var i info
		if err != nil || s.into(&i) != nil {
			continue
		}
		if pubsub == "" && i.is("pubsub", "service") {
			pubsub = jid
		}
		if multicast == "" && i.has(nsAddress) {
			multicast = jid
		}
	}
	e.pubsub(pubsub)
	e.multicast(multicast)
}

// items are the server itself and what it lists, without ourselves.
func (e *exam) items(ctx context.Context, asker *peer, from string) []string {
	list := []string{e.Link.ServerHost}
	s, err := asker.ask(ctx, from, e.Link.ServerHost, "<query xmlns='"+nsItems+"'/>")
	var v struct {
		Items []struct {
			JID string `xml:"jid,attr"`
		} `xml:"query>item"`
	}
	if err != nil || s.into(&v) != nil {
		return list
	}
	for _, i := range v.Items {
		if i.JID != e.Link.Domain && len(list) < maxServices && !strings.Contains(i.JID, "@") {
			list = append(list, i.JID)
		}
	}
	return list
}

func (e *exam) pubsub(jid string) {
	host := e.Link.ServerHost
	if jid == "" {
		e.tell(Finding{Check: "pubsub", Level: Note, Says: "the server has no PubSub service that it lists",
			Means: "None is needed: each group is one.",
			Remedy: e.lines(prosodyLines("at the end", fmt.Sprintf("Component %q \"pubsub\"", "pubsub."+host)),
				ejabberdLines("modules", fmt.Sprintf("  mod_pubsub:\n    host: %q\n    plugins: [\"flat\", \"pep\"]", "pubsub."+host)))})
		return
	}
	e.tell(Finding{Check: "pubsub", Level: Note, Says: "the server has a PubSub service: " + clean(jid), Means: "Rollcall does not need it: each group is one."})
}

func (e *exam) multicast(jid string) {
	if jid == "" {
		e.tell(Finding{Check: "multicast", Level: Note, Says: "the server has no multicast service (XEP-0033)",
			Means: "Each subscriber gets a stanza of his own over the component's link.", Remedy: e.lines(e.multicastLines()...)})
		return
	}
	e.multicastJID = jid
	if e.peer == nil { // the limit can only be found out by the component
		e.tell(Finding{Check: "multicast", Level: Note, Says: "the server has a multicast service (XEP-0033): " + clean(jid)})
	}
}

// mostAddresses is as many as anybody could put into one stanza of ours.
const mostAddresses = 1000

// multicastLimit finds out how many addresses a stanza may have: ours are the
// recipients, so nobody else hears of it.
func (e *exam) multicastLimit(ctx context.Context) {
	jid := e.multicastJID
	if jid == "" {
		return
	}
	if e.peer.over() != nil {
		e.tell(Finding{Check: "multicast", Level: Unknown, Says: "the server has a multicast service, " + clean(jid) + ", whose limit could not be found out"})
		return
	}
	limit := sort.Search(mostAddresses, func(n int) bool { return ctx.Err() != nil || !e.spread(ctx, jid, n+1) })
	f := Finding{Check: "multicast", Says: fmt.Sprintf("the multicast service %s takes %d addresses in a stanza", clean(jid), limit)}
	switch {
	case limit == 0:
		f.Level, f.Says = Bad, "the multicast service "+clean(jid)+" does not deliver what we send"
		f.Means = "Its access rule shuts the component out."
		f.Remedy = e.lines(e.multicastLines()...)
	case limit == mostAddresses:
		f.Level, f.Says = Good, fmt.Sprintf("the multicast service %s takes %d addresses in a stanza, and perhaps more", clean(jid), limit)
	default:
		f.Level = Note
		f.Means = "Large groups need several stanzas for one change."
		f.Remedy = e.lines(e.multicastLines()...)
	}
	e.tell(f)
}

// spread sends one message to n addresses of ours and says whether the last
// one got it.
func (e *exam) spread(ctx context.Context, service string, n int) bool {
	id := fmt.Sprintf("spread%d", n)
	var list strings.Builder
	last := ""
	local, domain, _ := strings.Cut(e.group, "@")
	for i := range n {
		last = fmt.Sprintf("%s-%d@%s", local, i, domain)
		fmt.Fprintf(&list, "<address type='bcc' jid=%s/>", attr(last))
	}
	e.peer.send("<message type='headline' id='%s' from=%s to=%s><addresses xmlns='%s'>%s</addresses><body>x</body></message>",
		id, attr(e.group), attr(service), nsAddress, list.String())
	s, err := e.peer.within(ctx, silence, func(s stanza) bool {
		return s.name == "message" && s.id == id && (s.typ == "error" || s.to == last)
	})
	return err == nil && s.typ != "error"
}

// mostWeSend is more than any stanza of ours: events are 64 KiB at most, and
// their envelope comes on top.
const mostWeSend = 96 << 10

// size sends ourselves a stanza as large as ours can be. It comes late: a
// server that does not like it ends the connection.
func (e *exam) size(ctx context.Context) {
	if e.peer.over() != nil {
		return
	}
	id := "size" + e.group
	e.peer.send("<message type='headline' id=%s from=%s to=%s><body>%s</body></message>",
		attr(id), attr(e.group), attr(e.group), strings.Repeat("x", mostWeSend))
	_, err := e.peer.within(ctx, patience, func(s stanza) bool { return s.id == id && s.typ != "error" })
	if err == nil {
		e.tell(Finding{Check: "size", Level: Good, Says: fmt.Sprintf("a stanza of %d KiB comes through: more than any of ours", mostWeSend>>10)})
		return
	}
	e.tell(Finding{Check: "size", Level: Bad, Says: fmt.Sprintf("a stanza of %d KiB does not come through: %v", mostWeSend>>10, err),
		Means:  "Events of large groups end the connection.",
		Remedy: e.lines(prosodyLines("in the global part", "component_stanza_size_limit = 262144"), ejabberdLines("the listener", "    max_stanza_size: 262144"))})
}

// sources asks those who keep groups whether they are there.
func (e *exam) sources(ctx context.Context) {
	for _, jid := range e.Sources {
		s, err := e.peer.ask(ctx, e.Link.Domain, jid, "<query xmlns='"+nsInfo+"'/>")
		var i info
		if err == nil {
			err = s.into(&i)
		}
		if err != nil || s.typ == "error" {
			e.tell(Finding{Check: "sources", Level: Bad, Says: jid + ", which keeps groups, does not answer",
				Means: "Its groups stay as they were last. Is it running, and may this server's components reach it?"})
			continue
		}
		e.tell(Finding{Check: "sources", Level: Good, Says: jid + ", which keeps groups, answers"})
	}
}

// Directory is one that keeps groups of ours.
type Directory struct {
	Name string // of the source
	Look func(context.Context) (*directory.View, error)
}

// mostSaid bounds what is told of a directory in one finding, in bytes.
const mostSaid = 2000

// directories reads those who keep groups, and tells what would be taken in.
func (e *exam) directories(ctx context.Context) {
	for _, d := range e.Directories {
		v, err := d.Look(ctx)
		if err != nil {
			e.tell(Finding{Check: "sources", Level: Bad, Says: "source " + d.Name + ": " + shorten(err.Error(), mostSaid), Means: "Its groups stay as they were last."})
			continue
		}
		f := Finding{Check: "sources", Level: Good, Says: fmt.Sprintf("source %s: %s. It would bring %s", d.Name, shorten(v.How, mostSaid), shorten(strings.Join(v.Groups, ", "), mostSaid))}
		if len(v.Groups) == 0 {
			f = Finding{Check: "sources", Level: Note, Says: fmt.Sprintf("source %s: %s. It would bring no group", d.Name, shorten(v.How, mostSaid)),
				Means: "No entry fits, or we may not see any: look at base, filter and groups of the source."}
		}
		e.tell(f)
		for _, w := range v.Wrong {
			e.tell(Finding{Check: "sources", Level: Bad, Says: "source " + d.Name + ": " + shorten(w, mostSaid), Means: "This group would stay as it was last, or not come."})
		}
		for _, w := range v.Notes {
			e.tell(Finding{Check: "sources", Level: Note, Says: "source " + d.Name + ": " + shorten(w, mostSaid)})
		}
	}
}
