/** The files of one stream in their folder: `x.log`, `x.log.1` … `x.log.N`, `x.log.N.gz`. */
import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { PackedFile, PlainFile, type Source } from './source.ts'

export interface Seen {
  file: string
  /** Opened now; undefined where `known` says that the caller has it already. */
  source: Source | undefined
}

export interface Walk {
  /** Oldest first; the last is the live file where `whole`. */
  files: Seen[]
  /** No name was missing between the live file and the oldest, and nothing moved: they follow each other without a hole. */
  whole: boolean
}

/**
 * Opens every file that is not `known`. Files move while this runs: a rotation renames them upwards, so the
 * walk goes upwards too, from the live file; then it can meet a file twice, but it cannot miss one.
 */
export function walk(path: string, known: (file: string) => boolean): Walk {
  const folder = dirname(path)
  const names = new Set(readdirSync(folder))
  const prefix = `${basename(path)}.`
  const numbers = [...names]
    .filter((name) => name.startsWith(prefix))
    .map((name) => /^(\d{1,6})(\.gz)?$/.exec(name.slice(prefix.length)))
    .flatMap((found) => (found ? [Number(found[1])] : []))
  const highest = Math.max(0, ...numbers)
  const files: Seen[] = []
  const met = new Set<string>()
  let whole = true
  let oldest = false
  for (let number = 0; number <= highest + 1 && number < 10_000; number++) {
    const seen = look(number === 0 ? path : join(folder, prefix + number), number > 0, known, met)
    if (seen === 'absent') {
      if (number <= highest) whole = false
      oldest ||= number > highest
      continue
    }
    if (seen === 'met') {
      // A rotation while this runs: nobody has seen the file that is the live one now.
      whole = false
      continue
    }
    met.add(seen.file)
    files.unshift(seen)
  }
  const live = files.at(-1)
  if (!live || idOf(path) === live.file) return { files, whole: whole && oldest && live !== undefined }
  return { files: withYounger(files, live), whole: false }
}

/**
 * Where the files were renamed more than once meanwhile, one that was created then is met above the file that had been
 * the live one. It is younger than that all the same. (A packed one is younger than its contents.)
 */
function withYounger(files: readonly Seen[], live: Seen): Seen[] {
  const isYounger = ({ file, source }: Seen) =>
    source !== undefined && !source.packed && birthOf(file) > birthOf(live.file)
  return [...files.filter((seen) => !isYounger(seen)), ...files.filter(isYounger)]
}

function look(
  path: string,
  mayBePacked: boolean,
  known: (file: string) => boolean,
  met: ReadonlySet<string>
): Seen | 'absent' | 'met' {
  for (const packed of mayBePacked ? [false, true] : [false]) {
    const name = packed ? `${path}.gz` : path
    const there = idOf(name)
    if (there === undefined) continue
    if (met.has(there)) return 'met'
    if (known(there)) return { file: there, source: undefined }
    try {
      const source = packed ? new PackedFile(name) : new PlainFile(name)
      // While Docker compresses, `x.log.1.gz` is unfinished and `x.log.1` still there: the plain one counts.
      if (packed && idOf(path) !== undefined) {
        source.close()
        return 'absent'
      }
      if (!met.has(source.file) && !known(source.file)) return { file: source.file, source }
      source.close()
      return met.has(source.file) ? 'met' : { file: source.file, source: undefined }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    }
  }
  return 'absent'
}

function idOf(path: string): string | undefined {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stat && `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`
}

function birthOf(file: string): bigint {
  return BigInt(file.split(':')[2] ?? 0)
}
