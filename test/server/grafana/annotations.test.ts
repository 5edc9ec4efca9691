/** Marks as annotations: each exactly once, whatever happens between the hub, its state and Grafana. */
import { expect, test } from 'vitest'
import { MemoryShare, MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { Annotations } from '../../../server/grafana/annotations.ts'
import { GrafanaApi } from '../../../server/grafana/api.ts'
import type { Mark } from '../../../server/marks.ts'
import { type FakeGrafana, startGrafana, TOKEN } from './fake.ts'

const T0 = Date.UTC(2026, 10, 23, 12)
const HOUR_MS = 3_600_000
const HUB = new URL('https://logs.example.org')

test('a mark carries its app, its place and a link to its lines', async () => {
  await using grafana = await startGrafana()
  const moved: Mark = {
    ...{ id: 'abc', kind: 'move', atMs: T0, app: 'orders', environment: 'production' },
    ...{ hosts: ['web-1', 'web-2'], text: 'orders moved from <web-1> to web-2' }
  }
  const deployed: Mark = {
    ...{ id: 'def', kind: 'deploy', atMs: T0 + 1000, endMs: T0 + 9000, app: 'a:b', environment: '' },
    text: 'a:b deployed'
  }
  await posterOf([moved, deployed], { hub: HUB }).post(apiOf(grafana))
  expect(grafana.annotations).toEqual([
    {
      ...{ time: T0, timeEnd: T0 },
      tags: [
        'driftlog',
        'move',
        'app:orders',
        'environment:production',
        'host:web-1',
        'host:web-2',
        'driftlog-mark:abc'
      ],
      text: 'orders moved from &lt;web-1> to web-2 <a href="https://logs.example.org/production/orders/logs?from=2026-11-23T11:55:00.000Z&amp;to=2026-11-23T12:05:00.000Z">Lines</a>'
    },
    {
      ...{ time: T0 + 1000, timeEnd: T0 + 9000 },
      // Grafana cuts what is behind a second colon off, in questions too.
      tags: ['driftlog', 'deploy', 'app:a', 'driftlog-mark:def'],
      text: expect.stringContaining('https://logs.example.org/-/a%3Ab/logs?')
    }
  ])
})

test('what was posted is remembered, and not asked for again, also where a person has deleted it', async () => {
  await using grafana = await startGrafana()
  const state = new MemoryStateStore()
  const marks = [mark('m1', T0 - 1000)]
  const first = posterOf(marks, { state })
  await first.post(apiOf(grafana))
  grafana.annotations.length = 0
  grafana.asked.length = 0
  await first.post(apiOf(grafana))
  await posterOf(marks, { state }).post(apiOf(grafana))
  expect([grafana.asked, grafana.annotations]).toEqual([[], []])
})

test('a hub that dies between posting and remembering posts nothing twice', async () => {
  await using grafana = await startGrafana()
  const share = new MemoryShare()
  class Dying extends MemoryStateStore {
    override async put(): Promise<void> {
      throw new Error('died')
    }
  }
  const marks = [mark('m1', T0 - 1000)]
  await expect(posterOf(marks, { state: new Dying(share) }).post(apiOf(grafana))).rejects.toThrow('died')
  expect(grafana.annotations).toHaveLength(1)
  const next = posterOf(marks, { state: new MemoryStateStore(share) })
  await next.post(apiOf(grafana))
  await next.post(apiOf(grafana))
  expect(grafana.annotations).toHaveLength(1)
  expect(next.counts).toMatchObject({ posted: 0, waiting: 0 })
})

test('after an outage the marks of a day are posted, and older ones are counted', async () => {
  await using grafana = await startGrafana()
  const clock = { ms: T0 }
  const marks = [mark('m0', T0 - 1000)]
  const poster = posterOf(marks, { clock })
  await poster.post(apiOf(grafana))
  grafana.away = true
  marks.push(mark('old', T0 + HOUR_MS), mark('m1', T0 + 10 * HOUR_MS), mark('m2', T0 + 30 * HOUR_MS))
  clock.ms = T0 + 2 * HOUR_MS
  await expect(poster.post(apiOf(grafana))).rejects.toMatchObject({ code: 'DRIFTLOG_GRAFANA_AWAY' })
  expect(poster.counts.waiting).toBe(1)
  grafana.away = false
  clock.ms = T0 + 31 * HOUR_MS
  await poster.post(apiOf(grafana))
  expect(grafana.annotations.map(({ text }) => text)).toEqual(['m0 moved', 'm1 moved', 'm2 moved'])
  expect(poster.counts).toEqual({ posted: 3, refused: 0, missed: 1, waiting: 0 })
  await poster.post(apiOf(grafana))
  expect(poster.counts.missed).toBe(1)
})

test('a hub that was away for days counts what it has missed, once', async () => {
  await using grafana = await startGrafana()
  const state = new MemoryStateStore()
  await posterOf([mark('m0', T0 - 1000)], { state }).post(apiOf(grafana))
  const marks = [mark('m0', T0 - 1000), mark('m1', T0 + HOUR_MS), mark('m2', T0 + 72 * HOUR_MS)]
  const clock = { ms: T0 + 73 * HOUR_MS }
  const poster = posterOf(marks, { state, clock })
  await poster.post(apiOf(grafana))
  expect(poster.counts).toEqual({ posted: 1, refused: 0, missed: 1, waiting: 0 })
  const kept = await state.list('grafana/mark/')
  expect(kept.map(({ key }) => key)).toEqual(['grafana/mark/m2'])
  const again = posterOf(marks, { state, clock })
  await again.post(apiOf(grafana))
  expect(again.counts.missed).toBe(0)
})

test('what Grafana refuses for its contents is counted and set aside, what it stumbles over is tried again', async () => {
  await using grafana = await startGrafana()
  const long = { ...mark('long', T0 - 3000), hosts: Array.from({ length: 9 }, (_, i) => `${i}`.repeat(99)) }
  const poster = posterOf([long, mark('odd', T0 - 2000), mark('m1', T0 - 1000)])
  grafana.stumbles = ({ text }) => text.startsWith('odd')
  await expect(poster.post(apiOf(grafana))).rejects.toMatchObject({ httpStatus: 500 })
  expect(grafana.annotations.map(({ text }) => text)).toEqual(['m1 moved'])
  expect(poster.counts).toEqual({ posted: 1, refused: 1, missed: 0, waiting: 1 })
  grafana.stumbles = () => false
  await poster.post(apiOf(grafana))
  expect(poster.counts).toEqual({ posted: 2, refused: 1, missed: 0, waiting: 0 })
})

test('a token that may not post marks leaves them waiting', async () => {
  await using grafana = await startGrafana({ role: 'Viewer' })
  const poster = posterOf([mark('m1', T0 - 1000)])
  await expect(poster.post(apiOf(grafana))).rejects.toThrow('role Editor')
  expect(poster.counts).toMatchObject({ refused: 0, waiting: 1 })
})

interface More {
  state?: MemoryStateStore
  clock?: { ms: number }
  hub?: URL
}

function posterOf(
  marks: readonly Mark[],
  { state = new MemoryStateStore(), clock = { ms: T0 }, ...more }: More = {}
): Annotations {
  const sources = [
    (sinceMs: number) => marks.filter(({ atMs }) => atMs >= sinceMs && atMs <= clock.ms + HOUR_MS)
  ]
  return new Annotations({ sources, state, log: { info() {}, warn() {} }, nowMs: () => clock.ms, ...more })
}

function apiOf({ url }: FakeGrafana): GrafanaApi {
  return new GrafanaApi({ url, token: TOKEN })
}

function mark(id: string, atMs: number): Mark {
  return { id, kind: 'move', atMs, app: 'orders', environment: 'production', text: `${id} moved` }
}
