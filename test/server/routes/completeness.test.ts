import { Check } from 'typebox/value'
import { expect, test } from 'vitest'
import type { InstanceFacts, Loss } from '../../../agent/protocol.ts'
import { instanceId, openFleet } from '../../../collector/fleet/fleet.ts'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import { MemoryStateStore } from '../../../collector/store/memory-state.ts'
import { CompletenessAnswer, StreamsAnswer } from '../../../server/api/completeness.ts'
import { InstancesAnswer } from '../../../server/api/fleet.ts'
import { fleetView } from '../../../server/fleet-view.ts'
import { facts as usual } from '../../collector/hub.ts'
import { batch, origin } from '../../collector/store/corpus.ts'
import { command } from '../cli/command.ts'
import { type Body, openFace } from '../face.ts'

const MINUTE_MS = 60_000

test('without gaps, on hosts that delivered everything, the answer is complete', async () => {
  await using scene = await openScene()
  const body = await scene.ask('app=orders&from=now-5m')
  expect(Check(CompletenessAnswer, body), JSON.stringify(body)).toBe(true)
  expect(body).toMatchObject({ verdict: 'complete', gapCount: 0, bytes: 0, gaps: [], behind: [], notes: [] })
  expect(body.since).toBeUndefined()
})

test('what retention dropped, or was never here, is no gap, and is not called complete either', async () => {
  await using scene = await openScene()
  const body = await scene.ask('from=now-1d')
  expect(body.verdict).toBe('complete')
  expect(Date.parse(body.since)).toBe(scene.startedMs)
})

test('a container whose label keeps it for a short time is complete only as far back as that', async () => {
  await using scene = await openScene({ labels: { 'driftlog.retention': '5m' } })
  const body = await scene.ask('app=orders&from=now-8m')
  expect(Date.parse(body.since)).toBe(scene.clock.ms - 5 * MINUTE_MS)
  expect((await scene.ask('app=orders&from=now-4m')).since).toBeUndefined()
  expect((await scene.ask('app=payments&from=now-8m')).since).toBeUndefined()
})

test('a gap is told where its range meets the one that is asked for, with bytes, lines, times and cause', async () => {
  await using scene = await openScene()
  const { fleet, host, startedMs } = scene
  fleet.ledger.arrived(host, 'c1', {
    stream: 'docker',
    generation: 'g0',
    file: '8:1:1',
    ended: false,
    bytes: 1300,
    timeMs: [startedMs, startedMs + MINUTE_MS, startedMs + 2 * MINUTE_MS],
    offset: [0, 1100, 1200],
    nuls: [{ offset: 100, bytes: 1000, row: 1 }]
  })
  fleet.ledger.lost(host, [loss(startedMs + 3 * MINUTE_MS)])
  const body = await scene.ask('app=orders&from=now-1h')
  expect(Check(CompletenessAnswer, body), JSON.stringify(body)).toBe(true)
  expect(body).toMatchObject({ verdict: 'gaps', gapCount: 2, bytes: 1000, lines: 10, unknown: 1 })
  expect(body.gaps).toMatchObject([
    {
      cause: 'nul',
      app: 'orders',
      hostName: 'fra-1',
      containerName: 'orders-c1',
      bytes: 1000,
      lines: 10,
      from: new Date(startedMs).toISOString().replace('Z', '000000Z'),
      to: new Date(startedMs + MINUTE_MS).toISOString().replace('Z', '000000Z')
    },
    { cause: 'rotated-unread' }
  ])
  expect(body.gaps[1].bytes).toBeUndefined()
  expect(await scene.ask('app=orders&from=now-1h&limit=1')).toMatchObject({ gapCount: 2, others: 1 })
  expect(await scene.ask(`from=${startedMs}&to=${startedMs + 30_000}`)).toMatchObject({ gapCount: 1 })
  expect(await scene.ask('app=payments')).toMatchObject({ verdict: 'complete' })
  expect(await scene.ask('host=other')).toMatchObject({ gapCount: 0 })
  expect(await scene.ask(`instance=${instanceId(host, 'c1')}`)).toMatchObject({ gapCount: 2 })
})

test('a host that is behind makes the range uncertain only from where it is complete on', async () => {
  await using scene = await openScene()
  const { fleet, host, clock } = scene
  fleet.heard(host, 9000)
  clock.ms += MINUTE_MS
  const body = await scene.ask('from=now-5m')
  expect(body).toMatchObject({
    verdict: 'behind',
    behind: [{ host, hostName: 'fra-1', behindMs: MINUTE_MS, behindBytes: 9000 }]
  })
  expect(Date.parse(body.behind[0].until)).toBe(clock.ms - MINUTE_MS)
  expect(await scene.ask('from=now-5m&to=now-2m')).toMatchObject({ verdict: 'complete', behind: [] })
})

test('a source that cannot tell is named, and so are risky settings, here and beside the instance', async () => {
  await using scene = await openScene({ logDriver: 'json-file', logOptions: { mode: 'non-blocking' } })
  const body = await scene.ask('from=now-5m')
  expect(body).toMatchObject({
    verdict: 'unknown',
    notes: [
      { code: 'non-blocking', blind: true, containerName: 'orders-c1', hostName: 'fra-1' },
      { code: 'no-rotation' }
    ]
  })
  const { instances } = (await scene.face.get('/api/instances')).body
  expect(Check(InstancesAnswer, { instances }), JSON.stringify(instances)).toBe(true)
  expect(instances[0].notes).toMatchObject([{ code: 'non-blocking' }, { code: 'no-rotation' }])
})

test('a label that could not be used is named, with what is wrong with it', async () => {
  await using scene = await openScene({ labels: { 'driftlog.multiline': 'begin:x' } })
  const body = await scene.ask('from=now-5m')
  expect(body.verdict).toBe('complete')
  expect(body.notes).toMatchObject([
    { code: 'label', message: expect.stringContaining('driftlog.multiline') }
  ])
})

test('streams: each file with what is here of it, parts of one file, and the gaps', async () => {
  await using scene = await openScene()
  const { fleet, host, face } = scene
  fleet.ledger.lost(host, [loss(Date.now())])
  const id = instanceId(host, 'c1')
  const { body } = await face.get(`/api/instances/${id}/streams`)
  expect(Check(StreamsAnswer, body), JSON.stringify(body)).toBe(true)
  expect(body.streams).toMatchObject([
    {
      stream: 'docker',
      generations: [
        { generation: 'a', file: 'a', begins: 0, state: 'coming' },
        { generation: 'a@5000', file: 'a', begins: 5000, state: 'current' }
      ],
      gaps: [{ cause: 'rotated-unread' }]
    }
  ])
  const { status, body: problem } = await face.get(`/api/instances/${'0'.repeat(16)}/streams`)
  expect([status, problem.code]).toEqual([404, 'DRIFTLOG_INSTANCE_NOT_FOUND'])
})

test('driftlog status says what is missing, where, and which settings are risky', {
  timeout: 60_000
}, async () => {
  await using scene = await openScene({ logDriver: 'json-file', logOptions: {} })
  const { fleet, host, startedMs, face } = scene
  const before = await command(['status', '--hub', face.url])
  expect(before.stdout).toContain('Complete')
  expect(before.stdout).toMatch(/fra-1\s+orders-c1\s+no-rotation\s+Its log is never rotated/)
  fleet.ledger.lost(host, [{ ...loss(startedMs), generation: 'a', offset: 0, bytes: 2048 }])
  const [text, json] = await Promise.all([
    command(['status', '--hub', face.url]),
    command(['status', '--json', '--hub', face.url])
  ])
  expect(text.stdout).toContain('1 gap: 2.0 KiB lost')
  expect(text.stdout).toMatch(/fra-1\s+orders-c1\s.*2\.0 KiB.*rotated away before it was read/)
  expect(JSON.parse(json.stdout).completeness).toMatchObject({ verdict: 'gaps', bytes: 2048 })
})

async function openScene(more: Partial<InstanceFacts> = {}) {
  const clock = { ms: Date.now() }
  const nowMs = () => clock.ms
  const startedMs = clock.ms - 10 * MINUTE_MS
  const fleet = await openFleet(new MemoryStateStore(), nowMs)
  const { host } = await fleet.enrol({ name: 'fra-1' }, '0.1.0')
  fleet.hello(host, { facts: { name: 'fra-1' }, agentVersion: '0.1.0', clockOffsetMs: 0 })
  fleet.heard(host, 0)
  const instance = { ...usual('c1', { startedMs, ...more }) }
  fleet.tell(host, [{ kind: 'start', atMs: startedMs, instance }])
  const logs = new MemoryLogStore()
  const at = origin('orders', host, 'c1', { instance: instanceId(host, 'c1') })
  const line = { text: 'hello', time: BigInt(startedMs) * 1_000_000n }
  const face = await openFace({
    logs,
    batches: [
      batch(at, [line], 0, { generation: 'a' }),
      batch(at, [line], 0, { generation: 'a@5000', number: 1 })
    ],
    parts: { nowMs, fleet: fleetView(fleet, logs, nowMs) }
  })
  return {
    face,
    fleet,
    host,
    clock,
    startedMs,
    ask: async (query: string): Promise<Body> => (await face.get(`/api/completeness?${query}`)).body,
    async [Symbol.asyncDispose]() {
      await face[Symbol.asyncDispose]()
      await fleet[Symbol.asyncDispose]()
    }
  }
}

function loss(atMs: number): Loss {
  return { container: 'c1', stream: 'docker', atMs, cause: 'rotated-unread' }
}
