"""aioxmpp's own PubSub client, as it comes, on both sides of a group: run by the
Go tests. Ends with a traceback, or prints "ok".

Arguments: HOST:PORT GROUP OWNER MEMBER; both have the password "secret".
"""

import asyncio
import sys
import warnings

warnings.simplefilter('ignore')

import aioxmpp
import aioxmpp.connector
import aioxmpp.forms
import aioxmpp.pubsub
import aioxmpp.pubsub.xso as xso

SERVER, GROUP, OWNER, MEMBER = sys.argv[1:]
NODE = 'urn:xmpp:tmp:group-presence:0#presence'
GROUP, OWNER, MEMBER = (aioxmpp.JID.fromstr(j) for j in (GROUP, OWNER, MEMBER))


def client(jid):
    host, _, port = SERVER.rpartition(':')
    c = aioxmpp.PresenceManagedClient(jid.replace(resource='desk'), aioxmpp.make_security_layer('secret')._replace(tls_required=False),
                                      override_peer=[(host, int(port), aioxmpp.connector.STARTTLSConnector())])
    return c, c.summon(aioxmpp.PubSubClient)


async def refused(f, condition, app=None):
    try:
        await f
    except aioxmpp.errors.XMPPError as e:
        assert e.condition == condition, (e.condition, condition)
        assert app is None or isinstance(e.application_defined_condition, app), e.application_defined_condition
        return
    assert False, condition


def submit(kind, **fields):
    data = aioxmpp.forms.Data(type_=aioxmpp.forms.DataType.SUBMIT)
    data.fields.append(aioxmpp.forms.Field(type_=aioxmpp.forms.FieldType.HIDDEN, var='FORM_TYPE', values=['http://jabber.org/protocol/pubsub#' + kind]))
    for name, value in fields.items():
        data.fields.append(aioxmpp.forms.Field(type_=None, var='pubsub#' + name, values=[value]))
    return data


def values(data):
    return {f.var: list(f.values) for f in data.fields}


async def both(mine, his):
    news = asyncio.Queue()
    his.on_item_published.connect(lambda jid, node, item, message=None: news.put_nowait((jid, node, item.id_)))

    await his.get_features(GROUP)
    assert NODE in {n for n, _ in await his.get_nodes(GROUP)}
    one = (await his.subscribe(GROUP, NODE)).payload
    assert one.subscription == 'subscribed' and one.subid, one
    assert (await asyncio.wait_for(news.get(), 20))[:2] == (GROUP, NODE)
    options = submit('subscribe_options', digest='1', digest_frequency='86400000')
    two = (await his.subscribe(GROUP, NODE, config=options)).payload
    assert two.subid and two.subid != one.subid, two
    assert 'pubsub#expire' in values(await his.get_subscription_config(GROUP, NODE, subid=two.subid))
    await his.set_subscription_config(GROUP, submit('subscribe_options', digest='0', expire='2040-01-01T00:00:00Z'), NODE, subid=two.subid)
    now = values(await his.get_subscription_config(GROUP, NODE, subid=two.subid))
    assert now['pubsub#expire'] == ['2040-01-01T00:00:00Z'], now
    await refused(his.unsubscribe(GROUP, NODE), aioxmpp.ErrorCondition.BAD_REQUEST, xso.SubIDRequired)
    await refused(his.unsubscribe(GROUP, NODE, subid='none'), aioxmpp.ErrorCondition.NOT_ACCEPTABLE, xso.InvalidSubID)
    await his.unsubscribe(GROUP, NODE, subid=two.subid)
    subs = (await his.get_subscriptions(GROUP, NODE)).subscriptions
    assert [s.subid for s in subs] == [one.subid], subs
    items = (await his.get_items(GROUP, NODE)).payload.items
    assert {i.id_ for i in items} >= {str(OWNER), str(MEMBER)}, items
    items = (await his.get_items_by_id(GROUP, NODE, [str(OWNER)])).payload.items
    assert [i.id_ for i in items] == [str(OWNER)], items

    await refused(his.get_node_affiliations(GROUP, NODE), aioxmpp.ErrorCondition.FORBIDDEN)
    people = (await mine.get_node_affiliations(GROUP, NODE)).payload.affiliations
    assert {(a.jid, a.affiliation) for a in people} >= {(OWNER, 'owner'), (MEMBER, 'member')}, people
    await mine.change_node_affiliations(GROUP, NODE, [(MEMBER, 'owner')])
    await mine.change_node_affiliations(GROUP, NODE, [(MEMBER, 'member')])
    watchers = (await mine.get_node_subscriptions(GROUP, NODE)).payload.subscriptions
    assert [(s.jid, s.subscription) for s in watchers] == [(MEMBER, 'subscribed')], watchers
    await mine.change_node_subscriptions(GROUP, NODE, [(MEMBER, 'none')])
    assert not (await his.get_subscriptions(GROUP, NODE)).subscriptions
    assert 'pubsub#expire' in values(await his.get_default_config(GROUP, NODE))
    assert values(await mine.get_node_config(GROUP, NODE))['pubsub#publish_model'] == ['publishers']
    await mine.set_node_config(GROUP, submit('node_config', title='By aioxmpp'), NODE)
    assert values(await mine.get_node_config(GROUP, NODE))['pubsub#title'] == ['By aioxmpp']
    for f in (mine.purge(GROUP, NODE), mine.delete(GROUP, NODE)):
        await refused(f, aioxmpp.ErrorCondition.FEATURE_NOT_IMPLEMENTED, xso.Unsupported)
    await refused(his.publish(GROUP, NODE, None), aioxmpp.ErrorCondition.FORBIDDEN)


async def main():
    owner, mine = client(OWNER)
    member, his = client(MEMBER)
    async with owner.connected(), member.connected():
        await both(mine, his)


asyncio.get_event_loop().run_until_complete(asyncio.wait_for(main(), 50))
print('ok')
