// Whom the class believes when a group is published by a PubSub service. Run
// beside group_presence.js; prints "ok".

import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { jid, xml } from '@xmpp/client'
import { Group, NS } from './group_presence.js'

const GROUP = 'team@groups.example.org'
const SERVICE = 'pubsub.example.org'
const PUBSUB = 'http://jabber.org/protocol/pubsub'
const NODE = `${NS}#group`
const me = 'anna@example.org/bot'

const told = []
let xmpp // the end of a stream: what was sent, and what comes

function begin(options) {
  xmpp = Object.assign(new EventEmitter(), { jid: jid(me), sent: [], async send(stanza) { this.sent.push(stanza) } })
  const team = new Group(xmpp, GROUP, options)
  team.on('synced', (n) => told.push(`synced ${n}`))
  team.on('change', (before, after) => told.push(after ? `${after.name} ${after.show}` : `${before.name} left`))
  team.on('error', (err) => told.push(err.message))
  xmpp.emit('online')
}

const says = (from, ...children) => xmpp.emit('stanza', xml('message', { from, to: me, type: 'headline' }, xml('event', { xmlns: `${PUBSUB}#event` }, ...children)))
const bo = (show) => xml('item', { id: 'bo@example.org' }, xml('member', { xmlns: NS, nick: 'Bo' }, xml('presence', { xmlns: 'jabber:client' }, xml('show', {}, show))))
const gone = xml('item', { id: 'bo@example.org' }, xml('gone', { xmlns: NS }))
const items = (node, ...list) => xml('items', { node }, ...list)
const held = (node) => xml('subscription', { node: NODE, jid: me, subscription: 'subscribed' }, ...(node ? [xml('published', { xmlns: NS, service: SERVICE, node })] : []))

// answers takes what was asked, and answers it.
async function answers(word, ...children) {
  while (xmpp.sent.length === 0) await new Promise((done) => setTimeout(done, 1))
  const iq = xmpp.sent.shift()
  assert.equal(iq.getChild('pubsub').children[0].name, word)
  xmpp.emit('stanza', xml('iq', { from: GROUP, type: 'result', id: iq.attrs.id }, xml('pubsub', { xmlns: PUBSUB }, ...children)))
}

function has(...want) {
  assert.deepEqual(told.splice(0), want)
}

begin()
await answers('subscriptions', xml('subscriptions', {}))
await answers('subscribe', held('n'))
says(SERVICE, items('n', bo('dnd')))
has('Bo dnd')
await answers('items', items(NODE, bo('dnd')), xml('state', { xmlns: NS, to: 's1' }))
has('synced 1')

// Nobody else, and no other node.
for (const [from, node] of [[SERVICE, 'other'], [SERVICE, NODE], ['pubsub.example.net', 'n'], [`${SERVICE}/x`, 'n'], ['bo@example.org', 'n'], [GROUP, 'n'], [undefined, 'n']]) {
  says(from, items(node, gone))
  says(from, xml('delete', { node }))
  says(from, held('m'))
  if (from === GROUP) { // the group's word it is
    await answers('items', items(NODE), xml('state', { xmlns: NS, to: 's1' }))
    says(SERVICE, items('m', bo('away')))
    says(GROUP, held('n'))
    await answers('items', items(NODE, bo('dnd')), xml('state', { xmlns: NS, to: 's1' }))
    has('synced 0', 'Bo away', 'Bo dnd', 'synced 1')
  }
}
has()

// What the node told is over: until the group was asked, it may be anybody's.
says(SERVICE, xml('delete', { node: 'n' }))
says(SERVICE, items('n', gone))
has()
await answers('subscriptions', xml('subscriptions', {}, held('n')))
says(SERVICE, items('n', bo('xa')))
await answers('items', items(NODE), xml('state', { xmlns: NS, to: 's2' }))
has('Bo xa', 'synced 0')

// The group speaks for itself.
says(GROUP, items(NODE, bo('chat')))
await answers('subscriptions', xml('subscriptions', {}, held()))
says(SERVICE, items('n', gone))
await answers('items', items(NODE, bo('chat')), xml('state', { xmlns: NS, to: 's3' }))
has('Bo chat', 'synced 1')

// What was lost shows by nothing: it is asked for now and then, quietly.
begin({ check: 0.01 })
await answers('subscriptions', xml('subscriptions', {}))
await answers('subscribe', held('n'))
await answers('items', items(NODE, bo('chat')), xml('state', { xmlns: NS, to: 's3' }))
has('Bo chat', 'synced 1')
await answers('items', items(NODE, gone), xml('state', { xmlns: NS, to: 's4' }))
has('Bo left')
console.log('ok')
process.exit(0)
