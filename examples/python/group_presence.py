"""Group presence (urn:xmpp:tmp:group-presence:0) for slixmpp 1.8 and later.

    import group_presence

    xmpp.register_plugin('group_presence', module=group_presence)
    xmpp.add_event_handler('group_change', lambda change: print(change))
    team = await xmpp['group_presence'].watch('team@groups.example.org', roles=['lead'])

watch() subscribes and returns a Group, whose members, info and summary are
what the account may see, kept up to date. Each thing that changes is a Change,
given to the handlers of 'group_change'. What a lost event or a lost connection
made us miss is asked for, and no more than that. If the group has its events
published by the server's PubSub service, they are taken from there.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Dict, List, Optional, Tuple
from xml.etree import ElementTree as ET

from slixmpp.exceptions import IqError, IqTimeout
from slixmpp.plugins.base import BasePlugin, register_plugin
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath, StanzaPath

NS = 'urn:xmpp:tmp:group-presence:0'
PUBSUB = 'http://jabber.org/protocol/pubsub'
EVENT = PUBSUB + '#event'
RSM = 'http://jabber.org/protocol/rsm'
DATA = 'jabber:x:data'


@dataclass(frozen=True)
class Device:
    name: str
    show: str = 'available'
    connection: str = ''  # on, interrupted, off; '' = not said


@dataclass(frozen=True)
class Member:
    jid: str
    nick: str = ''
    roles: Tuple[str, ...] = ()
    attributes: Tuple[Tuple[str, str], ...] = ()
    show: str = 'offline'  # offline, available, chat, away, xa, dnd
    status: str = ''
    idle: Optional[datetime] = None
    devices: Tuple[Device, ...] = ()

    @property
    def name(self):
        return self.nick or self.jid.split('@')[0]

    @property
    def free(self):
        """Is there and does not mind being spoken to."""
        return self.show in ('available', 'chat')


@dataclass(frozen=True)
class Info:
    name: str = ''
    description: str = ''
    attributes: Tuple[Tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Summary:
    members: int = 0
    available: int = 0
    chat: int = 0
    away: int = 0
    xa: int = 0
    dnd: int = 0


@dataclass(frozen=True)
class Change:
    """kind is joined, changed or left (before and after are Members or None),
    info, summary, synced (the table is whole), or ended (the subscription)."""
    group: 'Group' = field(repr=False)
    kind: str
    before: Optional[Member] = None
    after: Optional[Member] = None


@dataclass(frozen=True)
class Rule:
    who: str                  # members, outsiders, everyone, role:X, jid:X, domain:X
    attributes: str           # words; see docs/protocol.md, section 9
    except_: str = ''
    from_: str = ''           # XEP-0082
    until: str = ''


@dataclass(frozen=True)
class Authorization:
    rules: Tuple[Rule, ...] = ()
    share: bool = True
    hide: Tuple[str, ...] = ()


def _attributes(xml):
    return tuple((a.get('name', ''), a.text or '') for a in xml.findall('{%s}attribute' % NS))


def _time(text):
    try:
        return datetime.fromisoformat((text or '').replace('Z', '+00:00'))
    except ValueError:
        return None  # a member's own word: nonsense is no idleness


def _member(jid, xml):
    show, status, idle = 'offline', '', None
    presence = xml.find('{jabber:client}presence')
    if presence is not None and presence.get('type') is None:
        show = (presence.findtext('{jabber:client}show') or 'available').strip()
        status = presence.findtext('{jabber:client}status') or ''
        since = xml.find('{urn:xmpp:idle:1}idle')
        idle = None if since is None else _time(since.get('since'))
    devices = tuple(Device(d.get('name', ''), d.get('show', 'available'), d.get('connection', ''))
                    for d in xml.findall('{%s}device' % NS))
    return Member(jid, xml.get('nick', ''), tuple(xml.get('roles', '').split()), _attributes(xml), show, status, idle, devices)


class Group:
    """One node of a group, as the account sees it."""

    def __init__(self, plugin, jid, node, want):
        self.jid, self.node = jid, node
        self.members: Dict[str, Member] = {}
        self.info, self.summary = Info(), Summary()
        self.state = ''        # the token held
        self.synced = False    # everything is here, and nothing is missing
        self._plugin, self._want = plugin, want
        self._whole = asyncio.Event()
        self._as = ''          # the address that is subscribed
        self._id = None        # of the subscription
        self._at = '', ''      # the service and its node that events come from, if not the group
        self._closed = False   # nothing is taken from there until the group was asked
        self._parts: List[ET.Element] = []
        self._part = 0
        self._pages: Optional[List[ET.Element]] = None
        self._asking = self._void = False
        self._since = ''

    def free(self, role=None):
        """Who is free now, of a role or of all, by name."""
        return sorted((m for m in self.members.values() if m.free and (role is None or role in m.roles)), key=lambda m: m.name)

    async def ready(self, timeout=30):
        """Waits for the table to be whole."""
        await asyncio.wait_for(self._whole.wait(), timeout)

    # Events

    def _event(self, event, state):
        held = event.find('{%s}subscription' % EVENT)
        if held is not None and self._mine(held):
            if held.get('subscription') == 'none':
                self._tell('ended')
            elif held.get('subscription') == 'subscribed':
                self._stands(held)
        items = event.find('{%s}items' % EVENT)
        if items is None or items.get('node') != self.node:
            return
        if self._at[0]:  # the group speaks for itself: is it still published there?
            self._close()
        state = {} if state is None else state.attrib
        part, _, of = state.get('part', '1/1').partition('/')
        if int(part) == 1:
            self._parts = []
        elif int(part) != self._part + 1:
            self._part = 0
            return self.catch_up()  # a part was lost
        self._part = int(part)
        self._parts += list(items)
        if part != of:
            return
        batch, self._parts = self._parts, []
        if self._pages is not None:
            self._pages += batch  # younger than the pages so far
        old, new, full = state.get('from'), state.get('to', ''), state.get('full') in ('true', '1')
        if full:
            self._void = self._pages is not None  # the pages that are still to come belong to an older state
            self._pages, self.state = None, new
        elif old == self.state and self.synced:
            self.state = new
        gap = not full and self.state != new
        self._apply(batch, full)
        if full:
            self._sync()
        if gap:
            self.catch_up()

    def _apply(self, batch, full):
        was, info, summary = self.members, self.info, self.summary
        self.members = {} if full else dict(was)
        for item in batch:
            self._put(item.get('id', ''), item)
        if info != self.info:
            self._tell('info')
        if summary != self.summary:
            self._tell('summary')
        for jid in sorted(set(was) | set(self.members)):
            before, after = was.get(jid), self.members.get(jid)
            if before != after:
                self._tell('joined' if before is None else 'left' if after is None else 'changed', before, after)

    def _put(self, jid, item):
        gone = item.tag.endswith('}retract')
        for xml in item:
            tag = xml.tag
            if tag == '{%s}info' % NS:
                self.info = Info(xml.findtext('{%s}name' % NS) or '', xml.findtext('{%s}description' % NS) or '', _attributes(xml))
            elif tag == '{%s}summary' % NS:
                self.summary = Summary(*(int(xml.get(n, '0')) for n in ('members', 'available', 'chat', 'away', 'xa', 'dnd')))
            elif tag == '{%s}member' % NS:
                self.members[jid] = _member(jid, xml)
            gone = gone or tag == '{%s}gone' % NS
        if gone:
            self.members.pop(jid, None)

    def _sync(self):
        if self._closed:
            self.catch_up()
        elif not self.synced:
            self.synced = True
            self._whole.set()
            self._tell('synced')

    def _tell(self, kind, before=None, after=None):
        self._plugin.xmpp.event('group_change', Change(self, kind, before, after))

    # Published by the server's PubSub service: docs/protocol.md, section 3

    def _mine(self, held):
        return held.get('node') == self.node and (self._id is None or held.get('subid', self._id) == self._id)

    def _stands(self, held):
        """Takes the group's word on the subscription: nobody else can name a
        node. Such a node does not say when it has said everything."""
        at = held.find('{%s}published' % NS)
        self._id = held.get('subid')
        self._at = ('', '') if at is None else (at.get('service', ''), at.get('node', ''))
        self._closed = False
        if self._at[0]:
            self.catch_up()

    def _posted(self, child):
        """Takes what that node says: what is so, not since when."""
        if child.tag in ('{%s}delete' % EVENT, '{%s}purge' % EVENT):
            self._close()
        elif child.tag == '{%s}items' % EVENT and not self._closed:
            if self._pages is not None:
                self._pages += list(child)
            self._apply(list(child), False)

    def _close(self):
        """What the node told is over. Another of that name may be somebody
        else's: only the group knows."""
        self._closed, self.synced = True, False
        self._whole.clear()
        # The group may be about to go away: what is asked just then is lost.
        self._plugin.later(self.catch_up, .5)

    def _where(self):
        iq = self._plugin.xmpp.make_iq_get(ito=self.jid)
        ET.SubElement(ET.SubElement(iq.xml, '{%s}pubsub' % PUBSUB), '{%s}subscriptions' % PUBSUB, node=self.node)
        iq.send(callback=self._told, timeout_callback=self._missed, timeout=self._plugin.patience)

    def _told(self, iq):
        if iq['type'] == 'error':
            return self._missed(iq)
        self._at, self._closed = ('', ''), False
        for held in iq.xml.iter('{%s}subscription' % PUBSUB):
            if self._mine(held):
                self._stands(held)
        self._ask('')

    # Asking

    def catch_up(self):
        """Asks for what changed since the state held, or for everything."""
        self.synced = False
        self._whole.clear()
        if not self._asking:
            self.check()

    def check(self):
        """Asks the same, to be sure."""
        self._asking = True
        if self._closed:
            self._where()
        else:
            self._ask('')

    def _ask(self, after):
        iq = self._plugin.xmpp.make_iq_get(ito=self.jid)
        pubsub = ET.SubElement(iq.xml, '{%s}pubsub' % PUBSUB)
        ET.SubElement(pubsub, '{%s}items' % PUBSUB, node=self.node)
        if not after:
            self._pages, self._void, self._since = None, False, self.state
        if self._since:
            ET.SubElement(pubsub, '{%s}since' % NS, state=self._since)
        if after:
            ET.SubElement(ET.SubElement(pubsub, '{%s}set' % RSM), '{%s}after' % RSM).text = after
        # A callback, not a future: answers must be taken in the order in
        # which they and the events arrived.
        iq.send(callback=self._answer, timeout_callback=self._missed, timeout=self._plugin.patience)

    def _missed(self, _):
        self._asking, self._pages = False, None
        self._plugin.later(self.catch_up)

    def _answer(self, iq):
        if iq['type'] == 'error':
            return self._missed(iq)
        pubsub = iq.xml.find('{%s}pubsub' % PUBSUB)
        items = pubsub.find('{%s}items' % PUBSUB)
        if self._void:
            self._asking = self._void = False
            return
        if self._pages is None:
            state = pubsub.find('{%s}state' % NS)
            self._pages, self._to = [], '' if state is None else state.get('to', '')
            self._full = not self._since or state is not None and state.get('full') in ('true', '1')
        self._pages += list(items)
        page = pubsub.find('{%s}set' % RSM)
        if page is not None and len(items) > 0:
            first = page.find('{%s}first' % RSM)
            if int(first.get('index', '0')) + len(items) < int(page.findtext('{%s}count' % RSM)):
                return self._ask(page.findtext('{%s}last' % RSM))
        batch, self._pages, self._asking, self.state = self._pages, None, False, self._to
        self._apply(batch, self._full)
        self._sync()


class GroupPresence(BasePlugin):
    """Watching groups, and saying who may see what."""

    name = 'group_presence'
    description = 'Group presence'
    dependencies = {'xep_0060'}
    check_every = 300  # seconds: what a PubSub service lost shows by nothing
    pause = 5          # before something is asked again
    patience = 10      # a service that is just going away may not answer

    def plugin_init(self):
        self.groups: Dict[Tuple[str, str], Group] = {}
        self._checks = None
        self.xmpp.register_handler(Callback('Group presence', MatchXPath('{jabber:client}message/{%s}event' % EVENT), self._message))
        self.xmpp.add_event_handler('session_start', self._session)
        self.xmpp.add_event_handler('disconnected', self._lost)
        # Of slixmpp 1.8 the handler of the PubSub plugin fails on an event of
        # several items that has a language, and sends an error back, after
        # which the service takes us for unreachable. It shall have the rest.
        self.xmpp.remove_handler('Pubsub Event: Items')
        self.xmpp.register_handler(Callback('Pubsub Event: Items', StanzaPath('message/pubsub_event/items'), self._others))

    def _others(self, msg):
        node = msg['pubsub_event']['items']['node']
        if not node.startswith(NS) and all(g._at != (msg['from'].full, node) for g in self.groups.values()):
            self.xmpp['xep_0060']._handle_event_items(msg)

    def plugin_end(self):
        self.xmpp.remove_handler('Group presence')
        self.xmpp.del_event_handler('session_start', self._session)
        self.xmpp.del_event_handler('disconnected', self._lost)
        if self._checks is not None:
            self._checks.cancel()

    def _check(self):
        for g in self.groups.values():
            if g._at[0] and g.synced and not g._asking:
                g.check()
        self._checks = self.later(self._check, self.check_every)

    def later(self, f, seconds=None):
        return self.xmpp.loop.call_later(self.pause if seconds is None else seconds, f)

    def _message(self, msg):
        event = msg.xml.find('{%s}event' % EVENT)
        for child in event:
            where = msg['from'].full, child.get('node')
            for group in list(self.groups.values()):
                if where == (group.jid, group.node):
                    group._event(event, msg.xml.find('{%s}state' % NS))
                elif where == group._at:
                    group._posted(child)

    async def watch(self, group, node='group', members=(), roles=(), same_role=False, attributes=()):
        """Subscribes to a node of a group: group, presence, members or info.
        What is wanted is left to the service. Raises IqError if it refuses."""
        want = {'members': list(members), 'roles': list(roles), 'same-role': ['1'] if same_role else [], 'attributes': list(attributes)}
        g = Group(self, group, NS + '#' + node, want)
        self.groups[g.jid, g.node] = g
        try:
            await self._subscribe(g)
        except (IqError, IqTimeout):
            del self.groups[g.jid, g.node]
            raise
        return g

    async def unwatch(self, g):
        """Ends the subscription."""
        self.groups.pop((g.jid, g.node), None)
        await self.xmpp['xep_0060'].unsubscribe(g.jid, g.node, subscribee=g._as)

    async def _subscribe(self, g):
        g._as, g._id = self.xmpp.boundjid.full, None
        iq = self.xmpp.make_iq_set(ito=g.jid)
        pubsub = ET.SubElement(iq.xml, '{%s}pubsub' % PUBSUB)
        ET.SubElement(pubsub, '{%s}subscribe' % PUBSUB, node=g.node, jid=g._as)
        if any(g._want.values()):
            form = ET.SubElement(ET.SubElement(pubsub, '{%s}options' % PUBSUB), '{%s}x' % DATA, type='submit')
            fields = {'FORM_TYPE': [PUBSUB + '#subscribe_options']}
            fields.update(('{%s}%s' % (NS, word), values) for word, values in g._want.items() if values)
            for var, values in fields.items():
                f = ET.SubElement(form, '{%s}field' % DATA, var=var)
                for value in values:
                    ET.SubElement(f, '{%s}value' % DATA).text = value
        await iq.send(callback=lambda iq: [g._stands(held) for held in iq.xml.iter('{%s}subscription' % PUBSUB)])

    def _lost(self, _):
        for g in self.groups.values():
            g.synced = g._asking = False
            g._closed = bool(g._at[0])
            g._whole.clear()

    async def _session(self, _):
        """After a new login: what was missed, or the subscription again."""
        if self._checks is None:
            self._check()
        for g in list(self.groups.values()):
            try:
                held = await self.xmpp['xep_0060'].get_subscriptions(g.jid, g.node)
                mine = [s for s in held.xml.iter('{%s}subscription' % PUBSUB) if s.get('jid') == g._as and g._mine(s)]
                if mine and g._as == self.xmpp.boundjid.full:
                    g._stands(mine[0])
                    g.catch_up()
                else:
                    await self._subscribe(g)
            except (IqError, IqTimeout):
                self.later(lambda: self.xmpp.loop.create_task(self._session(None)))
                return

    # Who may see what

    async def get_authorization(self, group):
        """What others see of this account in the group."""
        iq = self.xmpp.make_iq_get(ito=group)
        ET.SubElement(iq.xml, '{%s}authorization' % NS)
        xml = (await iq.send()).xml.find('{%s}authorization' % NS)
        rules = tuple(Rule(r.get('who'), r.get('attributes'), r.get('except', ''), r.get('from', ''), r.get('until', ''))
                      for r in xml.findall('{%s}rule' % NS))
        return Authorization(rules, xml.get('share') not in ('false', '0'), tuple(xml.get('hide', '').split()))

    async def set_authorization(self, group, authorization):
        """Puts an Authorization in force. Raises IqError, whose text says
        which rule makes no sense."""
        iq = self.xmpp.make_iq_set(ito=group)
        xml = ET.SubElement(iq.xml, '{%s}authorization' % NS)
        if not authorization.share:
            xml.set('share', 'false')
        if authorization.hide:
            xml.set('hide', ' '.join(authorization.hide))
        for r in authorization.rules:
            words = {'who': r.who, 'attributes': r.attributes, 'except': r.except_, 'from': r.from_, 'until': r.until}
            ET.SubElement(xml, '{%s}rule' % NS, {name: value for name, value in words.items() if value})
        await iq.send()


register_plugin(GroupPresence)
