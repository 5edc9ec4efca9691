/** The bound on deleted files that are kept alive only by our descriptors until the hub has them. */
import type { Generation } from './generation.ts'
import type { Log } from './log.ts'

/** Each held file costs a descriptor, of which a process may not have any number. */
const MAX_FILES = 2000

/** Bytes on the disk that only this process keeps. */
export function heldBytes(streams: Iterable<Log>): number {
  let sum = 0
  for (const { generation } of held(streams)) sum += generation.size
  return sum
}

/**
 * Lets the oldest deleted files go until the rest fits into `maxBytes` and 2000 descriptors. What of them was not sent is told as lost when the
 * stream's turn comes. Returns the files let go.
 */
export function boundHold(streams: Iterable<Log>, maxBytes: number): Generation[] {
  const all = held(streams).sort((a, b) => a.generation.birthMs - b.generation.birthMs)
  let sum = all.reduce((bytes, { generation }) => bytes + generation.size, 0)
  let count = all.length
  const gone: Generation[] = []
  for (const { generation } of all) {
    if (sum <= maxBytes && count <= MAX_FILES) break
    sum -= generation.size
    count--
    generation.letGo('hold-exceeded')
    gone.push(generation)
  }
  return gone
}

function held(streams: Iterable<Log>): { generation: Generation }[] {
  const found: { generation: Generation }[] = []
  for (const stream of streams) {
    for (const generation of stream.generations) {
      const { source, final } = generation
      if (!source || source.packed || (!final && generation === stream.generations.at(-1))) continue
      generation.unlinked ||= source.facts().links === 0
      if (generation.unlinked) found.push({ generation })
    }
  }
  return found
}
