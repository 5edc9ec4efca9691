/** What happens to full journals: sealed one after another, kept a while for followers, small parts joined. */
import { join } from 'node:path'
import type { Logger } from 'pino'
import { StoreFullError } from '../store.ts'
import { Bell } from './bell.ts'
import { StoreClosedError } from './fault.ts'
import { type Folder, journalName } from './folder.ts'
import type { JournalFile } from './journal.ts'
import type { Manifest, Part } from './manifest.ts'
import type { OriginRows } from './origins.ts'
import { type Thinned, worthJoining } from './retention.ts'
import { Sealer } from './sealer.ts'
import { Totals } from './totals.ts'

/** Journals that wait for the sealer at most; then appends wait, too. */
const MOST_UNSEALED = 8
/**
 * Sealed journals are kept for followers that come back: the newest in any case (a damaged positions file needs it),
 * more while they are few, small and young.
 */
const KEPT_SEALED = 16
const KEPT_SEALED_BYTES = 32 << 20
const KEPT_SEALED_MS = 3_600_000

export interface SealingOptions {
  folder: Folder
  manifest: Manifest
  log: Pick<Logger, 'error'>
  origins: () => OriginRows
  joins: boolean
  /** By number, of journals that are not sealed. */
  journalTotals: Map<number, Totals>
}

export class Sealing {
  readonly #options: SealingOptions
  readonly sealer: Sealer
  /** Rings when a journal was sealed. */
  readonly #bell = new Bell()
  #isClosed = false
  /** Of all parts. */
  totals = new Totals()
  readonly figures = { seals: 0, merges: 0, thinned: 0, damaged: 0 }

  constructor(options: SealingOptions) {
    this.#options = options
    this.sealer = new Sealer(options.folder.root, options.origins, (reason, task) =>
      options.log.error({ reason, task: task.kind }, 'the sealer failed, it will try again')
    )
  }

  addPart(part: Part): void {
    this.#options.manifest.parts.set(part.path, part)
    this.totals.addSummary(part.summary)
  }

  /** Parts were dropped. */
  recount(): void {
    this.totals = new Totals()
    for (const part of this.#options.manifest.parts.values()) this.totals.addSummary(part.summary)
  }

  /** Seals a journal when its turn comes; never rejects. */
  async seal(journal: JournalFile): Promise<void> {
    const { folder, manifest, journalTotals, joins, log } = this.#options
    try {
      const { parts, damagedBytes } = await this.sealer.seal(journal.number)
      if (damagedBytes > 0) this.figures.damaged++
      journalTotals.delete(journal.number)
      for (const part of parts) this.addPart(part)
      const path = join(folder.journal, journalName(journal.number, 'sealed'))
      manifest.unsealed = manifest.unsealed.filter((other) => other !== journal)
      manifest.sealed = [...manifest.sealed, { ...journal, path, sealedMs: Date.now() }]
      this.figures.seals++
      this.#bell.ring()
      await this.dropSealed(Date.now())
      if (joins) await this.#join()
    } catch (error) {
      if (!this.#isClosed) log.error({ err: error }, 'work behind a seal failed')
    }
  }

  /** Resolves when only the journal that is being written is not sealed. */
  async settled(): Promise<void> {
    while (this.#options.manifest.unsealed.length > 1) await this.#bell.wait()
  }

  /** Resolves when another journal may wait for the sealer. Rejects with StoreFullError while sealing fails. */
  async room(): Promise<void> {
    while (this.#options.manifest.unsealed.length >= MOST_UNSEALED) {
      if (this.sealer.failing !== undefined) throw new StoreFullError(`sealing fails: ${this.sealer.failing}`)
      await this.#bell.wait(AbortSignal.timeout(500)).catch(() => undefined)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#bell.break(new StoreClosedError())
    await this.sealer.close()
  }

  /** Unlinks journals that are kept no longer; to be called now and then. */
  async dropSealed(nowMs: number): Promise<void> {
    const { manifest } = this.#options
    const { sealed } = manifest
    const kept = sealed.filter(({ sealedMs }, index) => {
      const fromEnd = sealed.length - 1 - index
      const bytes = sealed.slice(index).reduce((sum, journal) => sum + journal.bytes, 0)
      const isFew = fromEnd < KEPT_SEALED && bytes <= KEPT_SEALED_BYTES
      return fromEnd === 0 || (isFew && nowMs - sealedMs <= KEPT_SEALED_MS)
    })
    manifest.sealed = kept
    await manifest.unlinkLater(sealed.filter((journal) => !kept.includes(journal)).map(({ path }) => path))
  }

  /** Drops rows of a part; resolves to how many. What fails is tried again with the next look at the retention. */
  async thin({ part, origins }: Thinned): Promise<number> {
    const { manifest, log } = this.#options
    const { path } = part
    // Joined with others or dropped while earlier ones were thinned.
    if (manifest.parts.get(path) !== part) return 0
    try {
      const smaller = await this.sealer.thin(path, origins)
      if (manifest.parts.get(path) !== part) return 0
      const replaced = manifest.replace(smaller)
      this.recount()
      this.figures.thinned++
      await replaced
      return part.summary.rows - smaller.summary.rows
    } catch (error) {
      if (!this.#isClosed) log.error({ err: error, path }, 'a part could not be thinned')
      return 0
    }
  }

  /** Joins small parts while nothing else waits for the sealer. */
  async #join(): Promise<void> {
    const { manifest } = this.#options
    while (!this.#isClosed && this.sealer.pending === 0) {
      const small = worthJoining(manifest.parts.values())
      if (!small) return
      const paths = small.map((part) => part.path)
      const joined = await this.sealer.merge(paths)
      // Retention may have dropped one of them meanwhile: what it dropped must not come back.
      if (paths.some((path) => !manifest.parts.has(path))) {
        await manifest.unlinkLater([joined.path])
        return
      }
      for (const path of paths) manifest.parts.delete(path)
      manifest.parts.set(joined.path, joined)
      this.figures.merges++
      await manifest.unlinkLater(paths)
    }
  }
}
