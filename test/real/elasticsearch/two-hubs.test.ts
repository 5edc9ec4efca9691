/** Two hubs on one cluster: the same streams through both, at the same time, and a follower that changes hubs. */
import { Client } from '@elastic/elasticsearch'
import { beforeEach, expect, test } from 'vitest'
import type { LogStore } from '../../../collector/store/store.ts'
import { ALL_TIME, BOUNDS, batch, DAY, everything, origin, random } from '../../collector/store/corpus.ts'
import { CLUSTER, emptyCluster, openStore } from './cluster.ts'

const STREAMS = 6
const LINES = 3000
const BYTES = 64

beforeEach(emptyCluster)

const textOf = (stream: number, n: number) => `stream ${stream} line ${n}`
const source = (stream: number) => origin(`app-${String.fromCharCode(97 + stream)}`, `h${stream % 3}`)

/** Brings the lines from `from` on of one stream, as an agent does that was told so. */
function bring(store: LogStore, stream: number, from: number, count: number): Promise<void> {
  const lines = Array.from({ length: count }, (_, n) => ({
    text: textOf(stream, from + n),
    time: DAY + BigInt(from + n) * 20_000_000_000n,
    bytes: BYTES
  }))
  return store.append([batch(source(stream), lines, from * BYTES)])
}

test('streams that go through either hub, often through both at once: every line once', {
  timeout: 300_000
}, async () => {
  await using a = await openStore()
  await using b = await openStore()
  const hubs = [a, b]
  const next = random(7)
  await Promise.all(
    Array.from({ length: STREAMS }, async (_, stream) => {
      for (let at = 0; at < LINES; ) {
        const hub = hubs[next() < 0.5 ? 0 : 1] ?? a
        const [states] = await hub.positions([source(stream)])
        at = (states?.[0]?.stored ?? 0) / BYTES
        const from = Math.max(0, at - Math.floor(next() * 30))
        const count = Math.min(LINES - from, 20 + Math.floor(next() * 200))
        const both = next() < 0.3 ? hubs : [hub]
        await Promise.all(both.map((one) => bring(one, stream, from, count)))
        at = from + count
      }
    })
  )
  for (let stream = 0; stream < STREAMS; stream++) {
    const app = source(stream).app
    const { records } = await a.search(
      {
        where: {
          kind: 'field',
          name: 'app',
          test: { kind: 'words', text: app, run: { words: [app], prefix: false } },
          at: { from: 0, to: 0 }
        },
        ...ALL_TIME
      },
      { limit: LINES + 10, direction: 'newer' },
      BOUNDS
    )
    expect(records.map(({ text }) => text)).toEqual(
      Array.from({ length: LINES }, (_, n) => textOf(stream, n))
    )
    const [states] = await b.positions([source(stream)])
    expect(states?.map(({ stored }) => stored)).toEqual([LINES * BYTES])
  }
  const client = new Client({ node: CLUSTER })
  expect((await client.count({ index: 'driftlog-*' })).count).toBe(STREAMS * LINES)
  await client.close()
})

test('two hubs that meet new files at once give each a number of its own', async () => {
  await using a = await openStore()
  await using b = await openStore()
  const file = (name: string) =>
    batch(source(0), [{ text: name, time: DAY }], 0, { generation: name, number: 0 })
  await Promise.all([a.append([file('one')]), b.append([file('two')])])
  const [states = []] = await a.positions([source(0)])
  expect(states.map(({ number }) => number)).toEqual([0, 1])
  const { records } = await a.search(
    { where: everything, ...ALL_TIME },
    { limit: 9, direction: 'newer' },
    BOUNDS
  )
  expect(new Set(records.map(({ id }) => id)).size).toBe(2)
})

test('who has a lower term than the last to write a stream is refused; whoever takes over finds it as it stands', async () => {
  await using a = await openStore()
  await using b = await openStore()
  const under = (term: number, texts: string[], offset: number, end?: number) => {
    const lines = texts.map((text) => ({ text, time: DAY, bytes: BYTES }))
    const one = batch(source(0), lines, offset)
    // An event that is given out before its end has come ends sooner.
    if (end !== undefined) one.records.end[texts.length - 1] = end
    return { ...one, term }
  }
  await a.append([under(1, ['one', 'two'], 0)])
  await b.positions([source(0)])
  await b.append([under(2, ['three'], 2 * BYTES)])
  await expect(a.append([under(1, ['three, cut'], 2 * BYTES, 2 * BYTES + 9)])).rejects.toMatchObject({
    code: 'DRIFTLOG_TURN'
  })
  await a.positions([source(0)])
  await a.append([under(3, ['four'], 3 * BYTES)])
  const { records } = await b.search(
    { where: everything, ...ALL_TIME },
    { limit: 9, direction: 'newer' },
    BOUNDS
  )
  expect(records.map(({ text }) => text)).toEqual(['one', 'two', 'three', 'four'])
})

test('a follower goes on at the other hub: nothing is passed over, nothing comes twice', {
  timeout: 60_000
}, async () => {
  // As hubs run: nobody asks for a refresh but whoever follows.
  await using a = await openStore({ refresh: false, followEveryMs: 200 })
  await using b = await openStore({ refresh: false, followEveryMs: 200 })
  const hubs = [a, b]
  const seen: string[] = []
  const delays: number[] = []
  const wroteMs: number[] = []
  const writing = (async () => {
    for (let n = 0; n < 60; n++) {
      wroteMs[n] = performance.now()
      await bring(hubs[n % 2] ?? a, 0, n, 1)
    }
  })()
  let after: string | undefined
  for (let turn = 0; seen.length < 60; turn++) {
    const stop = new AbortController()
    const asked = { where: everything, ...(after === undefined ? {} : { after }) }
    for await (const arrival of (hubs[turn % 2] ?? a).follow(asked, stop.signal)) {
      after = arrival.cursor
      expect(arrival.kind).not.toBe('reset')
      if (arrival.kind !== 'records') continue
      for (const { text } of arrival.records) {
        delays.push(performance.now() - (wroteMs[seen.length] ?? 0))
        seen.push(text)
      }
      if (seen.length >= Math.min(60, (turn + 1) * 7)) break
    }
    stop.abort()
  }
  await writing
  expect(seen).toEqual(Array.from({ length: 60 }, (_, n) => textOf(0, n)))
  console.log(`written → followed, longest: ${Math.round(Math.max(...delays))} ms`)
})
