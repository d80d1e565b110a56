// Prints who of a group is there, live:
//
//     npm install
//     ROLLCALL_PASSWORD=… node watch.js anna@example.org team@groups.example.org [--server xmpp://127.0.0.1:5222] [--keep FILE]
//
// With --keep it goes on where it stopped: only what changed meanwhile is sent.

import { readFileSync, renameSync, writeFileSync } from 'node:fs'
import { webcrypto } from 'node:crypto'
import { parseArgs } from 'node:util'
import { client, jid, xml } from '@xmpp/client'
import { Group } from './group_presence.js'

globalThis.crypto ??= webcrypto // Node 18 has it only there

const { values, positionals } = parseArgs({ allowPositionals: true, options: { server: { type: 'string' }, keep: { type: 'string' } } })
const [account, group] = positionals
const password = process.env.ROLLCALL_PASSWORD
if (!account || !group || !password) {
  console.error('usage: ROLLCALL_PASSWORD=… node watch.js ACCOUNT GROUP [--server URI] [--keep FILE]')
  process.exit(2)
}

let kept = {}
try {
  if (values.keep) kept = JSON.parse(readFileSync(values.keep, 'utf8'))
} catch {
  // the first time
}

const { local, domain } = jid(account)
// A resource that stays the same: subscriptions are of an address.
const xmpp = client({ service: values.server || `xmpp://${domain}`, domain, username: local, password, resource: 'group-watch' })
const team = new Group(xmpp, group, { want: { attributes: ['availability', 'show', 'status'] }, kept })

function save() {
  if (!values.keep) return
  writeFileSync(`${values.keep}.new`, JSON.stringify(team.keep()), { mode: 0o600 })
  renameSync(`${values.keep}.new`, values.keep)
}

const line = (m) => [m.name, m.show, m.status].filter(Boolean).join(' ')

team.on('change', (before, after) => {
  console.log(after ? line(after) : `${before.name} left`)
  save()
})
team.on('synced', (items) => {
  console.log(`${items} items told how it is now; available: ${team.available().map((m) => m.name).join(', ') || 'nobody'}`)
  save()
})
team.on('ended', () => process.exit(0))
team.on('error', (err) => {
  console.error(`${group}: ${err.message}`)
  process.exit(1)
})
xmpp.on('online', () => xmpp.send(xml('presence'))) // so that the service knows when we are there
xmpp.on('error', (err) => console.error(String(err.message || err))) // it connects again by itself

process.on('SIGINT', async () => {
  save()
  await xmpp.stop()
  process.exit(0)
})

await xmpp.start().catch((err) => {
  console.error(String(err.message || err))
  process.exit(1)
})
