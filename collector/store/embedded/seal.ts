/** Turns a finished journal into parts, small parts of a day into one, and a part into a smaller one. Runs in the sealer thread. */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, statSync, unlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Origin } from '../../record.ts'
import type { Codec } from './codec.ts'
import { CorruptError } from './fault.ts'
import { dayName, dayOf, type Folder, journalName, partName } from './folder.ts'
import { FILE_HEAD, isJournalHead, readAligned, readFrames } from './frame.ts'
import { type Gathered, gatherFrames, gatherParts } from './gathered.ts'
import { PartReader, type PartSummary, PartWriter } from './part.ts'
import { writePositions } from './positions.ts'
import { recoverPositions } from './recover-positions.ts'
import { emptyRows, type Rows } from './rows.ts'
import { grouped } from './sort.ts'

/** Rows of a block, and bytes of text from which it is closed earlier. */
const BLOCK_ROWS = 8192
const BLOCK_TEXT = 4 << 20
/** A block closes where the app changes once it has this many rows. */
const BLOCK_ENOUGH = 2048

export interface NewPart {
  path: string
  bytes: number
  summary: PartSummary
}

export interface Sealed {
  parts: NewPart[]
  rows: number
  damagedBytes: number
}

/** The parts count from the rename of the journal on, which is the last thing done here. */
export function sealJournal(
  folder: Folder,
  number: number,
  origins: readonly (Origin | undefined)[],
  codec: Codec
): Sealed {
  const path = join(folder.journal, journalName(number, 'wal'))
  const file = readAligned(path)
  if (file.length > 0 && !isJournalHead(file, path))
    throw new CorruptError(path, 'the beginning is not that of a journal')
  const reads = [...readFrames(file, FILE_HEAD)]
  const rows = gatherFrames(reads)
  const parts = writeParts(folder, rows, origins, { first: number, last: number }, codec)
  const { positions } = recoverPositions(folder, origins, number)
  let damagedBytes = 0
  for (const read of reads) {
    if (read.kind !== 'frame') {
      damagedBytes += read.to - read.from
      continue
    }
    for (const batch of read.frame.batches) {
      const origin = origins[batch.origin]
      if (origin) positions.apply(origin, batch.state, batch.receivedMs)
    }
  }
  writePositions(folder.positions, { positions, through: number })
  syncFolderNow(folder.root)
  renameSync(path, join(folder.journal, journalName(number, 'sealed')))
  syncFolderNow(folder.journal)
  return { parts, rows: rows.count, damagedBytes }
}

/** Writes one part that holds all rows of `paths`, which follow each other in number and share a day. */
export function mergeParts(
  folder: Folder,
  paths: readonly string[],
  origins: readonly (Origin | undefined)[],
  codec: Codec
): NewPart {
  const readers = paths.map((path) => new PartReader(path, codec))
  try {
    const first = Math.min(...readers.map((part) => part.summary.first))
    const last = Math.max(...readers.map((part) => part.summary.last))
    const [part] = writeParts(folder, gatherParts(readers), origins, { first, last }, codec)
    if (!part) throw new Error('the parts to merge hold no rows')
    return part
  } finally {
    for (const reader of readers) reader.close()
  }
}

/** Writes a part again without the rows of some origins; the new file takes its place in one step. */
export function thinPart(
  folder: Folder,
  path: string,
  dropped: readonly number[],
  origins: readonly (Origin | undefined)[],
  codec: Codec
): NewPart {
  const reader = new PartReader(path, codec)
  try {
    const { first, last } = reader.summary
    const rows = gatherParts([reader])
    const [part] = writeParts(folder, rows, origins, { first, last }, codec, new Set(dropped))
    if (part?.path !== path) throw new Error('a part would be written elsewhere, or nothing is left of it')
    return part
  } finally {
    reader.close()
  }
}

function writeParts(
  folder: Folder,
  rows: Gathered,
  origins: readonly (Origin | undefined)[],
  numbers: { first: number; last: number },
  codec: Codec,
  dropped?: ReadonlySet<number>
): NewPart[] {
  const parts: NewPart[] = []
  for (const { day, apps } of grouped(rows, origins, dropped)) {
    const path = join(folder.parts, dayName(day), partName(numbers.first, numbers.last))
    if (mkdirSync(dirname(path), { recursive: true })) syncFolderNow(folder.parts)
    const temporary = `${path}.tmp`
    try {
      const summary = {
        ...summaryOf(rows, apps),
        day: dayOf(rows.timeMs[apps[0]?.[0] ?? 0] ?? 0),
        ...numbers
      }
      using writer = new PartWriter(temporary, codec)
      for (const block of blocksOf(rows, apps)) writer.add(block)
      writer.finish(summary)
      renameSync(temporary, path)
      parts.push({ path, bytes: statSync(path).size, summary })
    } catch (error) {
      removeQuietly(temporary)
      throw error
    }
    syncFolderNow(dirname(path))
  }
  return parts
}

/** The rows as blocks, in the order given. The same object is handed out each time. */
function* blocksOf(from: Gathered, apps: readonly Uint32Array[]): Generator<Rows, void> {
  let block = emptyRows(BLOCK_ROWS, BLOCK_TEXT + (1 << 20))
  let text = 0
  for (const rows of apps) {
    if (block.count >= BLOCK_ENOUGH) {
      yield block
      block.count = text = 0
    }
    for (const row of rows) {
      const bytes = from.textBytes[row] as number
      if (block.count === BLOCK_ROWS || (block.count > 0 && text + bytes > BLOCK_TEXT)) {
        yield block
        block.count = text = 0
      }
      if (text + bytes > block.text.length) {
        const wide = emptyRows(0, bytes * 2).text
        block.text.copy(wide, 0, 0, text)
        block = { ...block, text: wide }
      }
      const at = from.textAt[row] as number
      from.buffers[from.buffer[row] as number]?.copy(block.text, text, at, at + bytes)
      text += bytes
      copyRow(from, row, block, text)
    }
  }
  if (block.count > 0) yield block
}

function copyRow(from: Gathered, row: number, to: Rows, textEnd: number): void {
  const at = to.count++
  to.timeMs[at] = from.timeMs[row] as number
  to.nanos[at] = from.nanos[row] as number
  to.origin[at] = from.origin[row] as number
  to.generation[at] = from.generation[row] as number
  to.offset[at] = from.offset[row] as number
  to.receivedMs[at] = from.receivedMs[row] as number
  to.level[at] = from.level[row] as number
  to.output[at] = from.output[row] as number
  to.flags[at] = from.flags[row] as number
  to.textEnd[at] = textEnd
}

function summaryOf(
  rows: Gathered,
  apps: readonly Uint32Array[]
): Omit<PartSummary, 'day' | 'first' | 'last'> {
  const levels = [0, 0, 0, 0, 0, 0, 0]
  const origins = new Map<number, PartSummary['origins'][number]>()
  let [count, textBytes, minMs, maxMs] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const app of apps) {
    for (const row of app) {
      const time = rows.timeMs[row] as number
      const nanos = rows.nanos[row] as number
      const level = rows.level[row] as number
      const origin = rows.origin[row] as number
      count++
      textBytes += rows.textBytes[row] as number
      levels[level] = (levels[level] ?? 0) + 1
      if (time < minMs) minMs = time
      if (time > maxMs) maxMs = time
      const known = origins.get(origin)
      if (!known) {
        origins.set(origin, [origin, 1, time, nanos, time, nanos])
        continue
      }
      known[1]++
      if (time < known[2] || (time === known[2] && nanos < known[3])) {
        known[2] = time
        known[3] = nanos
      }
      if (time > known[4] || (time === known[4] && nanos > known[5])) {
        known[4] = time
        known[5] = nanos
      }
    }
  }
  return { rows: count, textBytes, minMs, maxMs, levels, origins: [...origins.values()] }
}

function syncFolderNow(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path)
  } catch {
    // The next start removes what an unfinished seal left.
  }
}
