import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import { decodeRows } from '../../../collector/stats/block.ts'
import { type Row, rolledUp, rowOf, type Sample } from '../../../collector/stats/rows.ts'
import { MemoryShelf, openLmdbShelf, type Shelf } from '../../../collector/stats/shelf.ts'
import { openStats } from '../../../collector/stats/store.ts'
import { HOURS, MINUTES, SAMPLES, TIERS } from '../../../collector/stats/tiers.ts'
import { testFolder } from '../store/folder.ts'
import { FIRST_MS, randomSamples } from './samples.ts'

const log = pino({ level: 'silent' })
const DAY_MS = 86_400_000
const retention = { samplesMs: 2 * DAY_MS, minutesMs: 30 * DAY_MS, hoursMs: 400 * DAY_MS }
const AFTER_MS = FIRST_MS + 7 * DAY_MS

function open(shelf: Shelf, nowMs: () => number = () => FIRST_MS + DAY_MS / 2) {
  return openStats({ shelf, retention, log, nowMs })
}

/** What a plain list of all samples gives. */
function expected(samples: readonly Sample[]): Row[] {
  return samples.map((sample, i) => rowOf(sample, samples[i - 1]))
}

const shelves = {
  memory: async () => new MemoryShelf(),
  lmdb: (path: string) => openLmdbShelf(path)
}

describe.each(Object.entries(shelves))('%s', (_, openShelf) => {
  test('every tier gives what a plain list of the samples gives, over restarts and blocks', async () => {
    await using folder = await testFolder()
    await using shelf = await openShelf(folder.path)
    const samples = randomSamples(1000, 5)
    let stats = await open(shelf)
    for (let at = 0; at < samples.length; at += 7) {
      await stats.take('h1', samples.slice(at, at + 7))
      if (at % 91 === 0) {
        await stats.close()
        stats = await open(shelf)
      }
    }
    const rows = expected(samples)
    expect(await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)).toEqual(rows)
    for (const tier of [MINUTES, HOURS]) {
      expect(await stats.rows('h1', 'i0', tier, 0, AFTER_MS)).toEqual(rolledUp(rows, tier.rowMs))
    }
    const fromMs = samples[400]?.atMs ?? 0
    const toMs = samples[420]?.atMs ?? 0
    expect(await stats.rows('h1', 'i0', SAMPLES, fromMs, toMs)).toEqual(rows.slice(400, 420))
    expect(await stats.rows('h1', 'unknown', SAMPLES, 0, AFTER_MS)).toEqual([])
    await stats.close()
  })

  test('the same samples told again change nothing and are counted', async () => {
    await using folder = await testFolder()
    await using shelf = await openShelf(folder.path)
    const samples = randomSamples(30, 9)
    const stats = await open(shelf)
    await stats.take('h1', samples.slice(0, 20))
    await stats.take('h1', samples.slice(10, 30))
    await stats.take('h1', samples)
    expect(await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)).toEqual(expected(samples))
    expect(stats.counts).toEqual({ taken: 30, known: 40, late: 0, lost: 0 })
    await stats.close()
  })

  test('each tier is dropped at its own age', async () => {
    await using folder = await testFolder()
    await using shelf = await openShelf(folder.path)
    let nowMs = FIRST_MS + 3_600_000
    const samples = randomSamples(300, 2)
    const stats = await open(shelf, () => nowMs)
    await stats.take('h1', samples)
    const counts: number[][] = []
    for (const days of [1, 4, 33, 403]) {
      nowMs = FIRST_MS + days * DAY_MS
      await stats.tidy()
      counts.push(
        await Promise.all(
          TIERS.map(async (tier) => (await stats.rows('h1', 'i0', tier, FIRST_MS - DAY_MS, AFTER_MS)).length)
        )
      )
    }
    const [whole, afterSamples, afterMinutes, afterHours] = counts
    expect(whole).toEqual([300, rolledUp(expected(samples), 60_000).length, expect.any(Number)])
    expect(afterSamples).toEqual([0, ...(whole ?? []).slice(1)])
    expect(afterMinutes).toEqual([0, 0, whole?.[2]])
    expect(afterHours).toEqual([0, 0, 0])
    for (const [from, to] of [
      ['h/', 'j/~'],
      ['m/', 'm/~'],
      ['s/', 's/~']
    ] as const)
      expect(await shelf.keys(from, to, 100)).toEqual([])
  })
})

test('questions asked while blocks are made see every sample once', async () => {
  await using folder = await testFolder()
  await using shelf = await openLmdbShelf(folder.path)
  const stats = await open(shelf)
  const subjects = Array.from({ length: 60 }, (_, i) => `i${i}`)
  const all = subjects.map((subject, i) => randomSamples(130, i, subject))
  const wanted = expected(all[7] ?? [])
  for (let at = 0; at < 130; at += 10) {
    await stats.take(
      'h1',
      all.flatMap((samples) => samples.slice(at, at + 10))
    )
    const asked = Array.from({ length: 5 }, () => stats.rows('h1', 'i7', SAMPLES, 0, AFTER_MS))
    for (const rows of await Promise.all(asked)) expect(rows).toEqual(wanted.slice(0, at + 10))
  }
  await stats.close()
})

test('a host that falls silent gets its blocks, and goes on later without a seam', async () => {
  const shelf = new MemoryShelf()
  const samples = randomSamples(90, 4)
  let nowMs = (samples[44]?.atMs ?? 0) + 1000
  const stats = await open(shelf, () => nowMs)
  await stats.take('h1', samples.slice(0, 45))
  nowMs += 3_000_000
  await stats.tidy()
  expect(await shelf.keys('j/', 'j0', 100)).toEqual([])
  await stats.take('h1', samples.slice(45))
  const rows = expected(samples)
  expect(await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)).toEqual(rows)
  expect(await stats.rows('h1', 'i0', HOURS, 0, AFTER_MS)).toEqual(rolledUp(rows, HOURS.rowMs))
})

test('a shelf that takes nothing loses nothing that fits in memory, and counts the rest', async () => {
  const shelf = new MemoryShelf()
  const write = shelf.write.bind(shelf)
  let full = false
  shelf.write = async (puts, deletes) => {
    if (full) throw new Error('no space left')
    await write(puts, deletes)
  }
  const samples = randomSamples(150, 8)
  const stats = await open(shelf)
  await stats.take('h1', samples.slice(0, 10))
  full = true
  for (const sample of samples.slice(10)) await expect(stats.take('h1', [sample])).rejects.toThrow('no space')
  full = false
  await stats.tidy()
  expect(await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)).toEqual(expected(samples))
  expect(stats.counts.lost).toBe(0)
})

test('what a shelf does not take for half an hour is given up, counted, and not shown any more', async () => {
  const shelf = new MemoryShelf()
  shelf.write = () => Promise.reject(new Error('no space left'))
  const samples = randomSamples(20, 8)
  let nowMs = (samples.at(-1)?.atMs ?? 0) + 1000
  const stats = await open(shelf, () => nowMs)
  for (const sample of samples) await expect(stats.take('h1', [sample])).rejects.toThrow('no space')
  expect(await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)).toEqual(expected(samples))
  nowMs += 1_800_001
  await stats.tidy()
  expect(stats.counts.lost).toBe(20)
  expect(await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)).toEqual([])
})

test('a sample that two hubs put at different times, of a host whose clock is off, counts once', async () => {
  const shelf = new MemoryShelf()
  const samples = randomSamples(6, 8).map((sample) => ({ ...sample, toldMs: sample.atMs - 50_000 }))
  const stats = await open(shelf)
  await stats.take('h1', samples.slice(0, 4))
  const other = await open(shelf)
  await other.take(
    'h1',
    samples.slice(2).map((sample) => ({ ...sample, atMs: sample.atMs + 30 }))
  )
  await other.tidy()
  const rows = await (await open(shelf)).rows('h1', 'i0', SAMPLES, 0, AFTER_MS)
  expect(rows).toHaveLength(6)
  expect(rows.slice(0, 4)).toEqual(expected(samples).slice(0, 4))
})

test('a damaged block is left out and told, what is around it stays', async () => {
  const shelf = new MemoryShelf()
  const samples = randomSamples(200, 6)
  const stats = await open(shelf)
  await stats.take('h1', samples)
  await stats.tidy()
  const [, second = ''] = await shelf.keys('s/', 's0', 10)
  const [block = new Uint8Array()] = await shelf.read([second])
  const broken = decodeRows(block, true)
  await shelf.write([[second, Buffer.from([1, 2, 3])]], [])
  const left = await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)
  expect(broken.length).toBeGreaterThan(10)
  expect(left).toHaveLength(200 - broken.length)
})

test('samples from a clock that is far off are counted, not taken', async () => {
  const stats = await open(new MemoryShelf(), () => FIRST_MS)
  const [sample] = randomSamples(1, 1)
  if (!sample) throw new Error('no sample')
  await stats.take('h1', [{ ...sample, atMs: FIRST_MS + DAY_MS }])
  await stats.take('h1', [{ ...sample, atMs: FIRST_MS - 3 * DAY_MS }])
  expect(stats.counts).toMatchObject({ taken: 0, late: 2 })
})

test('killed in the middle of writing: everything that was acknowledged is there, once', async () => {
  await using folder = await testFolder()
  const program = fileURLToPath(new URL('taker.ts', import.meta.url))
  // A round may be killed before it comes to what the one before has not written.
  let before = 0
  for (let round = 0; round < 3; round++) {
    const child = spawn(process.execPath, ['--import', 'tsx', program, folder.path, String(round * 200)], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    let told = ''
    child.stdout.on('data', (text) => {
      told += text
      if (told.split('\n').length > 60 + round * 20) child.kill('SIGKILL')
    })
    await once(child, 'close')
    const acknowledged = Math.max(...told.trim().split('\n').map(Number)) + 1
    await using shelf = await openLmdbShelf(folder.path)
    const stats = await open(shelf)
    const rows = await stats.rows('h1', 'i0', SAMPLES, 0, AFTER_MS)
    // One more may have been written without its acknowledgement having come.
    expect([before, acknowledged, acknowledged + 1]).toContain(rows.length)
    expect(rows.length).toBeGreaterThanOrEqual(acknowledged)
    before = rows.length
    const wanted = expected(randomSamples(1000, 3).slice(0, rows.length))
    expect(rows).toEqual(wanted)
    expect(await stats.rows('h1', 'i0', MINUTES, 0, AFTER_MS)).toEqual(rolledUp(wanted, 60_000))
    await stats.close()
  }
})
