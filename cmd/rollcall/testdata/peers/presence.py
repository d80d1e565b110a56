"""A presence server that is no Rollcall: it speaks only what a group server needs of one. Everybody it is asked for is away.
Who is asked for it is told by a list, or finds out by reading the group's NS#members; or it tells of all who ever wrote to it."""
import sys
from xml.sax.saxutils import escape

from slixmpp import ComponentXMPP
from slixmpp.xmlstream import ET
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

NS = "urn:xmpp:tmp:group-presence:0"
PUBSUB = "http://jabber.org/protocol/pubsub"
DATA = "{jabber:x:data}"

domain, secret, address = sys.argv[1:]
host, port = address.rsplit(":", 1)
peer = ComponentXMPP(domain, secret, host, int(port))
lists = {}  # of whom each watcher is told, in order
groups = {}  # whose list each group's is
everybody, known = set(), []


def asked(iq):
    watcher, pubsub = iq["from"].bare, iq.xml.find("{%s}pubsub" % PUBSUB)
    subscribe = pubsub.find("{%s}subscribe" % PUBSUB)
    answer = ""
    if subscribe is not None:
        wish = {f.get("var"): [v.text for v in f.iter(DATA + "value")] for f in pubsub.iter(DATA + "field")}
        answer = "<subscription node='%s#presence' jid='%s' subid='1' subscription='subscribed'/>" % (NS, watcher)
    elif pubsub.find("{%s}subscriptions" % PUBSUB) is not None:
        answer = "".join("<subscriptions><subscription jid='%s' subscription='subscribed'/></subscriptions>" % w for w in lists if w == watcher)
    reply = iq.reply()
    reply.append(ET.fromstring("<pubsub xmlns='%s'>%s</pubsub>" % (PUBSUB, answer)))
    reply.send()
    if subscribe is None:
        return
    everybody.discard(watcher)
    if "{%s}members" % NS in wish:
        lists[watcher] = wish["{%s}members" % NS]
    elif "{%s}group" % NS in wish:
        group = wish["{%s}group" % NS][0]
        lists.setdefault(watcher, [])
        groups[group] = watcher
        peer.send_raw("<iq type='set' id='members' from='%s' to='%s'><pubsub xmlns='%s'><subscribe node='%s#members' jid='%s'/></pubsub></iq>"
                      % (domain, escape(group), PUBSUB, NS, domain))
    else:
        everybody.add(watcher)
        lists[watcher] = known
    tell(watcher)


def listed(message):
    """An event of a group that was asked for its members."""
    watcher = groups.get(message["from"].bare)
    if watcher is None:
        return
    now = lists[watcher]
    state = message.xml.find("{%s}state" % NS)
    if state is not None and state.get("full") == "true":
        now.clear()
    for item in message.xml.iter("{%s#event}item" % PUBSUB):
        if item.get("id") not in now:
            now.append(item.get("id"))
    for item in message.xml.iter("{%s#event}retract" % PUBSUB):
        if item.get("id") in now:
            now.remove(item.get("id"))
    tell(watcher)


def wrote(message):
    if message["body"] and message["from"].bare not in known:
        known.append(message["from"].bare)
        for watcher in everybody:
            tell(watcher)


def tell(watcher):
    items = "".join("<item id='%s'><member xmlns='%s' jid='%s'><presence xmlns='jabber:client'><show>away</show><status>from python</status></presence></member></item>"
                    % (escape(m), NS, escape(m)) for m in sorted(lists[watcher]))
    peer.send_raw("<message from='%s' to='%s' type='headline'><event xmlns='%s#event'><items node='%s#presence'>%s</items></event>"
                  "<state xmlns='%s' to='now' full='true'/></message>" % (domain, watcher, PUBSUB, NS, items, NS))


peer.register_handler(Callback("pubsub", MatchXPath("{%s}iq/{%s}pubsub" % (peer.default_ns, PUBSUB)), lambda iq: asked(iq) if iq["type"] == "set" or iq["type"] == "get" else None))
peer.register_handler(Callback("members", MatchXPath("{%s}message/{%s#event}event" % (peer.default_ns, PUBSUB)), listed))
peer.add_event_handler("message", wrote)
peer.add_event_handler("session_start", lambda _: print("ready", flush=True))
peer.connect()
peer.process(forever=True)
