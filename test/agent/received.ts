/** What a small hub has received: streams of bytes, place by place, and what tests ask of them. */
import type { Chunk, InstanceFacts, Position, PositionsAsked } from '../../agent/protocol.ts'

interface Generation {
  id: string
  file: string | undefined
  next: number
  committed: number
  ended: boolean
  pieces: Buffer[]
}

export class Received {
  readonly streams = new Map<string, Generation[]>()
  readonly instances = new Map<string, InstanceFacts>()
  bytes = 0
  /** What came, in the order of its coming. */
  readonly arrivals: { container: string; generation: string; offset: number; bytes: number }[] = []
  /** Problems that a real hub would not forgive. */
  complaints: string[] = []
  readonly #keep: boolean
  readonly #linesIn = new WeakMap<Buffer, number>()

  /** `keep`: the bytes themselves, which are only counted otherwise. */
  constructor(keep: boolean) {
    this.#keep = keep
  }

  /** Everything of a stream in order. */
  text(container: string, stream = 'docker'): string {
    const generations = this.streams.get(`${container} ${stream}`) ?? []
    return Buffer.concat(generations.flatMap(({ pieces }) => pieces)).toString()
  }

  /** How many whole lines of a stream there are. Tests ask again and again: each piece is looked through once. */
  lines(container: string, stream = 'docker'): number {
    let lines = 0
    for (const piece of this.generations(container, stream).flatMap(({ pieces }) => pieces)) {
      const known = this.#linesIn.get(piece) ?? linesIn(piece)
      this.#linesIn.set(piece, known)
      lines += known
    }
    return lines
  }

  /** The text of a stream's last whole record; '' where there is none. */
  lastText(container: string, stream = 'docker'): string {
    let end = ''
    const pieces = this.generations(container, stream).flatMap((generation) => generation.pieces)
    for (const piece of pieces.reverse()) {
      end = piece.toString('latin1') + end
      if (linesIn(piece) > 1) break
    }
    const line = Buffer.from(end.split('\n').at(-2) ?? '', 'latin1').toString()
    return line === '' ? '' : (JSON.parse(line) as { log: string }).log
  }

  generations(container: string, stream = 'docker'): readonly Generation[] {
    return this.streams.get(`${container} ${stream}`) ?? []
  }

  protected positions({ streams, containers = [] }: PositionsAsked): Position[] {
    const names = [...this.streams.keys()].map((key) => {
      const [container = '', ...stream] = key.split(' ')
      return { container, stream: stream.join(' ') }
    })
    const wanted = [
      ...streams.filter(({ container }) => !containers.includes(container)),
      ...names.filter(({ container }) => containers.includes(container))
    ]
    return wanted.flatMap(({ container, stream }) =>
      this.generations(container, stream).map((generation) => positionOf(container, stream, generation))
    )
  }

  /** What was not committed comes again. */
  protected rewind(): void {
    for (const generation of [...this.streams.values()].flat()) generation.next = generation.committed
  }

  /** As by a crash. */
  protected forgetUncommitted(): void {
    for (const generation of [...this.streams.values()].flat())
      generation.pieces = [Buffer.concat(generation.pieces).subarray(0, generation.committed)]
    this.rewind()
  }

  /** Where chunks do not go on from what is there. */
  protected wrongOf(chunks: readonly Chunk[]): Position[] {
    const next = new Map<string, number>()
    const wrong: Position[] = []
    for (const { container, stream, generation, offset, bytes } of chunks) {
      const known = this.generations(container, stream).find(({ id }) => id === generation)
      const key = `${container} ${stream} ${generation}`
      if ((next.get(key) ?? known?.next ?? 0) !== offset) {
        wrong.push(
          known
            ? positionOf(container, stream, known)
            : { container, stream, generation, committed: 0, next: 0 }
        )
      }
      next.set(key, offset + bytes)
    }
    return wrong
  }

  /** The chunks of a delivery, whose bytes follow one another. */
  protected take(chunks: readonly Chunk[], bytes: Buffer): Position[] {
    let at = 0
    return chunks.map((chunk) => {
      const { container, stream, generation: id, file, last = false } = chunk
      this.arrivals.push({ container, generation: id, offset: chunk.offset, bytes: chunk.bytes })
      if (!this.instances.has(container)) this.complaints.push(`chunk of an untold instance ${container}`)
      const key = `${container} ${stream}`
      const generations = this.streams.get(key) ?? []
      this.streams.set(key, generations)
      let generation = generations.find((one) => one.id === id)
      if (!generation) {
        generation = { id, file, next: 0, committed: 0, ended: false, pieces: [] }
        generations.push(generation)
      }
      if (generation.ended && chunk.bytes > 0) this.complaints.push(`bytes after the end of ${id}`)
      const piece = bytes.subarray(at, at + chunk.bytes)
      at += chunk.bytes
      if (this.#keep) generation.pieces.push(Buffer.from(piece))
      generation.file = file
      generation.next += piece.length
      // Up to the last whole line, as a parser would: the rest comes again after a crash.
      const whole = last ? piece.length : piece.lastIndexOf(10) + 1
      if (whole > 0 || last) generation.committed = generation.next - piece.length + whole
      generation.ended ||= last
      this.bytes += piece.length
      return positionOf(container, stream, generation)
    })
  }
}

function positionOf(container: string, stream: string, generation: Generation): Position {
  const { id, file, next, committed, ended } = generation
  return {
    container,
    stream,
    generation: id,
    ...(file !== undefined && { file }),
    next,
    committed,
    ...(ended && { ended })
  }
}

function linesIn(piece: Buffer): number {
  let lines = 0
  for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, at + 1)) lines++
  return lines
}
