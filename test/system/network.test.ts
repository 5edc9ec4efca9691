import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLink } from '../fakes/link.ts'
import { freePort } from '../ports.ts'
import { expectEveryLine } from './everything.ts'
import { Hub, startAgent } from './programs.ts'
import { startWriters } from './writers.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-network-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('every fifth acknowledgement is lost: nothing is stored twice', async () => {
  await using writers = await startWriters(folder, { name: 'lossy', containers: 6 })
  await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
  await using link = await openLink(hub.options.port)
  await using agent = startAgent({
    hubUrl: `http://127.0.0.1:${link.port}`,
    socket: writers.socket,
    stateDir: join(folder, 'agent'),
    name: 'lossy'
  })
  await sleep(1500)
  link.loseEvery(5)
  writers.begin(6000)
  await sleep(12_000)
  writers.pause()
  link.loseEvery(0)
  expect(link.lost).toBeGreaterThan(5)
  await expectEveryLine(hub, writers.written)
  expect(agent.exited()).toBe(false)
})

test('half-open sockets: connections fall silent without closing, and only new ones go through', async () => {
  await using writers = await startWriters(folder, { name: 'silent', containers: 4 })
  await using hub = await new Hub({ dataDir: join(folder, 'hub'), port: await freePort() }).start()
  await using link = await openLink(hub.options.port)
  await using agent = startAgent({
    hubUrl: `http://127.0.0.1:${link.port}`,
    socket: writers.socket,
    stateDir: join(folder, 'agent'),
    name: 'silent'
  })
  writers.begin(2000)
  for (let round = 0; round < 3; round++) {
    await sleep(3000)
    link.freeze()
    await sleep(4000)
    link.thaw()
  }
  await sleep(1000)
  writers.pause()
  await expectEveryLine(hub, writers.written, 90_000)
  expect(agent.exited()).toBe(false)
})
