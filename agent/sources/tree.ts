/**
 * The files that a container's patterns mean, and how they are opened. Every link is followed as the container
 * itself would follow it, never as the host would: a link to /etc/shadow leads to the container's own.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  realpathSync
} from 'node:fs'
import { basename, join } from 'node:path'
import { begin, enter, type Glob, isMeant, nextNames, type Stand } from './glob.ts'
import type { Area, Root } from './root.ts'
import { rotatedFrom } from './rotated.ts'

export interface Found {
  /** As the container sees it. */
  path: string
  /** Its own name in its folder, links followed. */
  name: string
  /** `dev:inode:birth` */
  file: string
  size: number
  /** When it was last written to, and last changed in any way. */
  writtenMs: number
  changedMs: number
  /** Paths of meant files that this may be a rotated one of; the likeliest first. */
  rotatedFrom: string[]
  /** A pattern means this very name. */
  meant: boolean
  /** Reached by a link. */
  linked: boolean
  host: string
  area: Area
}

export interface Look {
  files: Found[]
  /** Folders of the host in which more may appear. */
  folders: string[]
  /**
   * Folders of the container whose every file was seen, and when each of them had last been changed then. Not those to
   * which only a process leads: when it is gone, its number may be another one's.
   */
  listed: ReadonlyMap<string, number>
  /** What was too much to be looked at. */
  cut: string | undefined
}

const MAX_FOLDERS = 2000
const MAX_NAMES = 50_000
const MAX_FILES = 5000
const MAX_LINKS = 40

export function lookInto(root: Root, globs: readonly Glob[]): Look {
  return new Walk(root).all(globs)
}

/**
 * Opens a found file for reading; the caller closes it. Undefined where it is not (any more) a plain file in the
 * place where it was found: something may have been put in its way meanwhile.
 */
export function openFound({ host, area }: Pick<Found, 'host' | 'area'>): number | undefined {
  let place: number
  try {
    // Only a handle: nothing happens to a device, and a pipe does not wait.
    place = openSync(host, O_PATH | constants.O_NOFOLLOW)
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
  try {
    const stat = fstatSync(place)
    if (!stat.isFile() || !lies(place, stat.dev, area)) return undefined
    return openSync(`/proc/self/fd/${place}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY)
  } finally {
    closeSync(place)
  }
}

/** Linux's; Node does not name it. */
const O_PATH = 0o10000000

function lies(place: number, dev: number, area: Area): boolean {
  if (area.dev !== undefined) return dev === area.dev
  const folder = realpathSync(area.host)
  const path = readlinkSync(`/proc/self/fd/${place}`)
  return path === folder || path.startsWith(folder === '/' ? folder : `${folder}/`)
}

/** What stands at a name of the container. */
type There =
  | { kind: 'folder' /** Undefined where it is only in the image. */; host: string | undefined }
  | { kind: 'file'; host: string; stat: BigIntStats }
  | { kind: 'link'; target: string }

class Walk {
  readonly #root: Root
  readonly #files = new Map<string, Found>()
  readonly #folders = new Set<string>()
  readonly #listed = new Map<string, number>()
  readonly #entered = new Set<string>()
  #names = 0
  #cut: string | undefined

  constructor(root: Root) {
    this.#root = root
  }

  all(globs: readonly Glob[]): Look {
    this.#folder('/', '/', begin(globs))
    const listed = this.#cut === undefined ? this.#listed : new Map<string, number>()
    return { files: [...this.#files.values()], folders: [...this.#folders], listed, cut: this.#cut }
  }

  /** `real` without links, `shown` as the patterns say it. */
  #folder(real: string, shown: string, stand: Stand): void {
    const key = `${real} ${shown}`
    if (this.#entered.has(key)) return
    this.#entered.add(key)
    const { host, area } = this.#hostOf(real)
    if (this.#entered.size > MAX_FOLDERS) {
      this.#cut ??= `more than ${MAX_FOLDERS} folders`
      return
    }
    const mayEnd = stand.some(({ glob, at }) => at === glob.names.length - 1)
    const only = mayEnd ? undefined : nextNames(stand)
    const entries = host === undefined || only ? undefined : this.#entriesOf(host)
    const mounted = this.#mountsIn(real)
    for (const name of only ?? new Set([...(entries?.keys() ?? []), ...mounted])) {
      if (++this.#names > MAX_NAMES) {
        this.#cut ??= `more than ${MAX_NAMES} names`
        return
      }
      const next = enter(stand, name)
      const rotated = mayEnd ? rotatedFrom(name).filter((base) => isMeant(enter(stand, base))) : []
      if (next.length === 0 && rotated.length === 0) continue
      if (only && host !== undefined && !lstatOf(join(host, name))) this.#expect(host)
      const entry = entries?.get(name)
      if (entry && !entry.isDirectory() && !entry.isFile() && !entry.isSymbolicLink()) continue
      this.#name(real, shown, name, next, rotated)
    }
    // Asked behind all that was looked at: a file that went meanwhile has changed it.
    const isLasting = entries && host !== undefined && area.dev === undefined
    const stat = isLasting ? lstatOf(host) : undefined
    if (stat) this.#listed.set(shown, Number(stat.mtimeMs))
  }

  #name(real: string, shown: string, name: string, next: Stand, rotated: readonly string[]): void {
    let there = this.#at(real, name)
    let place = join(real, name)
    const isLink = there?.kind === 'link'
    if (there?.kind === 'link') {
      const end = this.#follow(real, there.target)
      if (!end) return
      place = end.path
      there = end.there
    }
    const path = join(shown, name)
    if (there?.kind === 'folder') {
      // A link to a folder above would lead round and round.
      const round = isLink && `${real}/`.startsWith(place === '/' ? '/' : `${place}/`)
      if (next.length > 0 && !round) this.#folder(place, path, next)
    } else if (there?.kind === 'file') {
      const meant = isMeant(next)
      if (!meant && rotated.length === 0) return
      this.#file(
        there,
        place,
        path,
        meant,
        rotated.map((base) => join(shown, base)),
        place !== path
      )
    }
  }

  #file(
    { host, stat }: Extract<There, { kind: 'file' }>,
    place: string,
    path: string,
    meant: boolean,
    rotatedFrom: string[],
    linked: boolean
  ): void {
    const file = `${stat.dev}:${stat.ino}:${stat.birthtimeNs}`
    const known = this.#files.get(file)
    // Of several ways to one file the one without a link names it, and a name that is meant before one that is not.
    if (known && (linked || !known.linked) && (known.meant || !meant)) return
    if (!known && this.#files.size >= MAX_FILES) {
      this.#cut ??= `more than ${MAX_FILES} files`
      return
    }
    const { area } = this.#hostOf(place.slice(0, place.lastIndexOf('/')) || '/')
    this.#files.set(file, {
      ...{ path, name: basename(host), file, rotatedFrom, meant, linked, host },
      size: Number(stat.size),
      writtenMs: Number(stat.mtimeMs),
      changedMs: Number(stat.ctimeMs),
      area: this.#root.mounts.get(place) ?? area
    })
  }

  #at(real: string, name: string): There | undefined {
    const path = join(real, name)
    const mount = this.#root.mounts.get(path)
    if (mount) return thereOf(mount.host)
    const { host, area } = this.#hostOf(real)
    const there = host === undefined ? undefined : thereOf(join(host, name))
    if (there || area !== this.#root.upper) return there
    return this.#inImage(path) ?? (this.#leadsToMount(path) ? { kind: 'folder', host: undefined } : undefined)
  }

  #inImage(path: string): There | undefined {
    for (const lower of this.#root.lowers) {
      const there = thereOf(join(lower, path))
      if (there?.kind === 'link') return there
      if (there?.kind === 'folder') return { kind: 'folder', host: undefined }
      // A file, or the mark of something deleted: whatever is below does not show.
      if (there || lstatOf(join(lower, path))) return undefined
    }
    return undefined
  }

  #follow(from: string, target: string): { path: string; there: There } | undefined {
    let path = target.startsWith('/') ? '/' : from
    let there: There = { kind: 'folder', host: undefined }
    const names = namesOf(target)
    let links = 1
    while (names.length > 0) {
      const name = names.shift() ?? ''
      if (there.kind === 'file') return undefined
      if (name === '..') {
        path = join(path, '..')
        continue
      }
      const next = this.#at(path, name)
      if (!next) return undefined
      if (next.kind === 'link') {
        if (++links > MAX_LINKS) return undefined
        if (next.target.startsWith('/')) path = '/'
        names.unshift(...namesOf(next.target))
        continue
      }
      path = join(path, name)
      there = next
    }
    return { path, there }
  }

  /** Where a folder of the container, named without links, lies on the host. */
  #hostOf(real: string): { host: string | undefined; area: Area } {
    for (let at = real; at !== '/'; at = at.slice(0, at.lastIndexOf('/')) || '/') {
      const mount = this.#root.mounts.get(at)
      if (mount) return { host: join(mount.host, real.slice(at.length)), area: mount }
    }
    const { upper } = this.#root
    return { host: join(upper.host, real), area: upper }
  }

  #entriesOf(host: string): Map<string, Dirent> | undefined {
    try {
      if (!this.#expect(host)) return undefined
      return new Map(readdirSync(host, { withFileTypes: true }).map((entry) => [entry.name, entry]))
    } catch (error) {
      if (isAbsence(error)) return undefined
      throw error
    }
  }

  /** Something may appear in this folder of the host. False where it is none. */
  #expect(host: string): boolean {
    const isFolder = lstatOf(host)?.isDirectory() ?? false
    if (isFolder) this.#folders.add(host)
    return isFolder
  }

  #mountsIn(real: string): string[] {
    const prefix = real === '/' ? '/' : `${real}/`
    return [...this.#root.mounts.keys()]
      .filter((at) => at.startsWith(prefix))
      .map((at) => at.slice(prefix.length).split('/', 1)[0] ?? '')
  }

  #leadsToMount(path: string): boolean {
    return [...this.#root.mounts.keys()].some((at) => at.startsWith(`${path}/`))
  }
}

function namesOf(path: string): string[] {
  return path.split('/').filter((name) => name !== '' && name !== '.')
}

/** Neither devices nor pipes. */
function thereOf(host: string): There | undefined {
  const stat = lstatOf(host)
  if (stat?.isSymbolicLink()) return { kind: 'link', target: readlinkSync(host) }
  if (stat?.isDirectory()) return { kind: 'folder', host }
  return stat?.isFile() ? { kind: 'file', host, stat } : undefined
}

function lstatOf(path: string): BigIntStats | undefined {
  try {
    return lstatSync(path, { bigint: true, throwIfNoEntry: false })
  } catch (error) {
    if (isAbsence(error)) return undefined
    throw error
  }
}

function isAbsence(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR', 'ELOOP', 'ESTALE'].includes((error as NodeJS.ErrnoException).code ?? '')
}
