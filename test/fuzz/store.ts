/**
 * Fuzzing of what reads files: journals, parts, positions and dictionaries with bytes changed, cut, doubled and
 * zeroed, also below valid checksums. Only coded errors may be thrown, and nothing may take long.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { BlockReader, encodeBlock } from '../../collector/store/embedded/block.ts'
import { openCodec } from '../../collector/store/embedded/codec.ts'
import { systemCode } from '../../collector/store/embedded/fault.ts'
import {
  encodeFrame,
  FILE_HEAD,
  isJournalHead,
  journalHead,
  readFrames
} from '../../collector/store/embedded/frame.ts'
import { originLine, readOrigins } from '../../collector/store/embedded/origins.ts'
import { PartReader, PartWriter } from '../../collector/store/embedded/part.ts'
import { Positions, readPositions, writePositions } from '../../collector/store/embedded/positions.ts'
import { emptyRows, type Rows } from '../../collector/store/embedded/rows.ts'
import { batch, DAY, origin, random } from '../collector/store/corpus.ts'

/** One input may take this long; the machine may be busy. */
const LONGEST_MS = 5000
const codec = openCodec()

export interface FuzzResult {
  rounds: number
  /** How often each reader refused its input. */
  refused: Record<string, number>
}

/** Runs for `forMs`; throws at the first input that breaks a promise, with the seed that makes it again. */
export async function fuzzStore(forMs: number, seed = Date.now() >>> 0): Promise<FuzzResult> {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-fuzz-'))
  const refused: Record<string, number> = {}
  let rounds = 0
  try {
    const good = await goodFiles(folder)
    for (const until = Date.now() + forMs; Date.now() < until; rounds++) {
      const next = random(seed + rounds)
      const names = Object.keys(good)
      const name = names[Math.floor(next() * names.length)] ?? ''
      const kind = good[name]
      if (!kind) continue
      const bytes = kind.mutate(next)
      const path = join(folder, `mutated-${name}`)
      await writeFile(path, bytes)
      const started = performance.now()
      try {
        await kind.read(path, bytes)
      } catch (error) {
        if (!systemCode(error).startsWith('DRIFTLOG_')) {
          throw new Error(`${name}, seed ${seed + rounds}: an error without a code`, { cause: error })
        }
        refused[name] = (refused[name] ?? 0) + 1
      }
      const tookMs = performance.now() - started
      if (tookMs > LONGEST_MS) throw new Error(`${name}, seed ${seed + rounds}: took ${tookMs.toFixed(0)} ms`)
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  return { rounds, refused }
}

interface Kind {
  mutate(next: () => number): Buffer
  read(path: string, bytes: Buffer): void | Promise<void>
}

async function goodFiles(folder: string): Promise<Record<string, Kind>> {
  const rows = someRows(300)
  const frames = [0, 1, 2].map((n) => {
    const made = batch(
      origin('a'),
      Array.from({ length: 20 }, (_, i) => ({ text: `line ${i} 登录 ${n}`, time: DAY + BigInt(i) }))
    )
    return encodeFrame([{ origin: n, state: made.state, receivedMs: 1, columns: made.records }])
  })
  const journal = Buffer.concat([journalHead(1), ...frames])
  const partPath = join(folder, 'good.part')
  {
    using writer = new PartWriter(partPath, codec)
    writer.add(rows)
    writer.add(rows)
    const times = { minMs: 0, maxMs: 1e13, textBytes: 1, levels: [0, 0, 0, 600, 0, 0, 0] }
    writer.finish({ day: 0, first: 1, last: 1, rows: 600, ...times, origins: [[0, 600, 0, 0, 1e13, 0]] })
  }
  const part = await readFile(partPath)
  const positionsPath = join(folder, 'positions')
  const positions = new Positions()
  for (let n = 0; n < 20; n++) positions.apply(origin('a', 'h', `c${n}`), batch(origin('a'), []).state, 5)
  writePositions(positionsPath, { positions, through: 3 })
  const positionsFile = await readFile(positionsPath)
  const origins = Buffer.from([0, 1, 2].map((n) => originLine(n, origin(`app${n}`))).join(''))
  const block = Buffer.concat(encodeBlock(rows, codec))
  return {
    journal: { mutate: (next) => mutated(journal, next), read: (_path, bytes) => readJournal(bytes) },
    // The checksum of the first frame is made right again, so that what it holds is wrong for certain.
    frame: { mutate: (next) => signedFrame(journal, next), read: (_path, bytes) => readJournal(bytes) },
    part: { mutate: (next) => mutated(part, next), read: readPart },
    block: { mutate: (next) => mutated(block, next), read: (_path, bytes) => readBlock(bytes) },
    stream: { mutate: (next) => signedBlock(block, next), read: (_path, bytes) => readBlock(bytes) },
    positions: { mutate: (next) => mutated(positionsFile, next), read: (path) => void readPositions(path) },
    origins: {
      mutate: (next) => mutated(origins, next),
      read: async (path) => void (await readOrigins(path))
    }
  }
}

function readJournal(bytes: Buffer): void {
  const aligned = Buffer.alloc(bytes.length)
  bytes.copy(aligned)
  isJournalHead(aligned, 'journal')
  let at = FILE_HEAD
  for (const read of readFrames(aligned)) {
    const [from, to] = read.kind === 'frame' ? [read.frame.at, read.frame.next] : [read.from, read.to]
    if (from !== at || to <= from) throw new Error(`the reader jumped from ${at} to ${from} … ${to}`)
    at = to
  }
}

function readPart(path: string): void {
  const part = new PartReader(path, codec)
  try {
    for (const info of part.blocks) {
      part.block(info).verify()
      part.filter(info)
    }
  } finally {
    part.close()
  }
}

function readBlock(bytes: Buffer): void {
  new BlockReader((at, length) => bytes.subarray(at, at + length), codec, 'block').verify()
}

function mutated(good: Buffer, next: () => number): Buffer {
  let bytes = Buffer.from(good)
  for (let n = 1 + Math.floor(next() * 4); n > 0; n--) {
    const at = Math.floor(next() * bytes.length)
    const length = Math.floor(next() ** 3 * (bytes.length - at))
    const kind = next()
    if (kind < 0.4 && bytes.length > 0) bytes[at] = Math.floor(next() * 256)
    else if (kind < 0.55) bytes = bytes.subarray(0, at)
    else if (kind < 0.7) bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)])
    else if (kind < 0.85) bytes.fill(next() < 0.5 ? 0 : 255, at, at + length)
    else bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
  }
  return bytes
}

function signedFrame(journal: Buffer, next: () => number): Buffer {
  const bytes = Buffer.from(journal)
  const length = bytes.readUInt32LE(FILE_HEAD + 8) + 32
  for (let n = 0; n < 3; n++)
    bytes[FILE_HEAD + 8 + Math.floor(next() * (length - 8))] = Math.floor(next() * 256)
  const claimed = Math.min(bytes.readUInt32LE(FILE_HEAD + 8) + 32, bytes.length - FILE_HEAD)
  bytes.writeUInt32LE(crc32(bytes.subarray(FILE_HEAD + 8, FILE_HEAD + claimed)), FILE_HEAD + 4)
  return bytes
}

/** Changes a stream, or what is said of it, and makes its checksum right again. */
function signedBlock(block: Buffer, next: () => number): Buffer {
  const bytes = Buffer.from(block)
  const stream = Math.floor(next() * 7)
  let at = 8 + 7 * 16
  for (let n = 0; n < stream; n++) at += bytes.readUInt32LE(8 + n * 16 + 8)
  const head = 8 + stream * 16
  const length = bytes.readUInt32LE(head + 8)
  for (let n = 0; n < 3 && length > 0; n++) bytes[at + Math.floor(next() * length)] = Math.floor(next() * 256)
  if (next() < 0.3) bytes.writeUInt32LE(Math.floor(next() * 4), head)
  if (next() < 0.3) bytes.writeUInt32LE(Math.floor(next() * 100_000), head + 4)
  if (next() < 0.2) bytes.writeUInt32LE(Math.floor(next() * 1000), 0)
  bytes.writeUInt32LE(crc32(bytes.subarray(at, at + length)), head + 12)
  return bytes
}

function someRows(count: number): Rows {
  const rows = emptyRows(count, 1 << 16)
  for (let row = 0; row < count; row++) {
    rows.timeMs[row] = 1_795_392_000_000 + row * 10
    rows.nanos[row] = row % 3
    rows.origin[row] = row % 5
    rows.offset[row] = row * 80
    rows.receivedMs[row] = 1_795_392_000_000
    rows.level[row] = 3
    rows.textEnd[row] =
      (row > 0 ? (rows.textEnd[row - 1] ?? 0) : 0) +
      rows.text.write(`line ${row} of 登录`, rows.textEnd[row - 1] ?? 0)
  }
  rows.count = count
  return rows
}

const [, script, seconds, seed] = process.argv
if (script?.endsWith('/fuzz/store.ts')) {
  const forMs = Number(seconds ?? 30) * 1000
  const { rounds, refused } = await fuzzStore(forMs, seed === undefined ? undefined : Number(seed))
  process.stdout.write(`store: ${rounds} inputs, refused ${JSON.stringify(refused)}\n`)
}
