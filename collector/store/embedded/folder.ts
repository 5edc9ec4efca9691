/** The data folder's layout (docs/architecture.md): names, format version, durable renames. */
import { randomBytes } from 'node:crypto'
import { open, readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { CorruptError, NewerFormatError, systemCode } from './fault.ts'

export const FORMAT = 1
const DAY_MS = 86_400_000

export interface Folder {
  root: string
  format: string
  lock: string
  journal: string
  positions: string
  origins: string
  parts: string
}

export function folderAt(root: string): Folder {
  return {
    root,
    format: join(root, 'format.json'),
    lock: join(root, 'lock'),
    journal: join(root, 'journal'),
    positions: join(root, 'positions.json'),
    origins: join(root, 'origins.log'),
    parts: join(root, 'parts')
  }
}

/** Journals and parts carry numbers of eight digits or more. */
export function journalName(number: number, ending: 'wal' | 'sealed'): string {
  return `${String(number).padStart(8, '0')}.${ending}`
}

/** Undefined for other files. */
export function journalOf(name: string): { number: number; ending: 'wal' | 'sealed' } | undefined {
  const match = /^(\d{8,15})\.(wal|sealed)$/.exec(name)
  return match ? { number: Number(match[1]), ending: match[2] === 'wal' ? 'wal' : 'sealed' } : undefined
}

/** `00000040.part` holds one journal's records of a day, `00000040-00000055.part` was merged. */
export function partName(first: number, last: number): string {
  const begin = String(first).padStart(8, '0')
  return first === last ? `${begin}.part` : `${begin}-${String(last).padStart(8, '0')}.part`
}

/** Undefined for other files. */
export function partOf(name: string): { first: number; last: number } | undefined {
  const match = /^(\d{8,15})(?:-(\d{8,15}))?\.part$/.exec(name)
  return match ? { first: Number(match[1]), last: Number(match[2] ?? match[1]) } : undefined
}

/** `2026-11-23` of days since 1970; years beyond four digits as ISO 8601 writes them. */
export function dayName(day: number): string {
  return new Date(day * DAY_MS).toISOString().replace(/T.*$/, '')
}

export function dayOf(timeMs: number): number {
  return Math.floor(timeMs / DAY_MS)
}

/** Makes names in a folder survive a crash. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r')
  await folder.sync()
}

/** Checks `format.json`, or makes it in a new folder; resolves to the folder's id. Throws NewerFormatError. */
export async function claimFormat(folder: Folder): Promise<string> {
  const found = await readFormat(folder)
  if (found !== undefined) return found.id
  const id = randomBytes(4).toString('hex')
  {
    await using file = await open(`${folder.format}.tmp`, 'w')
    await file.writeFile(`${JSON.stringify({ format: FORMAT, id })}\n`)
    await file.datasync()
  }
  await rename(`${folder.format}.tmp`, folder.format)
  await syncFolder(folder.root)
  return id
}

/** Undefined where the folder is new. */
export async function readFormat(folder: Folder): Promise<{ format: number; id: string } | undefined> {
  let text: string
  try {
    text = await readFile(folder.format, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
  const match = /^\{"format":(\d{1,9}),"id":"([0-9a-f]{8})"/.exec(text)
  const newer = /"format":\s*(\d{1,9})/.exec(text)
  if (newer && Number(newer[1]) > FORMAT) throw new NewerFormatError(folder.root, Number(newer[1]), FORMAT)
  if (!match) throw new CorruptError(folder.format, 'it does not name a format')
  return { format: Number(match[1]), id: match[2] ?? '' }
}
