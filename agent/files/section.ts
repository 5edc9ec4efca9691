/**
 * A stretch of a file that is delivered in its order: the whole file, or what lies before or behind a place to which
 * reading jumped ahead, so that the newest lines arrive first. To the hub each section is a generation of its own,
 * with offsets that begin at 0: `<id of the file>`, and `<id of the file>@<place in the file>`.
 */
import type { Position } from '../protocol.ts'

export class Section {
  /** The hub's name for it; undefined until the file's first record is complete and the stream is placed. */
  id: string | undefined
  /** Place in the file of its first byte. */
  readonly from: number
  /** Place in the file where the next section begins; undefined: it grows with the file. */
  until: number | undefined
  /** Where the next chunk begins that is put into a delivery. */
  position = 0
  /** Where the next chunk must begin by the hub's last word. */
  next = 0
  /** The hub has everything before this for good. */
  committed = 0
  /** A delivery that says `last` has been prepared. */
  lastSent = false
  /** The hub knows that nothing follows. */
  ended = false
  /** The hub knows of it, or will by the deliveries that are prepared. */
  announced = false
  #known = false

  constructor(from: number, id?: string) {
    this.from = from
    this.id = id
  }

  /** The hub's word on where to go on. Of what begins at 0 it may never have heard. */
  follow(position: Position): void {
    this.id = position.generation
    this.accept(position)
    this.#known = position.next > 0 || this.ended
    this.rollBack()
  }

  /** The hub's word after a delivery; what was prepared meanwhile stays prepared. */
  accept(position: Position): void {
    this.next = position.next
    this.committed = position.committed
    this.ended = position.ended ?? false
    this.#known = true
    this.announced = true
  }

  /** What was prepared did not arrive: it is prepared again. */
  rollBack(): void {
    this.position = this.next
    this.lastSent = this.ended
    this.announced = this.#known
  }

  /** Place in the file behind what was put into deliveries. */
  get reached(): number {
    return this.from + this.position
  }
}

/** The file's own id within that of a section. */
export function fileIdOf(generation: string): string {
  return generation.split('@', 1)[0] ?? ''
}

/** Where the section begins in its file. */
export function fromOf(generation: string): number {
  return Number(generation.split('@')[1] ?? 0)
}

/** What the hub knows of one file: the positions of its sections, and all of them as one. */
export interface KnownFile extends Position {
  sections: Position[]
}

/** Sections of one file together, in the order in which the hub tells them; places are those of the file. */
export function filesOf(positions: readonly Position[]): KnownFile[] {
  const files = new Map<string, Position[]>()
  for (const position of positions) {
    const id = fileIdOf(position.generation)
    const sections = files.get(id)
    if (sections) sections.push(position)
    else files.set(id, [position])
  }
  return [...files].map(([id, sections]) => known(id, sections))
}

function known(id: string, sections: Position[]): KnownFile {
  sections.sort((a, b) => fromOf(a.generation) - fromOf(b.generation))
  const newest = sections.at(-1) as Position
  const from = fromOf(newest.generation)
  return {
    ...newest,
    generation: id,
    committed: from + newest.committed,
    next: Math.max(...sections.map(({ generation, next }) => fromOf(generation) + next)),
    ended: sections.every(({ ended }) => ended),
    sections
  }
}
