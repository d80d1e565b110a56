"""A presence server that is no Rollcall: it speaks only what a group server needs of one. Everybody it is asked for is away."""
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
lists = {}


def asked(iq):
    watcher, pubsub = iq["from"].bare, iq.xml.find("{%s}pubsub" % PUBSUB)
    subscribe = pubsub.find("{%s}subscribe" % PUBSUB)
    answer = ""
    if subscribe is not None:
        for field in pubsub.iter(DATA + "field"):
            if field.get("var") == "{%s}members" % NS:
                lists[watcher] = [value.text for value in field.iter(DATA + "value")]
        answer = "<subscription node='%s#presence' jid='%s' subid='1' subscription='subscribed'/>" % (NS, watcher)
    elif pubsub.find("{%s}subscriptions" % PUBSUB) is not None:
        answer = "".join("<subscriptions><subscription jid='%s' subscription='subscribed'/></subscriptions>" % w for w in lists if w == watcher)
    reply = iq.reply()
    reply.append(ET.fromstring("<pubsub xmlns='%s'>%s</pubsub>" % (PUBSUB, answer)))
    reply.send()
    if subscribe is not None:
        items = "".join("<item id='%s'><member xmlns='%s' jid='%s'><presence xmlns='jabber:client'><show>away</show><status>from python</status></presence></member></item>"
                        % (escape(m), NS, escape(m)) for m in lists[watcher])
        peer.send_raw("<message from='%s' to='%s' type='headline'><event xmlns='%s#event'><items node='%s#presence'>%s</items></event>"
                      "<state xmlns='%s' to='now' full='true'/></message>" % (domain, watcher, PUBSUB, NS, items, NS))


peer.register_handler(Callback("pubsub", MatchXPath("{%s}iq/{%s}pubsub" % (peer.default_ns, PUBSUB)), asked))
peer.add_event_handler("session_start", lambda _: print("ready", flush=True))
peer.connect()
peer.process(forever=True)
