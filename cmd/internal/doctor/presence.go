package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

const nsRoster = "jabber:iq:roster"

// unanswered is when the service takes a probe for unanswered.
const unanswered = 2 * time.Second

// meet lets the group and the account meet: the account agrees to be seen,
// comes and goes, and the group looks at what the server tells it.
func (e *exam) meet(ctx context.Context) {
	account := e.Account.JID
	defer func() { e.forget(ctx, account) }()
	e.client.send("<presence/>")
	e.peer.send("<presence type='subscribe' from=%s to=%s><status>rollcall doctor</status></presence>", attr(e.group), attr(account))
	e.fence(ctx)
	if _, err := e.client.within(ctx, silence, presence(e.group, "subscribe")); err != nil {
		e.tell(Finding{Check: "consent", Level: Bad, Says: "the account is not asked for its presence: " + err.Error(),
			Means: "Something on the way (a block list, a spam filter) drops what groups send."})
		return
	}
	e.client.send("<presence type='subscribed' to=%s/>", attr(e.group))
	if !e.snapshot(ctx, account) {
		return
	}
	e.event(ctx)
	e.probe(ctx, account)
	e.unclean(ctx, account)
}

// fence returns when the server has handled what we sent so far, on either
// side: it answers each stream in order.
func (e *exam) fence(ctx context.Context) {
	const ping = "<ping xmlns='urn:xmpp:ping'/>"
	_, _ = e.peer.ask(ctx, e.group, e.Link.ServerHost, ping) // an error is an answer
	if e.client != nil {
		_, _ = e.client.ask(ctx, e.client.jid, e.Link.ServerHost, ping)
	}
}

// presence matches what comes from a bare or full address.
func presence(from, typ string) func(stanza) bool {
	return func(s stanza) bool {
		return s.name == "presence" && s.typ == typ && (s.from == from || bare(s.from) == from)
	}
}

func (e *exam) snapshot(ctx context.Context, account string) bool {
	e.fence(ctx)
	if _, err := e.peer.within(ctx, silence, presence(account, "subscribed")); err != nil {
		e.tell(Finding{Check: "consent", Level: Bad, Says: "the account's consent does not reach the group: " + err.Error()})
		return false
	}
	if _, err := e.peer.within(ctx, silence, presence(account, "")); err == nil {
		e.tell(Finding{Check: "consent", Level: Good, Says: "who agrees to be seen is seen at once"})
		return true
	}
	e.tell(Finding{Check: "consent", Level: Note, Says: "who agrees is not seen before he does something", Means: "Rollcall asks with a probe."})
	return true
}

func (e *exam) event(ctx context.Context) {
	id := "event" + e.group
	e.peer.send("<message type='headline' id=%s from=%s to=%s><event xmlns='http://jabber.org/protocol/pubsub#event'><items node='x'/></event></message>",
		attr(id), attr(e.group), attr(e.client.jid))
	if _, err := e.client.within(ctx, patience, func(s stanza) bool { return s.name == "message" && s.id == id && s.typ == "headline" }); err != nil {
		e.tell(Finding{Check: "event", Level: Bad, Says: "a message of the group does not reach the account: " + err.Error(),
			Means: "Subscribers would get no events."})
		return
	}
	e.tell(Finding{Check: "event", Level: Good, Says: "events reach who subscribes"})
}

// probe asks while the account is online. To tell the answer from what came
// before, it is asked from another resource, to which it is sent.
func (e *exam) probe(ctx context.Context, account string) {
	asker := e.group + "/probe"
	e.peer.send("<presence type='probe' from=%s to=%s/>", attr(asker), attr(account))
	match := func(s stanza) bool { return s.to == asker && presence(account, "")(s) }
	if _, err := e.peer.within(ctx, patience, match); err != nil {
		e.tell(Finding{Check: "probe", Level: Bad, Says: "a probe for a user who is online is not answered: " + err.Error(),
			Means: "After each restart Rollcall would take everybody for offline until he does something."})
		return
	}
	e.tell(Finding{Check: "probe", Level: Good, Says: "a probe tells who is online"})
}

// unclean cuts the account's connection as a device without network would.
func (e *exam) unclean(ctx context.Context, account string) {
	e.client.cut()
	e.client = nil
	gone := presence(account, "unavailable")
	switch _, err := e.peer.within(ctx, patience, func(s stanza) bool { return s.to == e.group && gone(s) && strings.Contains(s.from, "/") }); {
	case err == nil:
		e.tell(Finding{Check: "unclean", Level: Good, Says: "who loses the connection is offline at once",
			Means: "A client that uses XEP-0198 stays online as long as its session may be resumed."})
	case e.peer.over() != nil:
		e.tell(Finding{Check: "unclean", Level: Unknown, Says: err.Error()})
		return
	default:
		e.tell(Finding{Check: "unclean", Level: Note, Says: fmt.Sprintf("who loses the connection is still shown as online after %v", patience),
			Means: "The server waits for its own time-out, or for the session to be resumed."})
		return
	}
	if e.managed {
		e.managedPresence(ctx, gone)
	}
	asker := e.group + "/late"
	e.peer.send("<presence type='probe' from=%s to=%s/>", attr(asker), attr(account))
	e.fence(ctx)
	if _, err := e.peer.within(ctx, unanswered, func(s stanza) bool { return s.to == asker && gone(s) }); err == nil {
		e.tell(Finding{Check: "probe", Level: Good, Says: "a probe tells who is offline"})
		return
	}
	e.tell(Finding{Check: "probe", Level: Note, Says: "a probe for a user who is offline is not answered",
		Means: "Rollcall takes two seconds of silence for offline."})
}

// managedPresence says whether XEP-0356 tells the same as the subscription.
func (e *exam) managedPresence(ctx context.Context, gone func(stanza) bool) {
	e.fence(ctx)
	_, err := e.peer.within(ctx, time.Second, func(s stanza) bool { return s.to == e.Link.Domain && gone(s) })
	if err == nil {
		e.tell(Finding{Check: "managed", Level: Good, Says: "managed_entity tells who lost the connection"})
		return
	}
	e.tell(Finding{Check: "managed", Level: Note, Says: "managed_entity does not tell who lost the connection",
		Means: "It is no source to rely on (ejabberd 23.01 is like that). Rollcall does not: presence comes by subscription."})
}

// forget leaves nothing of the group in the account's roster.
func (e *exam) forget(ctx context.Context, account string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*patience)
	defer cancel()
	e.peer.send("<presence type='unsubscribe' from=%s to=%s/><presence type='unsubscribed' from=%s to=%s/>",
		attr(e.group), attr(account), attr(e.group), attr(account))
	client := e.client
	if client == nil {
		var err error
		if client, err = dialAccount(ctx, e.Account); err != nil {
			return // nothing is lost but an entry in a test account's roster
		}
		defer client.close()
	}
	client.set(ctx, "<query xmlns='"+nsRoster+"'><item jid="+attr(e.group)+" subscription='remove'/></query>")
}

// endToEnd lets the account meet a temporary group of the running service.
func (e *exam) endToEnd(ctx context.Context) {
	account := e.Account.JID
	group, end, err := e.Running.Meet(ctx, account)
	if err != nil {
		e.tell(Finding{Check: "service", Level: Bad, Says: "the running service made no group: " + err.Error()})
		return
	}
	defer func() {
		end()
		e.client.set(ctx, "<query xmlns='"+nsRoster+"'><item jid="+attr(group)+" subscription='remove'/></query>")
	}()
	e.client.send("<presence/>")
	_, err = e.client.within(ctx, patience, presence(group, "subscribe"))
	if err == nil {
		e.client.send("<presence type='subscribed' to=%s/><presence type='subscribe' to=%s/>", attr(group), attr(group))
		_, err = e.client.within(ctx, 2*patience, func(s stanza) bool {
			return s.from == group+"/group" && s.typ == "" && s.name == "presence" && strings.Contains(string(s.raw), "1 of 1")
		})
	}
	switch {
	case err == nil:
		e.tell(Finding{Check: "service", Level: Good, Says: "the running service sees the account, and the account sees its group"})
	case errors.Is(err, errEnded):
		e.tell(Finding{Check: "service", Level: Unknown, Says: err.Error()})
	default:
		e.tell(Finding{Check: "service", Level: Bad, Says: "the running service does not answer through the server: " + err.Error(),
			Means: "Is it attached? Its log says so."})
	}
}
