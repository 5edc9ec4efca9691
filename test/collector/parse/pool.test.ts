import type { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { zstdBound } from '../../../collector/parse/codec.ts'
import { BodyRefused, type ChunkAsked, ParsePool, ThreadError } from '../../../collector/parse/pool.ts'
import { DOCKER_MANNER } from '../../../collector/parse/reading.ts'
import { startThread } from '../../../collector/thread.ts'
import { frame } from '../hub.ts'
import { dockerLine, rows } from './lines.ts'

/** Threads from sources take a second to start, more on a busy machine. */
const PATIENCE_MS = 120_000

function body(text: string): Buffer {
  const data = dockerLine(`${text}\n`)
  const chunks = [{ container: 'c', stream: 'docker', generation: 'g', offset: 0, bytes: data.length }]
  return frame({ session: 's', events: [], chunks, losses: [], behindBytes: 0 }, data)
}

function moved(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer
}

const asked: ChunkAsked = {
  ...{ key: 'k', offset: 0, committed: 0, stored: 0, last: false },
  ...DOCKER_MANNER,
  aheadMs: 0
}

test(
  'a thread that ends is replaced; what it was asked is refused, and can be asked again',
  async () => {
    const workers: Worker[] = []
    const url = new URL('../../../collector/parse/pool.ts', import.meta.url).href
    const start = () => {
      const worker = startThread('./worker', url)
      workers.push(worker)
      return worker
    }
    const clock = { ms: 0 }
    await using pool = await ParsePool.open({ threads: 1, start, nowMs: () => clock.ms })
    let lost = 0
    pool.onLost((_, isOf) => {
      lost += isOf('h1') ? 1 : 0
    })
    const plain = body('hello')
    const die = async () => {
      // Terminated first: a quick thread could answer otherwise. The pool learns of it when the exit is told.
      const gone = workers.at(-1)?.terminate()
      const answer = pool.open('h1', moved(gzipSync(plain)), 'gzip', plain.length)
      answer.catch(() => {})
      await gone
      return answer
    }
    await expect(die()).rejects.toBeInstanceOf(ThreadError)
    expect(lost).toBe(1)
    const { id, head } = await pool.open('h1', moved(plain), 'identity', plain.length)
    expect(head.session).toBe('s')
    const { chunks } = await pool.parse('h1', id, [asked])
    expect(chunks[0] && rows(chunks[0].records).map((row) => row.text)).toEqual(['hello'])

    // A host that does it again and again has to wait, others don't.
    await expect(die()).rejects.toBeInstanceOf(ThreadError)
    await pool.open('h2', moved(plain), 'identity', plain.length)
    await expect(die()).rejects.toBeInstanceOf(ThreadError)
    await expect(pool.open('h1', moved(plain), 'identity', plain.length)).rejects.toMatchObject({
      retryAfterS: 60
    })
    await expect(pool.open('h2', moved(plain), 'identity', plain.length)).resolves.toBeDefined()
    clock.ms += 60_001
    await expect(pool.open('h1', moved(plain), 'identity', plain.length)).resolves.toBeDefined()
  },
  PATIENCE_MS
)

test('what was opened and dropped can not be parsed, and a reading that stands elsewhere is refused', async () => {
  await using pool = await ParsePool.open({ threads: 1 })
  const plain = body('x')
  const { id } = await pool.open('h', moved(plain), 'identity', plain.length)
  pool.drop('h', id)
  await expect(pool.parse('h', id, [asked])).rejects.toBeInstanceOf(BodyRefused)
  const again = await pool.open('h', moved(plain), 'identity', plain.length)
  await expect(pool.parse('h', again.id, [{ ...asked, offset: 5 }])).rejects.toMatchObject({
    code: 'DRIFTLOG_PARSE'
  })
})

test('records of two chunks are views of buffers that were moved', async () => {
  await using pool = await ParsePool.open({ threads: 2 })
  expect(pool.codecs).toContain('gzip')
  const plain = body('y')
  const { id } = await pool.open('h', moved(plain), 'identity', plain.length)
  const { chunks, counts } = await pool.parse('h', id, [asked])
  expect(counts.broken).toBe(0)
  const records = chunks[0]?.records
  expect(records?.count).toBe(1)
  expect(records?.text.buffer).toBe(records?.timeMs.buffer)
})

test('the most that zstd frames can hold is read from their blocks', () => {
  // Magic, single segment with one byte of size, then an RLE block of 100,000 bytes that is the last one.
  const block = (100_000 << 3) | (1 << 1) | 1
  const bomb = Buffer.from([
    0x28,
    0xb5,
    0x2f,
    0xfd,
    0x20,
    0,
    block & 255,
    (block >> 8) & 255,
    block >> 16,
    0x41
  ])
  expect(zstdBound(bomb)).toBe(100_000)
  expect(zstdBound(Buffer.concat(Array.from({ length: 1000 }, () => bomb)))).toBe(100_000_000)
  expect(() => zstdBound(Buffer.from('no zstd at all'))).toThrow(RangeError)
  expect(() => zstdBound(bomb.subarray(0, 7))).toThrow(RangeError)
})
