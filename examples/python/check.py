"""Drives the plugin, the example bots and slixmpp's own PubSub client against a
running service; run by the Go tests. Ends with a traceback, or prints "ok".

Arguments: HOST:PORT DOMAIN GROUP ANNA BO CY [SERVICE]; all have the password
"secret". The group has the three as members: Anna, a lead; Bo, ops; Cy, without a
role. SERVICE is the server's PubSub service, if events are published there; then
it prints "restart?" and waits for a line when the group is to be away for a while.
"""

import asyncio
import logging
import os
import sys
import tempfile

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream import ET

import group_presence
from bot import Bot
from group_presence import Authorization, Rule
from hunt_group import HuntGroup
from on_call import OnCall
from standup_board import StandupBoard

SERVER, DOMAIN, GROUP, ANNA, BO, CY = sys.argv[1:7]
SERVICE = ''.join(sys.argv[7:])
NODE = group_presence.NS + '#'
FIRST_STATE = 'bm9uc2Vuc2Ugb2YgYW4gZXBvY2g'  # a token of no epoch


class Client(slixmpp.ClientXMPP):
    """One device, which remembers what happened."""

    def __init__(self, jid):
        super().__init__(jid, 'secret')
        self.changes, self.bodies, self.news = [], [], asyncio.Event()
        self.register_plugin('xep_0060')
        self.register_plugin('group_presence', module=group_presence)
        self.add_event_handler('group_change', lambda c: self.note(self.changes, c))
        self.add_event_handler('message', lambda m: self.note(self.bodies, m['body']) if m['body'] else None)

    def note(self, what, it):
        what.append(it)
        self.news.set()

    async def until(self, f):
        while not f():
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 30)


async def login(client):
    if isinstance(client, Bot):
        client.dial(SERVER, insecure=True)
        return await client.wait_until('session_start', 20)
    host, _, port = SERVER.rpartition(':')
    client.connect((host, int(port)), disable_starttls=True, force_starttls=False)
    await client.wait_until('session_start', 20)
    return client


def status(client, show, text):
    client.send_presence(pshow=show, pstatus=text)


async def plugin(anna, bo):
    team = await anna['group_presence'].watch(GROUP)
    await team.ready()
    assert team.info.name == 'Team' and team.summary.members == 3, (team.info, team.summary)
    assert team.members[ANNA].roles == ('lead',) and team.members[ANNA].name == 'Anna', team.members
    status(bo, 'dnd', 'On a call')
    await anna.until(lambda: team.members[BO].status == 'On a call')
    assert team.members[BO].show == 'dnd' and team.members[BO].devices[0].name == 'desk', team.members[BO]
    assert any(c.kind == 'changed' and c.after.jid == BO for c in anna.changes), anna.changes

    some = await anna['group_presence'].watch(GROUP, 'presence', members=[BO], attributes=['availability'])
    await some.ready()
    assert list(some.members) == [BO] and some.members[BO].show == 'available' and not some.members[BO].status, some.members
    await anna['group_presence'].unwatch(some)

    assert team._at[0] == SERVICE, team._at
    if SERVICE:
        await published(anna, bo, team)
        return team
    # A gap: we hold a state that the next event does not follow.
    team.state = FIRST_STATE
    anna.changes.clear()
    status(bo, None, 'back')
    await anna.until(lambda: any(c.kind == 'synced' for c in anna.changes))
    assert team.members[BO].status == 'back' and len(team.members) == 3, team.members
    return team


async def published(anna, bo, team):
    """Only the node that the group has named is believed, while it is the group's."""
    me, (service, node) = anna['group_presence'], team._at

    def says(sender, where, word='items'):
        msg = anna.make_message(mto=anna.boundjid, mfrom=sender)
        event = ET.SubElement(msg.xml, '{%s}event' % group_presence.EVENT)
        child = ET.SubElement(event, '{%s}%s' % (group_presence.EVENT, word), node=where)
        if word == 'items':
            item = ET.SubElement(child, '{%s}item' % group_presence.EVENT, id=BO)
            ET.SubElement(item, '{%s}gone' % group_presence.NS)
        me._message(msg)

    for sender, where in ((service, 'other'), (service, NODE + 'group'), (service + '/x', node), (BO, node), (GROUP, node)):
        says(sender, where)
        says(sender, where, 'delete')
        assert BO in team.members and team.synced, (sender, where)

    says(service, node, 'delete')
    says(service, node)  # by whoever made it since
    assert BO in team.members and not team.synced, team.members
    await team.ready()
    assert team._at == (service, node), team._at
    status(bo, None, 'back')
    await anna.until(lambda: team.members[BO].status == 'back')

    team._posted = lambda child: None  # an event that is lost shows by nothing
    status(bo, None, 'unheard')
    await check_every(me, .1, lambda: team.members[BO].status == 'unheard')
    del team._posted

    me.pause = .1
    print('restart?', flush=True)
    await anna.loop.run_in_executor(None, sys.stdin.readline)
    status(bo, None, 'after all')
    await anna.until(lambda: team.synced and team.members[BO].status == 'after all')
    says(service, team._at[1])
    assert BO not in team.members, 'nobody is believed'
    status(bo, None, 'there')
    await anna.until(lambda: BO in team.members)


async def check_every(me, seconds, f):
    """Waits for f while the plugin makes sure so often."""
    usual, me.check_every = me.check_every, seconds
    me._checks.cancel()
    me._check()
    await me.xmpp.until(f)
    me.check_every = usual
    me._checks.cancel()
    me._check()


async def authorization(anna, bo, team):
    me = bo['group_presence']
    first = await me.get_authorization(GROUP)
    assert first.share and first.rules[0].who == 'members', first
    await me.set_authorization(GROUP, Authorization((Rule('members', 'all', except_='status'),), hide=('jid:' + ANNA,)))
    await anna.until(lambda: team.members[BO].show == 'offline')
    held = await me.get_authorization(GROUP)
    assert held.hide == ('jid:' + ANNA,) and 'status' in held.rules[0].except_ + ' status', held
    await me.set_authorization(GROUP, first)
    await anna.until(lambda: team.members[BO].show == 'available')
    try:
        await me.set_authorization(GROUP, Authorization((Rule('members', 'shoe'),)))
        assert False, 'a rule that makes no sense was taken'
    except IqError as e:
        assert e.condition == 'not-acceptable' and 'shoe' in e.text, e


async def reconnect(anna, bo, team):
    anna.changes.clear()
    anna.abort()
    await login(anna)
    status(anna, 'dnd', '')
    status(bo, 'away', 'lunch')
    await anna.until(lambda: team.synced and team.members[BO].status == 'lunch' and any(c.kind == 'synced' for c in anna.changes))


def refused(e, condition):
    assert e.condition == condition, e.iq


async def pubsub(anna):
    """slixmpp's own client, as it comes."""
    p, node = anna['xep_0060'], NODE + 'presence'
    nodes = await p.get_nodes(GROUP)
    assert {i[1] for i in nodes['disco_items']['items']} == {NODE + n for n in ('info', 'members', 'presence', 'group')}, nodes
    held = (await p.subscribe(GROUP, node))['pubsub']['subscription']
    assert held['subscription'] == 'subscribed' and held['jid'].full == ANNA, held
    assert any(s['node'] == node and s['jid'].full == ANNA for s in list((await p.get_subscriptions(GROUP))['pubsub']['subscriptions']['substanzas']))
    roles = list((await p.get_affiliations(GROUP))['pubsub']['affiliations']['substanzas'])
    assert {a['affiliation'] for a in roles} == {'member'}, roles
    items = list((await p.get_items(GROUP, node))['pubsub']['items']['substanzas'])
    assert [i['id'] for i in items] == sorted([ANNA, BO, CY]) and items[0]['payload'].tag == '{%s}member' % group_presence.NS, items
    items = list((await p.get_items(GROUP, node, item_ids=[BO]))['pubsub']['items']['substanzas'])
    assert [i['id'] for i in items] == [BO], items
    items = list((await p.get_items(GROUP, node, max_items=1))['pubsub']['items']['substanzas'])
    assert len(items) == 1, items
    form = (await p.get_subscription_options(GROUP, node, anna.boundjid.bare))['pubsub']['options']['options']
    assert form.get_values()['pubsub#deliver'] in (True, '1', 'true'), form
    change = anna['xep_0004'].make_form('submit')
    change.add_field('FORM_TYPE', ftype='hidden', value='http://jabber.org/protocol/pubsub#subscribe_options')
    change.add_field('{%s}attributes' % group_presence.NS, ftype='list-multi', value=['availability'])
    await p.set_subscription_options(GROUP, node, anna.boundjid.bare, change)
    await p.unsubscribe(GROUP, node)
    for f, condition in ((lambda: p.unsubscribe(GROUP, node), 'unexpected-request'), (lambda: p.subscribe(GROUP, NODE + 'shoe'), 'item-not-found'),
                         (lambda: p.publish(GROUP, node, payload=ET.Element('{urn:x}x')), 'forbidden')):
        try:
            await f()
            assert False, condition
        except IqError as e:
            refused(e, condition)


async def bots(bo):
    page = os.path.join(tempfile.mkdtemp(), 'team.html')
    made = [HuntGroup(CY + '/hunt', 'secret', GROUP), OnCall(CY + '/oncall', 'secret', GROUP, 'ops', [BO]), StandupBoard(CY + '/board', 'secret', GROUP, page)]
    await asyncio.gather(*(login(b) for b in made))
    hunt, on_call, board = made
    for b in made:
        await b.begun
        await b.team.ready()
    status(bo, None, '<free>')
    await bo.until(lambda: 'ops: Bo' in bo.bodies)
    for question, reply in (('ops', f'Bo {BO}'), ('lead', 'No lead is free: Anna may'), ('shoe', 'Which role? lead, ops')):
        bo.send_message(mto=CY + '/hunt', mbody=question, mtype='chat')
        await bo.until(lambda: any(b.startswith(reply) for b in bo.bodies))
    status(bo, 'dnd', '<busy>')
    await bo.until(lambda: 'ops: nobody is free!' in bo.bodies)
    done = asyncio.Event()
    board.add_event_handler('group_change', lambda _: done.set())
    while '&lt;busy&gt;' not in open(page, encoding='utf-8').read():
        done.clear()
        await asyncio.wait_for(done.wait(), 20)
    for b in made:
        b.end()
    await asyncio.gather(*(b.disconnect(wait=1) for b in made))


async def main():
    logging.basicConfig(level=logging.WARNING)
    anna, bo = await asyncio.gather(login(Client(ANNA + '/watch')), login(Client(BO + '/desk')))
    await asyncio.gather(anna.get_roster(), bo.get_roster())
    status(anna, 'dnd', '')
    status(bo, None, '')
    team = await plugin(anna, bo)
    await authorization(anna, bo, team)
    await reconnect(anna, bo, team)
    await pubsub(anna)
    await bots(bo)
    await asyncio.gather(anna.disconnect(wait=1), bo.disconnect(wait=1))


loop = asyncio.get_event_loop()
loop.run_until_complete(asyncio.wait_for(main(), 55))
left = asyncio.all_tasks(loop)  # of slixmpp
for task in left:
    task.cancel()
loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
print('ok')
