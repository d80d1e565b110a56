// Group presence (urn:xmpp:tmp:group-presence:0) for @xmpp/client.
//
//     const team = new Group(xmpp, 'team@groups.example.org', { want: { roles: ['lead'] } })
//     team.on('change', (before, after) => console.log(before, after))
//
// A Group is what the account may see, kept up to date. It subscribes when the
// session is there, and asks for what it missed when it comes back, or was made
// with what another one had kept. If the group has its events published by the
// server's PubSub service, they are taken from there.

import { EventEmitter } from 'node:events'
import { xml } from '@xmpp/client'

export const NS = 'urn:xmpp:tmp:group-presence:0'
const PUBSUB = 'http://jabber.org/protocol/pubsub'
const EVENT = `${PUBSUB}#event`

// What servers say of a service that is not attached just now.
const away = ['remote-server-not-found', 'remote-server-timeout', 'service-unavailable']

// member makes a plain object of an item.
function member(jid, el) {
  const presence = el.getChild('presence')
  const there = presence !== undefined && presence.attrs.type === undefined
  return {
    jid,
    name: el.attrs.nick || jid.split('@')[0],
    roles: (el.attrs.roles || '').split(' ').filter(Boolean),
    show: there ? presence.getChildText('show') || 'available' : 'offline',
    status: (there && presence.getChildText('status')) || '',
  }
}

const count = (lists) => lists.reduce((n, l) => n + l.children.length, 0)

const same = (a, b) => JSON.stringify(a) === JSON.stringify(b)

// Events: change(before, after), either may be undefined; synced(n), all that
// there is has been told, in so many items; ended(), there is no subscription; error(condition).
export class Group extends EventEmitter {
  // want: members, roles, attributes (lists), 'same-role' (true); kept: see keep;
  // check: seconds, for what a PubSub service lost shows by nothing.
  constructor(xmpp, jid, { node = 'group', want = {}, kept = {}, check = 300 } = {}) {
    super()
    Object.assign(this, { xmpp, jid, node: `${NS}#${node}`, want, state: kept.state || '' })
    this.at = {} // the service and its node that events come from, if not the group
    this.closed = false // nothing is taken from there until the group was asked
    this.members = new Map((kept.members || []).map((m) => [m.jid, m]))
    this.asked = new Map() // what to do with the answer, by id
    this.count = 0
    this.parts = []
    xmpp.on('online', () => this.begin())
    // Not xmpp.iqCaller: answers must be taken in the order in which they and
    // the events arrive.
    xmpp.on('stanza', (stanza) => this.take(stanza))
    setInterval(() => this.at.node && this.catchUp(true), 1000 * check).unref()
  }

  // What a later Group may begin with.
  keep() {
    return { state: this.state, members: [...this.members.values()] }
  }

  // Who is there, by name.
  available() {
    return [...this.members.values()].filter((m) => m.show !== 'offline').sort((a, b) => a.name.localeCompare(b.name))
  }

  begin() {
    this.asked.clear() // on the old stream
    this.stands()
    this.asking = false
    this.where((held) => {
      if (this.state && held) return this.catchUp()
      // The state follows, but such a node does not say when it has said everything.
      this.ask('set', [xml('subscribe', { node: this.node, jid: this.me }), this.options()], (pubsub) => {
        this.stands(pubsub.getChild('subscription'))
        if (this.at.node) this.catchUp()
      })
    })
  }

  get me() {
    return this.xmpp.jid.toString()
  }

  // where asks the group what stands, and where that is published.
  where(then) {
    this.ask('get', [xml('subscriptions', { node: this.node })], (pubsub) => {
      const held = pubsub.getChild('subscriptions').getChildren('subscription').find((s) => s.attrs.node === this.node && s.attrs.jid === this.me)
      this.stands(held)
      then(held)
    })
  }

  // stands takes the group's word on the subscription: nobody else can name a node.
  stands(held) {
    const { service, node } = held?.getChild('published', NS)?.attrs || {}
    this.at = service && node ? { service, node } : {}
    this.closed = false
  }

  options() {
    const field = (name, values) => xml('field', { var: name }, ...[values].flat().map((v) => xml('value', {}, String(v))))
    const fields = Object.entries(this.want).map(([word, values]) => field(`{${NS}}${word}`, values))
    return xml('options', {}, xml('x', { xmlns: 'jabber:x:data', type: 'submit' }, field('FORM_TYPE', `${PUBSUB}#subscribe_options`), ...fields))
  }

  ask(type, payload, then) {
    const id = `group-presence-${++this.count}`
    this.asked.set(id, then)
    this.xmpp.send(xml('iq', { type, id, to: this.jid }, xml('pubsub', { xmlns: PUBSUB }, ...payload))).catch(() => {}) // begin asks again
    // What is asked of a service that is just going away may stay without an answer.
    setTimeout(() => this.asked.delete(id) && this.again(), 10_000).unref()
  }

  again() {
    this.asking = false
    if (this.at.node) this.catchUp() // a group that speaks for itself shows by itself what is missing
  }

  take(stanza) {
    const event = stanza.is('message') && stanza.getChild('event', EVENT)
    if (event && this.at.node && stanza.attrs.from === this.at.service) return this.posted(event)
    if (stanza.attrs.from !== this.jid) return
    if (stanza.is('iq')) {
      const then = this.asked.get(stanza.attrs.id)
      if (then === undefined) return
      this.asked.delete(stanza.attrs.id)
      if (stanza.attrs.type === 'result') return then(stanza.getChild('pubsub', PUBSUB))
      const error = stanza.getChild('error')
      const why = error?.children.find((c) => c.name !== 'text')?.name || 'error'
      // A node that is deleted may mean that the service is about to be gone.
      if (this.at.node && (error?.attrs.type === 'wait' || away.includes(why))) setTimeout(() => this.again(), 5000)
      else {
        this.asking = false
        this.emit('error', new Error(why))
      }
      return
    }
    if (!event) return
    const items = event.getChild('items')
    if (items && items.attrs.node === this.node) {
      if (this.at.node) this.close() // the group speaks for itself: is it still published there?
      this.event(items, stanza.getChild('state', NS)?.attrs || {})
    }
    const held = event.getChild('subscription')
    if (!held || held.attrs.node !== this.node || held.attrs.jid !== this.me) return
    if (held.attrs.subscription === 'none') this.emit('ended')
    if (held.attrs.subscription !== 'subscribed') return
    this.stands(held)
    if (this.at.node) this.catchUp()
  }

  // posted takes what the node at the service says: what is so, not since when.
  posted(event) {
    const said = event.children.find((c) => c.attrs?.node === this.at.node)
    if (said?.name === 'delete' || said?.name === 'purge') return this.close()
    if (said?.name !== 'items' || this.closed) return
    if (this.asking) this.pages.push(said) // younger than the pages so far
    this.apply([said], false)
  }

  // close: what the node told is over, and another of that name may be somebody
  // else's. Only the group knows; but it may be about to go away, and what is
  // asked just then is lost.
  close() {
    this.closed = true
    setTimeout(() => this.catchUp(), 500)
  }

  event(items, { from, to = '', full, part = '1/1' }) {
    const [n, of] = part.split('/').map(Number)
    if (n === 1) this.parts = []
    this.parts.push(items)
    if (n < of) return
    if (this.parts.length !== of) return this.catchUp() // a part was lost
    const all = this.parts
    if (full !== 'true' && from !== this.state) {
      if (to !== this.state) this.catchUp() // something was missed
      return
    }
    this.state = to
    this.apply(all, full === 'true')
    if (full === 'true') this.emit('synced', count(all))
  }

  // catchUp asks for what changed since the state held, or for everything. What
  // was said before the answer came is older than the answer. It is quiet if it
  // is only to be sure.
  catchUp(quiet = false) {
    if (this.asking) return
    Object.assign(this, { asking: true, quiet, pages: [], told: 0 })
    if (this.closed) this.where(() => this.page(this.state, '', {}))
    else this.page(this.state, '', {})
  }

  page(since, after, state) {
    const payload = [xml('items', { node: this.node })]
    if (since) payload.push(xml('since', { xmlns: NS, state: since }))
    if (after) payload.push(xml('set', { xmlns: 'http://jabber.org/protocol/rsm' }, xml('after', {}, after)))
    this.ask('get', payload, (pubsub) => {
      const items = pubsub.getChild('items')
      if (!after) state = pubsub.getChild('state', NS)?.attrs || {}
      this.pages.push(items)
      this.told += items.children.length
      const set = pubsub.getChild('set')
      const first = Number(set?.getChild('first')?.attrs.index || 0)
      if (set && items.children.length > 0 && first + items.children.length < Number(set.getChildText('count'))) {
        return this.page(since, set.getChildText('last'), state)
      }
      this.asking = false
      this.state = state.to || ''
      this.apply(this.pages, !since || state.full === 'true')
      if (after || this.closed) return this.catchUp() // what changed since the first page
      if (!this.quiet) this.emit('synced', this.told)
    })
  }

  apply(lists, full) {
    const was = this.members
    this.members = full ? new Map() : new Map(was)
    for (const item of lists.flatMap((l) => l.children)) {
      const el = item.getChild?.('member', NS)
      if (el) this.members.set(item.attrs.id, member(item.attrs.id, el))
      else if (item.name === 'retract' || item.getChild?.('gone', NS)) this.members.delete(item.attrs.id)
    }
    for (const jid of [...new Set([...was.keys(), ...this.members.keys()])].sort()) {
      const [before, after] = [was.get(jid), this.members.get(jid)]
      if (!same(before, after)) this.emit('change', before, after)
    }
  }
}
