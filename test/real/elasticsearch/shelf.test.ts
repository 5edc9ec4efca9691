import { request as ask, createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from '@elastic/elasticsearch'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { rolledUp, rowOf } from '../../../collector/stats/rows.ts'
import { openStats } from '../../../collector/stats/store.ts'
import { SAMPLES, TIERS } from '../../../collector/stats/tiers.ts'
import { ElasticsearchShelf } from '../../../collector/store/elasticsearch/shelf.ts'
import { StoreAwayError } from '../../../collector/store/store.ts'
import { Chance } from '../../../server/demo/chance.ts'
import { FIRST_MS, randomSamples } from '../../collector/stats/samples.ts'
import { statsShelfContract } from '../../collector/stats/shelf-contract.ts'
import { CLUSTER, emptyCluster, openStore } from './cluster.ts'

async function emptyShelf(): Promise<ElasticsearchShelf> {
  emptyCluster()
  await using _made = await openStore()
  return new ElasticsearchShelf(new Client({ node: CLUSTER }))
}

statsShelfContract('elasticsearch', emptyShelf, 5)

test('requests and answers that are lost on the way: every sample once', async () => {
  await using shelf = await emptyShelf()
  await using lossy = await lossyWay(new Chance(11))
  const DAY_MS = 86_400_000
  const retention = { samplesMs: 2 * DAY_MS, minutesMs: 30 * DAY_MS, hoursMs: 400 * DAY_MS }
  const options = { retention, log: pino({ level: 'silent' }), nowMs: () => FIRST_MS + DAY_MS / 2 }
  const client = new Client({ node: lossy.url, maxRetries: 1 })
  const stats = await persistent(() =>
    openStats({ ...options, shelf: new ElasticsearchShelf(client, { patienceMs: 200 }) })
  )
  const samples = randomSamples(150, 12)
  for (let at = 0; at < samples.length; at += 5)
    await persistent(() => stats.take('h1', samples.slice(at, at + 5)))
  while ((await shelf.keys('j/', 'j0', 1)).length > 0) await persistent(() => stats.tidy())
  const other = await openStats({ ...options, shelf })
  const rows = samples.map((sample, i) => rowOf(sample, samples[i - 1]))
  for (const tier of TIERS) {
    const found = await other.rows('h1', 'i0', tier, 0, FIRST_MS * 2)
    expect(found).toEqual(tier === SAMPLES ? rows : rolledUp(rows, tier.rowMs))
  }
  expect(lossy.lost).toBeGreaterThan(20)
}, 120_000)

test('what is written meanwhile goes with the next bulk', async () => {
  await using _made = await emptyShelf()
  const client = new Client({ node: CLUSTER })
  let bulks = 0
  client.diagnostic.on('request', (_, told) => {
    if (told?.meta.request.params.path === '/_bulk') bulks++
  })
  const shelf = new ElasticsearchShelf(client)
  const keys = Array.from({ length: 100 }, (_, i) => `m/${i}`)
  await Promise.all(keys.map((key) => shelf.write([[key, Buffer.from(key)]], [])))
  expect((await shelf.read(keys)).map((value) => String(value))).toEqual(keys)
  expect(bulks).toBeLessThan(10)
})

test('a cluster that is away is told as such, after a while', async () => {
  const shelf = new ElasticsearchShelf(new Client({ node: 'http://127.0.0.1:9', maxRetries: 0 }), {
    patienceMs: 300
  })
  await expect(shelf.write([['j/a', Buffer.from('x')]], [])).rejects.toThrow(StoreAwayError)
  await expect(shelf.read(['j/a'])).rejects.toThrow(StoreAwayError)
})

/** Tries again whatever fails. */
async function persistent<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act()
    } catch (error) {
      if (!(error instanceof StoreAwayError)) throw error
    }
  }
}

/** A proxy that loses one request in ten before the cluster has it, and one answer in ten. */
async function lossyWay(chance: Chance) {
  const { hostname, port } = new URL(CLUSTER)
  const way = { lost: 0 }
  const server = createServer((request, response) => {
    const lose = () => {
      way.lost++
      request.socket.destroy()
    }
    if (chance.often(0.1)) return lose()
    const { method, url: path, headers } = request
    const forward = ask({ hostname, port, method, path, headers }, (answer) => {
      if (chance.often(0.1)) {
        answer.resume().on('end', lose)
        return
      }
      response.writeHead(answer.statusCode ?? 500, answer.headers)
      answer.pipe(response)
    })
    forward.on('error', lose)
    request.pipe(forward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get lost() {
      return way.lost
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    }
  }
}
