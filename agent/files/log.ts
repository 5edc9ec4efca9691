/** One stream: a log over all its files, every one of them held open until the hub has it for good. */
import type { Loss, Position } from '../protocol.ts'
import { cutNear } from './cut.ts'
import type { Generation } from './generation.ts'
import { SCRATCH_BYTES } from './head.ts'
import type { Section } from './section.ts'

export interface LogOptions {
  container: string
  /** `docker` is the container's own log. */
  stream: string
  /** The live file; older ones lie beside it under other names. */
  path: string
  /** Called for whatever cannot be read any more. */
  lost: (loss: Loss) => void
}

/** Logs of one container whose files are found by pattern: which belongs to which is known for all of them at once. */
export interface Pool {
  readonly container: string
  placed: boolean
  /** There are files that wait for the hub's word. */
  readonly waiting: boolean
  /** Takes the hub's word on every log of the container. */
  place(positions: readonly Position[]): void
}

/** A section and the file in which it lies. */
export interface Place {
  generation: Generation
  section: Section
}

/** Less than this is not worth a jump: it is delivered at once. */
const LEAST_SKIPPED_BYTES = 64 * 1024

export abstract class Log {
  readonly container: string
  readonly stream: string
  readonly path: string
  /** The hub has said where each generation stands. Until then files are held, and nothing is sent. */
  placed = false
  /** The last moment at which the stream was seen to grow, milliseconds since 1970. */
  grewMs = 0
  /** For comparing a few bytes of a file. */
  readonly scratch = Buffer.allocUnsafe(SCRATCH_BYTES)
  /** Whose hub's word places this log; undefined: it is asked for by its name. */
  readonly pool: Pool | undefined = undefined
  /** Older files may be written to beside the newest one: none waits for the end of another. */
  readonly together: boolean = false
  readonly #lost: (loss: Loss) => void
  #front: Section | undefined
  #removed = false

  constructor({ container, stream, path, lost }: LogOptions) {
    this.container = container
    this.stream = stream
    this.path = path
    this.#lost = lost
  }

  /** Oldest first; the last is the live file. */
  abstract get generations(): readonly Generation[]
  protected abstract keep(generations: Generation[]): void
  /** Rotations seen. */
  abstract get rotations(): number
  /** The folder that tells when a quiet log is written to; undefined where somebody else watches it. */
  abstract get folder(): string | undefined
  /** What the files may hold together before one is deleted that may not have been seen. */
  abstract get capacityBytes(): number
  /** Looks at the files; true where there is more to send than before. Throws where they cannot be read. */
  abstract poll(nowMs: number): boolean
  /** Takes the hub's word on where each generation stands. */
  abstract place(positions: readonly Position[]): void
  /** The file was truncated and begun anew, which was seen while reading it. */
  abstract restart(generation: Generation): void

  /** Delivered files may be closed. */
  protected get maySettle(): boolean {
    return true
  }

  /** The hub has the file for good, and it is about to be closed. */
  protected forget(_generation: Generation): void {}

  /** The container is gone: what is held is read to its end, and nothing new is looked for. */
  remove(): void {
    this.#removed = true
  }

  get removed(): boolean {
    return this.#removed
  }

  /** Everything that ever was in it is delivered, and nothing will come. */
  get done(): boolean {
    return this.#removed && this.generations.length === 0
  }

  /** Closes the files that the hub has for good. */
  settle(): void {
    if (this.#front) this.#front = this.#frontNow(this.#front)
    if (!this.maySettle) return
    const delivered = this.generations.filter((generation) => generation.delivered)
    if (delivered.length === 0) return
    for (const generation of delivered) {
      this.forget(generation)
      generation.close()
    }
    this.keep(this.generations.filter((generation) => !generation.delivered))
  }

  /** Tells what of a given-up file never was sent. */
  tellLoss(generation: Generation, section: Section): void {
    const loss = generation.takeLoss(section)
    if (!loss) return
    const place = section.id !== undefined && { generation: section.id, offset: section.position }
    this.tell({ ...loss, ...place, ...this.neighbours(section) })
  }

  /** Bytes that are in no delivery yet. */
  get unsentBytes(): number {
    let sum = 0
    for (const generation of this.generations) sum += generation.unsentBytes
    return sum
  }

  /** How far the hub is: all that is known of it `committed`, or `sent` and acknowledged, or neither. */
  get delivered(): 'behind' | 'sent' | 'committed' {
    let delivered: 'sent' | 'committed' = 'committed'
    for (const { generation, section } of this.places()) {
      const length = generation.lengthOf(section)
      if (!this.placed || section.next < length) return 'behind'
      if (section.committed < length) delivered = 'sent'
    }
    return delivered
  }

  /** All sections, in the order in which they were written. */
  places(): Place[] {
    return this.generations.flatMap((generation) =>
      generation.sections.map((section) => ({ generation, section }))
    )
  }

  /**
   * The section to which reading jumped ahead, while something before it is left to be delivered, and no file before
   * it may still turn up: the hub numbers files in the order in which it hears of them.
   */
  get front(): Section | undefined {
    return this.seesAll ? this.#front : undefined
  }

  /** Every file that there is has been seen. */
  protected get seesAll(): boolean {
    return true
  }

  /**
   * Goes on with the newest lines; those before are delivered behind them. Nothing changes where there is hardly
   * anything to skip. Without a place in the newest lines at which no record is cut, only older files are skipped.
   */
  jumpAhead(): void {
    const generation = this.generations.at(-1)
    if (!this.placed || this.#removed || this.unsentBytes < LEAST_SKIPPED_BYTES) return
    const { source, id } = generation ?? {}
    if (!generation || id === undefined || !source || source.packed || generation.final) return
    const { newest } = generation
    const place = cutNear(source, generation.measure()) ?? newest.reached
    if (place - newest.reached >= LEAST_SKIPPED_BYTES && !generation.split(place)) return
    this.#front = generation.newest
    this.settle()
  }

  /** The section of an id. */
  find(id: string): Place | undefined {
    for (const generation of this.generations) {
      const section = generation.sections.find((one) => one.id === id)
      if (section) return { generation, section }
    }
    return undefined
  }

  close(): void {
    for (const generation of this.generations) generation.close()
    this.keep([])
  }

  /** Where reading had jumped to before, by what the hub has of it. */
  protected findFront(): void {
    const front = this.places().findLast(({ section }) => section.from > 0 && section.next > 0)
    this.#front = front?.section
  }

  /** What was written right before it, and right after. */
  protected neighbours(section: Section): Pick<Loss, 'after' | 'before'> {
    const places = this.places()
    const at = places.findIndex((place) => place.section === section)
    return { ...named('after', places[at - 1]?.section), ...named('before', places[at + 1]?.section) }
  }

  protected tell(loss: Omit<Loss, 'container' | 'stream' | 'atMs'>): void {
    this.#lost({ container: this.container, stream: this.stream, atMs: Date.now(), ...loss })
  }

  protected get knownBytes(): number {
    let sum = 0
    for (const { size } of this.generations) sum += size
    return sum
  }

  /** Behind what is delivered already; undefined where nothing is left that was skipped. */
  #frontNow(front: Section): Section | undefined {
    const open = this.places().filter(({ generation, section }) => {
      return section === front || !generation.isDelivered(section)
    })
    const index = open.findIndex(({ section }) => section === front)
    if (index <= 0) return undefined
    const place = open[index]
    return place?.generation.isDelivered(front) ? (open[index + 1]?.section ?? front) : front
  }
}

/** A section named as a loss's neighbour. */
export function named<Name extends 'after' | 'before'>(name: Name, section: Section | undefined) {
  return (section?.id === undefined ? {} : { [name]: section.id }) as { [K in Name]?: string }
}
