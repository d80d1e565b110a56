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

// The end of a stream: what was sent, and what comes.
const xmpp = Object.assign(new EventEmitter(), { jid: jid(me), sent: [], async send(stanza) { this.sent.push(stanza) } })
const team = new Group(xmpp, GROUP, { check: 0.01 })
const told = []
team.on('synced', (n) => told.push(`synced ${n}`))
team.on('change', (before, after) => told.push(after ? `${after.name} ${after.show}` : `${before.name} left`))
team.on('error', (err) => told.push(err.message))

const says = (from, ...children) => xmpp.emit('stanza', xml('message', { from, to: me, type: 'headline' }, xml('event', { xmlns: `${PUBSUB}#event` }, ...children)))
const bo = (show) => xml('item', { id: 'bo@example.org' }, xml('member', { xmlns: NS, nick: 'Bo' }, xml('presence', { xmlns: 'jabber:client' }, xml('show', {}, show))))
const gone = xml('item', { id: 'bo@example.org' }, xml('gone', { xmlns: NS }))
const items = (node, ...list) => xml('items', { node }, ...list)
const held = (node) => xml('subscription', { node: NODE, jid: me, subscription: 'subscribed' }, ...(node ? [xml('published', { xmlns: NS, service: SERVICE, node })] : []))

// answers takes what was asked, and answers it.
function answers(word, ...children) {
  const iq = xmpp.sent.shift()
  assert.equal(iq.getChild('pubsub').children[0].name, word)
  xmpp.emit('stanza', xml('iq', { from: GROUP, type: 'result', id: iq.attrs.id }, xml('pubsub', { xmlns: PUBSUB }, ...children)))
}

function has(...want) {
  assert.deepEqual(told.splice(0), want)
}

xmpp.emit('online')
answers('subscriptions', xml('subscriptions', {}))
answers('subscribe', held('n'))
says(SERVICE, items('n', bo('dnd')))
has('Bo dnd')
answers('items', items(NODE, bo('dnd')), xml('state', { xmlns: NS, to: 's1' }))
has('synced 1')

// Nobody else, and no other node.
for (const [from, node] of [[SERVICE, 'other'], [SERVICE, NODE], ['pubsub.example.net', 'n'], [`${SERVICE}/x`, 'n'], ['bo@example.org', 'n'], [GROUP, 'n'], [undefined, 'n']]) {
  says(from, items(node, gone))
  says(from, xml('delete', { node }))
  says(from, held('m'))
  if (from === GROUP) { // the group's word it is
    answers('items', items(NODE), xml('state', { xmlns: NS, to: 's1' }))
    says(SERVICE, items('m', bo('away')))
    says(GROUP, held('n'))
    answers('items', items(NODE, bo('dnd')), xml('state', { xmlns: NS, to: 's1' }))
    has('synced 0', 'Bo away', 'Bo dnd', 'synced 1')
  }
}
has()

// What the node told is over: until the group was asked, it may be anybody's.
says(SERVICE, xml('delete', { node: 'n' }))
says(SERVICE, items('n', gone))
has()
answers('subscriptions', xml('subscriptions', {}, held('n')))
says(SERVICE, items('n', bo('xa')))
answers('items', items(NODE), xml('state', { xmlns: NS, to: 's2' }))
has('Bo xa', 'synced 0')

// The group speaks for itself.
says(GROUP, items(NODE, bo('chat')))
answers('subscriptions', xml('subscriptions', {}, held()))
says(SERVICE, items('n', gone))
answers('items', items(NODE, bo('chat')), xml('state', { xmlns: NS, to: 's3' }))
has('Bo chat', 'synced 1')

// What was lost shows by nothing: it is asked for now and then, quietly.
says(GROUP, held('n'))
answers('items', items(NODE), xml('state', { xmlns: NS, to: 's3' }))
has('synced 0')
while (xmpp.sent.length === 0) await new Promise((done) => setTimeout(done, 1))
answers('items', items(NODE, gone), xml('state', { xmlns: NS, to: 's4' }))
has('Bo left')
console.log('ok')
process.exit(0)
