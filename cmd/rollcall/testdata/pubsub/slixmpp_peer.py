"""A group server in slixmpp that is no Rollcall: run by the Go tests. It has one
group, team, whose info and members it publishes without state tokens, to whoever
subscribes. On its standard input it is told what the group is: a line of JSON,
{"name": …, "members": {address: nick}}; what changed it tells its subscribers.
With "group", that is what it is called instead of team.

Arguments: HOST:PORT DOMAIN SECRET.
"""

import asyncio
import json
import logging
import sys
import xml.etree.ElementTree as ET

import slixmpp
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

SERVER, DOMAIN, SECRET = sys.argv[1:]
NS = 'urn:xmpp:tmp:group-presence:0'
PUBSUB = 'http://jabber.org/protocol/pubsub'
EVENT = PUBSUB + '#event'
INFO = 'http://jabber.org/protocol/disco#info'
ITEMS = 'http://jabber.org/protocol/disco#items'


class Peer(slixmpp.ComponentXMPP):
    def __init__(self):
        host, _, port = SERVER.rpartition(':')
        super().__init__(DOMAIN, SECRET, host, int(port))
        self.group, self.name, self.members = 'team@' + DOMAIN, '', {}
        self.subscribers = set()
        self.register_handler(Callback('all', StanzaPath('iq'), self.answer))
        self.add_event_handler('session_start', lambda _: asyncio.get_running_loop().run_in_executor(None, self.listen))

    def listen(self):
        for line in sys.stdin:
            self.loop.call_soon_threadsafe(self.become, json.loads(line))

    def become(self, said):
        was, old = self.members, self.name
        self.group = said.get('group', 'team') + '@' + DOMAIN
        self.name, self.members = said['name'], said['members']
        if old != self.name:
            self.tell('#info', [self.info()])
        changed = [self.member(j) for j in self.members if was.get(j) != self.members[j]]
        gone = [ET.Element('{%s}retract' % EVENT, id=j) for j in was if j not in self.members]
        if changed or gone:
            self.tell('#members', changed + gone)
        print('done', flush=True)

    def info(self):
        item = ET.Element('{%s}item' % EVENT, id='info')
        ET.SubElement(ET.SubElement(item, '{%s}info' % NS), '{%s}name' % NS).text = self.name
        return item

    def member(self, jid):
        item = ET.Element('{%s}item' % EVENT, id=jid)
        ET.SubElement(item, '{%s}member' % NS, jid=jid, nick=self.members[jid])
        return item

    def tell(self, node, items):
        for subscribed, jid in self.subscribers:
            if subscribed != NS + node:
                continue
            m = self.make_message(jid, mfrom=self.group, mtype='headline')
            event = ET.SubElement(m.xml, '{%s}event' % EVENT)
            ET.SubElement(event, '{%s}items' % EVENT, node=subscribed).extend(items)
            m.send()

    def answer(self, iq):
        if iq['type'] not in ('get', 'set'):
            return
        payload = iq.xml[0]
        reply = self.make_iq_result(iq['id'], ito=iq['from'], ifrom=iq['to'])
        if payload.tag == '{%s}query' % ITEMS:
            query = ET.SubElement(reply.xml, payload.tag)
            ET.SubElement(query, '{%s}item' % ITEMS, jid=self.group)
        elif payload.tag == '{%s}query' % INFO:
            ET.SubElement(reply.xml, payload.tag)
        elif payload.tag == '{%s}pubsub' % PUBSUB and payload[0].tag.endswith('}subscribe'):
            self.subscribers.add((payload[0].get('node'), payload[0].get('jid')))
        elif payload.tag == '{%s}pubsub' % PUBSUB and payload[0].tag.endswith('}items'):
            node = payload[0].get('node')
            items = ET.SubElement(ET.SubElement(reply.xml, payload.tag), '{%s}items' % PUBSUB, node=node)
            for item in [self.info()] if node.endswith('#info') else [self.member(j) for j in self.members]:
                item.tag = '{%s}item' % PUBSUB
                items.append(item)
        else:
            reply = iq.reply()
            reply.error()
            reply['error']['condition'] = 'service-unavailable'
        reply.send()


logging.basicConfig(level=logging.CRITICAL)
peer = Peer()
peer.connect()
peer.process()
