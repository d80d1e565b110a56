"""slixmpp's own PubSub client, as it comes, on both sides of a group: run by the
Go tests. Ends with a traceback, or prints "ok".

Arguments: HOST:PORT GROUP OWNER MEMBER; both have the password "secret".
"""

import asyncio
import logging
import sys

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

SERVER, GROUP, OWNER, MEMBER = sys.argv[1:]
NODE = 'urn:xmpp:tmp:group-presence:0#presence'


class Client(slixmpp.ClientXMPP):
    def __init__(self, jid):
        super().__init__(jid, 'secret')
        self.register_plugin('xep_0060')
        self.events, self.news = [], asyncio.Event()
        # Not its own events: 1.8 stumbles over those of several items.
        self.register_handler(Callback('seen', StanzaPath('message/pubsub_event'), self.note))

    def note(self, m):
        told = m['pubsub_event'].xml.find('{http://jabber.org/protocol/pubsub#event}subscription')
        self.events.append(('publish' if told is None else 'subscription', m))
        self.news.set()

    async def until(self, f):
        while not any(f(*e) for e in self.events):
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 20)
        self.events.clear()


async def login(jid):
    c = Client(jid)
    host, _, port = SERVER.rpartition(':')
    c.connect((host, int(port)), disable_starttls=True, force_starttls=False)
    await c.wait_until('session_start', 20)
    c.send_presence()
    return c


async def refused(f, condition):
    try:
        await f
    except IqError as e:
        assert e.condition == condition, e.iq
        return e.iq
    assert False, condition


async def main():
    logging.basicConfig(level=logging.CRITICAL)
    owner, member = await asyncio.gather(login(OWNER + '/desk'), login(MEMBER + '/desk'))
    mine, his = owner['xep_0060'], member['xep_0060']

    # Two subscriptions, the second with options.
    one = (await his.subscribe(GROUP, NODE))['pubsub']['subscription']
    await member.until(lambda kind, m: kind == 'publish' and m['pubsub_event']['items']['node'] == NODE)
    form = member['xep_0004'].make_form('submit')
    form.add_field('FORM_TYPE', ftype='hidden', value='http://jabber.org/protocol/pubsub#subscribe_options')
    form.add_field('pubsub#digest', value='1')
    form.add_field('pubsub#digest_frequency', value='86400000')
    two = (await his.subscribe(GROUP, NODE, options=form))['pubsub']['subscription']
    assert one['subid'] and two['subid'] and one['subid'] != two['subid'], (one, two)
    listed = list((await his.get_subscriptions(GROUP, NODE))['pubsub']['subscriptions']['substanzas'])
    assert {s['subid'] for s in listed} == {one['subid'], two['subid']}, listed
    no = await refused(his.unsubscribe(GROUP, NODE), 'bad-request')
    assert no['error']['pubsub']['condition'] == 'subid-required', no
    no = await refused(his.unsubscribe(GROUP, NODE, subid='none'), 'not-acceptable')
    assert no['error']['pubsub']['condition'] == 'invalid-subid', no
    await his.unsubscribe(GROUP, NODE, subid=two['subid'])

    # The owner's side.
    for f in (his.get_node_subscriptions, his.get_node_affiliations, his.get_node_config):
        await refused(f(GROUP, NODE), 'forbidden')
    subs = list((await mine.get_node_subscriptions(GROUP, NODE))['pubsub_owner']['subscriptions']['substanzas'])
    assert [(s['jid'].full, s['subscription']) for s in subs] == [(MEMBER, 'subscribed')], subs
    await mine.modify_subscriptions(GROUP, NODE, [(slixmpp.JID(MEMBER), 'none')])
    await member.until(lambda kind, m: kind == 'subscription' and m['pubsub_event']['subscription']['subscription'] == 'none')
    await mine.modify_subscriptions(GROUP, NODE, [(slixmpp.JID(MEMBER), 'subscribed')])
    await member.until(lambda kind, m: kind == 'publish')
    people = list((await mine.get_node_affiliations(GROUP, NODE))['pubsub_owner']['affiliations']['substanzas'])
    assert {(a['jid'].full, a['affiliation']) for a in people} >= {(OWNER, 'owner'), (MEMBER, 'member')}, people
    await mine.modify_affiliations(GROUP, NODE, [(slixmpp.JID(MEMBER), 'owner')])
    await his.get_node_config(GROUP, NODE)
    await mine.modify_affiliations(GROUP, NODE, [(slixmpp.JID(MEMBER), 'member')])
    config = (await mine.get_node_config(GROUP, NODE))['pubsub_owner']['configure']['form']
    assert config.get_values()['pubsub#access_model'] == 'whitelist', config
    change = owner['xep_0004'].make_form('submit')
    change.add_field('FORM_TYPE', ftype='hidden', value='http://jabber.org/protocol/pubsub#node_config')
    change.add_field('pubsub#title', value='By slixmpp')
    await mine.set_node_config(GROUP, NODE, change)
    config = (await his.get_default_config(GROUP) if hasattr(his, 'get_default_config') else await mine.get_node_config(GROUP, NODE))
    assert 'slixmpp' in str(config), config
    await refused(mine.delete_node(GROUP, NODE), 'feature-not-implemented')
    await refused(mine.purge(GROUP, NODE), 'feature-not-implemented')

    # All groups at once.
    service = slixmpp.JID(GROUP).domain
    all_groups = 'urn:xmpp:tmp:group-presence:0#my-groups'
    await his.subscribe(service, all_groups)
    await member.until(lambda kind, m: kind == 'publish' and m['from'].bare == GROUP)
    await his.unsubscribe(service, all_groups)
    await asyncio.gather(owner.disconnect(wait=1), member.disconnect(wait=1))


loop = asyncio.get_event_loop()
loop.run_until_complete(asyncio.wait_for(main(), 50))
left = asyncio.all_tasks(loop)  # of slixmpp
for task in left:
    task.cancel()
loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
print('ok')
