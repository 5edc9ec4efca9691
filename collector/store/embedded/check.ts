/** Verifies a data folder without changing it; also of a hub that crashed, or (with moving figures) of one that runs. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'
import { checkJournal } from './check-journal.ts'
import { checkPart } from './check-part.ts'
import { type Codec, openCodec } from './codec.ts'
import { messageOf } from './fault.ts'
import { dayOf, type Folder, folderAt, journalOf, partOf, readFormat } from './folder.ts'
import { type OriginRows, readOrigins } from './origins.ts'
import { type Positions, readPositions } from './positions.ts'

export interface Finding {
  /** Stable, e.g. `torn-tail`. */
  code: string
  /** `error`: records are lost or unreadable. `warning`: nothing is lost, but look. `note`: good to know. */
  severity: 'error' | 'warning' | 'note'
  /** Within the folder. */
  file: string
  /** Where in the file, in words. */
  place?: string
  meaning: string
  remedy: string
}

export interface CheckReport {
  folder: string
  /** Undefined where the folder is no data folder. */
  format: number | undefined
  /** No finding is an error. */
  sound: boolean
  findings: Finding[]
  parts: number
  journals: number
  records: number
  bytes: number
  origins: number
}

export interface CheckProgress {
  /** The file that is looked at now, within the folder. */
  file: string
  done: number
  files: number
  /** Bytes looked at so far, and in all. */
  bytes: number
  totalBytes: number
}

/** What the checks of single files share. */
export interface CheckState {
  folder: Folder
  origins: OriginRows
  codec: Codec
  /** Up to the files read so far; undefined where they could not be read. */
  positions: Positions | undefined
  records: number
  report(finding: Omit<Finding, 'file'>, path: string): void
}

/** Throws NewerFormatError, and the system's error where the folder can't be listed. */
export async function checkFolder(
  dir: string,
  onProgress: (progress: CheckProgress) => void = () => undefined,
  signal?: AbortSignal
): Promise<CheckReport> {
  const folder = folderAt(dir)
  const findings: Finding[] = []
  const report: CheckState['report'] = (finding, path) => {
    findings.push({ ...finding, file: relative(folder.root, path) || '.' })
  }
  const format = await formatOf(folder, report)
  const { table, goodBytes, damaged } = await readOrigins(folder.origins)
  checkOrigins(folder, goodBytes, damaged, report)
  const state: CheckState = {
    folder,
    origins: table.rows,
    codec: openCodec(),
    positions: positionsOf(folder, report),
    records: 0,
    report
  }
  const files = filesOf(folder, report)
  const totalBytes = files.reduce((sum, file) => sum + file.bytes, 0)
  let bytes = 0
  for (const [done, file] of files.entries()) {
    signal?.throwIfAborted()
    onProgress({ file: relative(folder.root, file.path), done, files: files.length, bytes, totalBytes })
    file.check(state)
    bytes += file.bytes
    await new Promise(setImmediate)
  }
  onProgress({ file: '', done: files.length, files: files.length, bytes, totalBytes })
  return {
    folder: folder.root,
    format,
    sound: !findings.some((finding) => finding.severity === 'error'),
    findings,
    parts: files.filter((file) => file.kind === 'part').length,
    journals: files.filter((file) => file.kind === 'wal').length,
    records: state.records,
    bytes,
    origins: table.rows.filter((row) => row !== undefined).length
  }
}

async function formatOf(folder: Folder, report: CheckState['report']): Promise<number | undefined> {
  try {
    const format = await readFormat(folder)
    if (format) return format.format
    const finding = {
      code: 'no-store',
      severity: 'error',
      meaning: 'This is no data folder of Driftlog.'
    } as const
    report(
      { ...finding, remedy: 'Name the folder that the hub was started with (DRIFTLOG_DATA_DIR).' },
      folder.root
    )
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'DRIFTLOG_NEWER_FORMAT') throw error
    report(
      {
        code: 'format-damaged',
        severity: 'error',
        meaning: messageOf(error),
        remedy: 'Restore format.json from a backup; the hub does not start without it.'
      },
      folder.format
    )
  }
  return undefined
}

function checkOrigins(
  folder: Folder,
  goodBytes: number,
  damaged: number,
  report: CheckState['report']
): void {
  if (damaged > 0) {
    report(
      {
        code: 'origins-damaged',
        severity: 'error',
        meaning: `${damaged} rows of the dictionary are damaged: their records can be read, but not whose they are.`,
        remedy: 'Restore origins.log from a backup. New records are not affected.'
      },
      folder.origins
    )
  }
  const size = existsSync(folder.origins) ? statSync(folder.origins).size : 0
  if (size > goodBytes) {
    report(
      {
        code: 'torn-tail',
        severity: 'warning',
        place: `from byte ${goodBytes}`,
        meaning:
          'The last write was not finished when the hub ended. Nothing that was acknowledged is affected.',
        remedy: 'Nothing: the next start cuts it off.'
      },
      folder.origins
    )
  }
}

function positionsOf(folder: Folder, report: CheckState['report']): Positions | undefined {
  try {
    return readPositions(folder.positions)?.positions
  } catch (error) {
    const hasOld = existsSync(`${folder.positions}.old`)
    report(
      {
        code: 'positions-damaged',
        severity: hasOld ? 'warning' : 'error',
        meaning: messageOf(error),
        remedy: hasOld
          ? 'Nothing: the next start goes on from the positions before and the sealed journals.'
          : 'Restore positions.json from a backup; without it agents would send everything again.'
      },
      folder.positions
    )
    return undefined
  }
}

interface CheckedFile {
  kind: 'part' | 'wal' | 'sealed'
  path: string
  bytes: number
  check(state: CheckState): void
}

/** Parts first, then journals, each in the order of their numbers. */
function filesOf(folder: Folder, report: CheckState['report']): CheckedFile[] {
  const journals = namesIn(folder.journal).flatMap((name): CheckedFile[] => {
    const journal = journalOf(name)
    const path = join(folder.journal, name)
    if (!journal) return []
    const isNew = journal.ending === 'wal'
    return [
      {
        kind: journal.ending,
        path,
        bytes: statSync(path).size,
        check: (state) => checkJournal(path, journal.number, isNew, state)
      }
    ]
  })
  const unfinished = new Set(
    journals.flatMap((file) =>
      file.kind === 'wal' ? [journalOf(file.path.replace(/^.*\//, ''))?.number] : []
    )
  )
  const parts: CheckedFile[] = []
  for (const day of namesIn(folder.parts)) {
    const names = namesIn(join(folder.parts, day))
    const numbers = names.flatMap((name) => {
      const part = partOf(name)
      return part ? [{ name, ...part }] : []
    })
    for (const name of names) {
      const path = join(folder.parts, day, name)
      const part = numbers.find((other) => other.name === name)
      const isLeftover =
        !part ||
        (part.first === part.last && unfinished.has(part.first)) ||
        numbers.some((other) => other !== part && other.first <= part.first && other.last >= part.last)
      if (isLeftover) {
        report(
          {
            code: 'leftover',
            severity: 'note',
            meaning:
              'A seal or merge was not finished when the hub ended; its records stand in another file.',
            remedy: 'Nothing: the next start removes it.'
          },
          path
        )
        continue
      }
      const dayNumber = dayOf(Date.parse(`${day}T00:00:00Z`))
      parts.push({
        kind: 'part',
        path,
        bytes: statSync(path).size,
        check: (state) => checkPart(path, dayNumber, state)
      })
    }
  }
  return [...parts, ...journals]
}

function namesIn(path: string): string[] {
  return existsSync(path) ? readdirSync(path).sort() : []
}
