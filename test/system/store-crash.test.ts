/** kill -9 at random points, also while a journal is being sealed: nothing acknowledged is lost, nothing is there twice. */
import { spawn } from 'node:child_process'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { checkFolder } from '../../collector/store/embedded/check.ts'
import { cursorOf } from '../../collector/store/store.ts'
import { RECORD_BYTES, STREAMS, sourceOf, textOf, timeOf } from '../collector/store/appender.ts'
import { ALL_TIME, BOUNDS, field, random } from '../collector/store/corpus.ts'
import { openEmbedded, testFolder } from '../collector/store/folder.ts'

const ROUNDS = 20
const APPENDER = fileURLToPath(new URL('../collector/store/appender.ts', import.meta.url))

test('killed twenty times, every record is there once, in order, unaltered', {
  timeout: 300_000
}, async () => {
  await using folder = await testFolder()
  const next = random(Date.now())
  const acknowledged = Array.from({ length: STREAMS }, () => 0)
  let killedWhileSealing = 0
  for (let round = 0; round < ROUNDS; round++) {
    await appendUntilKilled(folder.path, acknowledged, 20 + next() * 350)
    if ((await walsIn(folder.path)) > 1) killedWhileSealing++
    const report = await checkFolder(folder.path)
    expect(report.findings.filter((finding) => finding.severity === 'error')).toEqual([])
  }
  await using store = await openEmbedded(folder.path)
  for (let stream = 0; stream < STREAMS; stream++) {
    const where = field('app', `app${stream}`)
    let count = 0
    let after: string | undefined
    for (;;) {
      const asked = { limit: 1000, direction: 'newer', ...(after ? { after } : {}) } as const
      const page = await store.search({ where, ...ALL_TIME }, asked, BOUNDS)
      for (const record of page.records) {
        const told = [record.text, record.time, record.offset]
        expect(told).toEqual([textOf(stream, count), timeOf(count), count * RECORD_BYTES])
        count++
      }
      const last = page.records.at(-1)
      if (!page.more || !last) break
      after = cursorOf(last)
    }
    const [states] = await store.positions([sourceOf(stream)])
    expect(states?.[0]?.stored).toBe(count * RECORD_BYTES)
    expect(count).toBeGreaterThanOrEqual(acknowledged[stream] ?? 0)
    expect(count).toBeGreaterThan(0)
  }
  expect(killedWhileSealing).toBeGreaterThan(0)
})

/** Runs the appender, and kills it this long after its first acknowledgement. */
async function appendUntilKilled(path: string, acknowledged: number[], afterMs: number): Promise<void> {
  const child = spawn(process.execPath, ['--import', 'tsx', APPENDER, path], {
    stdio: ['ignore', 'pipe', 'pipe']
  })
  let rest = ''
  let complaint = ''
  let isKilling = false
  child.stderr.on('data', (chunk) => {
    complaint += chunk
  })
  child.stdout.on('data', (chunk) => {
    if (!isKilling) setTimeout(() => child.kill('SIGKILL'), afterMs)
    isKilling = true
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const [stream = 0, count = 0] = line.split(' ').map(Number)
      acknowledged[stream] = Math.max(acknowledged[stream] ?? 0, count)
    }
  })
  const signal = await new Promise((resolve) => child.once('close', (_code, killedBy) => resolve(killedBy)))
  expect(signal, complaint).toBe('SIGKILL')
}

async function walsIn(path: string): Promise<number> {
  return (await readdir(join(path, 'journal'))).filter((name) => name.endsWith('.wal')).length
}
