/** Log files that are named by patterns: those that an app writes inside its container, and those of the host. */
import { closeSync, readSync } from 'node:fs'
import { dirname } from 'node:path'
import { hasEnded, type Instance } from '../facts.ts'
import { type Source as OpenedFile, PackedFile, PlainFile, STEP_MS } from '../files/source.ts'
import type { TextLog } from '../files/text-log.ts'
import { TextPool } from '../files/text-pool.ts'
import { type Globs, readGlobs } from './glob.ts'
import { Lookout } from './lookout.ts'
import type { FilesAsked, Located } from './root.ts'
import type { Desk, Source, SourceKind } from './source.ts'
import { type Found, type Look, lookInto, openFound } from './tree.ts'

export interface FileSourceOptions {
  pollMs: number
  idleMs: number
}

/** Whoever deletes a container's files does not take so long for one of them. */
const DELETING_MS = 10_000

/** For every instance whose files are asked for. */
export function fileSource(options: FileSourceOptions): SourceKind {
  return (instance, desk) => {
    const { files } = instance
    return files && new FileSource(instance, files, desk, options)
  }
}

class FileSource implements Source {
  readonly pool: TextPool<Found>
  readonly #desk: Desk
  readonly #asked: FilesAsked
  readonly #globs: Globs
  readonly #lookout: Lookout
  #located: Located = { root: undefined, missing: [] }
  #look: Look = { files: [], folders: [], listed: new Map(), cut: undefined }
  /** When the container ended; undefined while it may write. */
  #endedMs: number | undefined
  #removed = false
  #failure: string | undefined
  #told: string | undefined

  constructor(instance: Instance, asked: FilesAsked, desk: Desk, { pollMs, idleMs }: FileSourceOptions) {
    this.#desk = desk
    this.#asked = asked
    this.#globs = readGlobs(asked.patterns)
    this.pool = new TextPool<Found>({
      container: instance.facts.container,
      look: () => this.#lookInto(),
      showsEnd: (path) => this.#showsEnd(path),
      open: (found) => this.#open(found),
      add: (log) => desk.add(log),
      drop: (log) => desk.drop(log),
      wake: (log: TextLog) => desk.wake(log),
      lost: (loss) => desk.lost(loss)
    })
    this.#lookout = new Lookout({
      look: () => {
        this.pool.update()
        this.#tell()
        return this.#look.folders
      },
      isHot: () => this.pool.isHot(),
      pollMs,
      idleMs
    })
    this.update(instance)
  }

  update({ facts, files }: Instance): void {
    const located = (files ?? this.#asked).locate()
    // A container that has ended is where it was; not every engine still says it.
    if (located.root) this.#located = located
    else this.#located = { ...this.#located, missing: this.#located.root ? [] : located.missing }
    this.#endedMs = hasEnded(facts) ? facts.finishedMs : undefined
    this.pool.rest(facts.state !== 'running')
    this.#lookout.look()
  }

  ending(endedMs: number | undefined): void {
    this.#endedMs = endedMs ?? this.#endedMs
    this.#lookout.look()
  }

  remove(): void {
    this.#removed = true
    // What it wrote last may still lie there.
    this.#lookout.look()
    this.#lookout.close()
    this.pool.remove(this.#endedMs)
  }

  get done(): boolean {
    return this.pool.done
  }

  close(): void {
    this.#lookout.close()
    this.pool.close()
  }

  #lookInto(): readonly Found[] {
    const { root } = this.#located
    if (!root) return []
    try {
      this.#look = lookInto(root, this.#globs.globs)
      this.#failure = undefined
    } catch (error) {
      this.#look = { ...this.#look, files: [], listed: new Map() }
      this.#failure = `can't be looked for: ${(error as Error).message}`
    }
    return this.#look.files
  }

  /** Nobody writes any more, and nobody had begun to delete. */
  #showsEnd(path: string): boolean {
    const changedMs = this.#look.listed.get(dirname(path))
    if (changedMs === undefined) return false
    // What is still there now outlives the container.
    if (this.#removed) return true
    if (this.#endedMs === undefined) return false
    return changedMs < this.#endedMs - STEP_MS || changedMs < Date.now() - DELETING_MS
  }

  #open(found: Found): OpenedFile | undefined {
    try {
      return opened(found)
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const denied = code === 'EACCES' || code === 'EPERM'
      const why = denied ? 'permission denied; run the agent as root' : message
      this.#failure = `${found.path} can't be read: ${why}`
      return undefined
    }
  }

  /** Tells what of the files can't be read, each time it is something else. */
  #tell(): void {
    const { by } = this.#asked
    const said = [
      ...this.#globs.bad.map(({ pattern, why }) => `DRIFTLOG_PATTERN: "${pattern}" in ${by} ${why}`),
      ...this.#located.missing.map((what) => `DRIFTLOG_FILES_PLACE: files of ${by}: ${what}`),
      ...(this.#look.cut === undefined
        ? []
        : [
            `DRIFTLOG_FILES_MANY: ${by} means ${this.#look.cut}, the rest is left out: name the files more closely`
          ]),
      ...(this.pool.leftOut === 0
        ? []
        : [
            `DRIFTLOG_FILES_MANY: ${by} means more than 1000 logs, ${this.pool.leftOut} files are left out: name the files more closely`
          ]),
      ...(this.#failure === undefined ? [] : [`DRIFTLOG_FILES_READ: a file of ${by} ${this.#failure}`])
    ].join('; ')
    if (said === this.#told) return
    this.#told = said
    this.#desk.trouble(said === '' ? undefined : said)
  }
}

function opened(found: Found): OpenedFile | undefined {
  const fd = openFound(found)
  if (fd === undefined) return undefined
  try {
    const path = `/proc/self/fd/${fd}`
    const magic = found.path.endsWith('.gz') ? magicOf(fd) : PLAIN
    // Nobody can say yet whether it is packed.
    if (magic === undefined) return undefined
    const source = magic === GZIP ? new PackedFile(path) : new PlainFile(path)
    if (source.file === found.file) return source
    // Another one has come to its place meanwhile: both are found by the next look.
    source.close()
    return undefined
  } finally {
    closeSync(fd)
  }
}

const PLAIN = 0
/** gzip's own first bytes. */
const GZIP = 0x1f8b

/** The first two bytes; undefined where they are not written yet. */
function magicOf(fd: number): number | undefined {
  const bytes = Buffer.alloc(2)
  return readSync(fd, bytes, 0, 2, 0) === 2 ? bytes.readUInt16BE(0) : undefined
}
