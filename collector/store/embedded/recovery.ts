/** What a start finds in the folder: leftovers are removed, torn ends cut off, everything else is taken over. */
import { mkdir, open, readdir, rm, stat, truncate, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from './fault.ts'
import { type Folder, journalOf, partOf, syncFolder } from './folder.ts'
import { FILE_HEAD, type Frame, isJournalHead, readFrames } from './frame.ts'
import type { JournalFile } from './journal.ts'
import type { Part, SealedJournal, UnreadablePart } from './manifest.ts'
import { type OriginTable, readOrigins } from './origins.ts'
import { readSummary } from './part.ts'
import type { Positions } from './positions.ts'
import { recoverPositions } from './recover-positions.ts'
import { Totals, totalsOfFrame } from './totals.ts'

export interface Recovered {
  origins: OriginTable
  positions: Positions
  parts: Part[]
  unreadable: UnreadablePart[]
  /** Journals that are not sealed yet, oldest first. */
  unsealed: JournalFile[]
  /** True when the last of them may be written on. */
  canGoOn: boolean
  sealed: SealedJournal[]
  nextNumber: number
  /** By number of the journal, of those that are not sealed. */
  journalTotals: Map<number, Totals>
  /** Bytes behind the last good frame of a journal: writes that were never acknowledged. */
  tornBytes: number
  /** What was damaged, in words. */
  damage: string[]
}

export async function recover(folder: Folder): Promise<Recovered> {
  await mkdir(folder.journal, { recursive: true })
  await mkdir(folder.parts, { recursive: true })
  const damage: string[] = []
  const origins = await recoverOrigins(folder, damage)
  const journals = await listJournals(folder)
  const wals = journals.filter(({ ending }) => ending === 'wal')
  const journalTotals = new Map<number, Totals>()
  const { parts, unreadable } = await recoverParts(folder, new Set(wals.map(({ number }) => number)), damage)
  const { positions, damage: lost } = recoverPositions(folder, origins.rows, Number.MAX_SAFE_INTEGER)
  if (lost) damage.push(`${lost.message} The positions before it and the sealed journals were used instead.`)
  const unsealed: JournalFile[] = []
  let tornBytes = 0
  let canGoOn = false
  for (const { number, path } of wals) {
    const read = await recoverJournal(path, number)
    if (!read) continue
    unsealed.push(read.file)
    tornBytes += read.tornBytes
    damage.push(...read.damage)
    canGoOn = read.damage.length === 0
    const totals = new Totals()
    journalTotals.set(number, totals)
    for (const frame of read.frames) {
      totals.addTotals(totalsOfFrame(frame))
      for (const { origin, state, receivedMs } of frame.batches) {
        const row = origins.rows[origin]
        if (row) positions.apply(row, state, receivedMs)
      }
    }
  }
  const sealed = await Promise.all(
    journals
      .filter(({ ending }) => ending === 'sealed')
      .map(async ({ number, path }) => {
        const { size, mtimeMs } = await stat(path)
        return { number, path, bytes: size, rows: 0, sealedMs: mtimeMs }
      })
  )
  const highestPart = parts.reduce((highest, part) => Math.max(highest, part.summary.last), -1)
  const highestJournal = journals.at(-1)?.number ?? -1
  const nextNumber = Math.max(highestPart, highestJournal) + 1
  canGoOn = canGoOn && unsealed.at(-1)?.number === nextNumber - 1
  return {
    origins,
    positions,
    parts,
    unreadable,
    unsealed,
    canGoOn,
    sealed,
    nextNumber,
    journalTotals,
    tornBytes,
    damage
  }
}

async function recoverOrigins(folder: Folder, damage: string[]): Promise<OriginTable> {
  const { table, goodBytes, damaged } = await readOrigins(folder.origins)
  const size = (await stat(folder.origins).catch(() => undefined))?.size ?? 0
  if (size > goodBytes) await truncate(folder.origins, goodBytes)
  if (damaged > 0)
    damage.push(`${folder.origins}: ${damaged} rows are damaged; their records carry no origin`)
  return table
}

/** In the order of their numbers. */
async function listJournals(folder: Folder) {
  const found = (await readdir(folder.journal)).flatMap((name) => {
    const journal = journalOf(name)
    return journal ? [{ ...journal, path: join(folder.journal, name) }] : []
  })
  return found.sort((a, b) => a.number - b.number)
}

/**
 * Removes what an unfinished seal or merge left: temporary files, parts of journals that are not sealed, parts that
 * a merged one holds. Parts that can't be read are kept and named.
 */
async function recoverParts(folder: Folder, wals: ReadonlySet<number>, damage: string[]) {
  const parts: Part[] = []
  const unreadable: UnreadablePart[] = []
  for (const day of await readdir(folder.parts)) {
    const path = join(folder.parts, day)
    const names = await readdir(path)
    const files = names.flatMap((name) => {
      const numbers = partOf(name)
      return numbers ? [{ name, ...numbers }] : []
    })
    const leftovers = new Set(names.filter((name) => name.endsWith('.part.tmp')))
    for (const file of files) {
      const isUnfinished = file.first === file.last && wals.has(file.first)
      const isMerged = files.some(
        (other) => other !== file && other.first <= file.first && other.last >= file.last
      )
      if (isUnfinished || isMerged) leftovers.add(file.name)
    }
    for (const name of leftovers) await unlink(join(path, name))
    if (leftovers.size > 0) await syncFolder(path)
    for (const { name } of files.filter((file) => !leftovers.has(file.name))) {
      const file = join(path, name)
      try {
        parts.push({ path: file, ...(await readSummary(file)) })
      } catch (error) {
        const reason = messageOf(error)
        const minMs = Date.parse(`${day}T00:00:00Z`)
        unreadable.push({ path: file, reason, minMs, maxMs: minMs + 86_399_999 })
        damage.push(reason)
      }
    }
  }
  return { parts, unreadable }
}

/** Undefined where the file holds nothing and was removed. */
async function recoverJournal(path: string, number: number) {
  const bytes = await readAlignedAsync(path)
  if (bytes.length <= FILE_HEAD) {
    await rm(path)
    return undefined
  }
  const frames: Frame[] = []
  const damage: string[] = []
  let [end, rows, tornBytes] = [FILE_HEAD, 0, 0]
  if (!isJournalHead(bytes, path)) damage.push(`${path}: the beginning is damaged`)
  for (const read of readFrames(bytes)) {
    if (read.kind === 'frame') {
      frames.push(read.frame)
      rows += read.frame.count
      end = read.frame.next
    } else if (read.kind === 'damaged') {
      damage.push(`${path}: bytes ${read.from} to ${read.to} are damaged, their records are lost`)
    } else {
      tornBytes = read.to - read.from
    }
  }
  if (tornBytes > 0) await truncate(path, end)
  return { file: { number, path, bytes: end, rows }, frames, damage, tornBytes }
}

async function readAlignedAsync(path: string): Promise<Buffer> {
  await using file = await open(path, 'r')
  const { size } = await file.stat()
  const bytes = Buffer.allocUnsafeSlow(size)
  let read = 0
  while (read < size) {
    const { bytesRead } = await file.read(bytes, read, size - read, read)
    if (bytesRead === 0) break
    read += bytesRead
  }
  return bytes.subarray(0, read)
}
