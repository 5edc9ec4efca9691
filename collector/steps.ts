/** What a delivery is going to change: its chunks, each with its generation as it will stand behind it. */
import type { Delivery, Position } from '../agent/protocol.ts'
import { PositionError, SessionError, StreamsError } from './errors.ts'
import type { Fleet, FleetInstance } from './fleet/fleet.ts'
import type { ChunkAsked } from './parse/pool.ts'
import type { Origin } from './record.ts'
import { type Generation, positionOf, type Streams, streamKey } from './streams.ts'

interface Parts {
  streams: Streams
  fleet: Fleet
}

/** One chunk, with its generation as it will stand behind it. */
export interface Step {
  asked: ChunkPlace
  generation: Generation
  known: boolean
}

type ChunkPlace = Omit<ChunkAsked, 'format' | 'handling' | 'aheadMs'>

/** Throws a PositionError with the truth for every chunk that does not begin at `next`. */
export function planned(host: string, head: Delivery, { streams, fleet }: Parts): Step[] {
  const running = new Map<string, Generation>()
  const misfits = new Map<string, Position>()
  const added = new Map<string, number>()
  const steps: Step[] = []
  for (const chunk of head.chunks) {
    const generations = streams.generations(host, chunk)
    const known = generations.get(chunk.generation)
    const stream = streamKey(chunk)
    const name = `${stream} ${chunk.generation}`
    let before = running.get(name) ?? known
    if (!before) {
      const fresh = added.get(stream) ?? 0
      const highest = [...generations.values()].at(-1)?.number ?? -1
      before = streams.fresh(host, chunk, chunk.generation, highest + 1 + fresh)
      added.set(stream, fresh + 1)
    }
    if (chunk.offset !== before.next) misfits.set(name, positionOf(known ?? { ...before, next: 0 }))
    const generation: Generation = {
      ...before,
      file: chunk.file ?? before.file,
      next: before.next + chunk.bytes,
      ended: before.ended || chunk.last === true
    }
    running.set(name, generation)
    const { key, committed, stored } = before
    const asked = { key, offset: chunk.offset, committed, stored, last: chunk.last === true }
    steps.push({ asked, generation, known: known !== undefined })
  }
  if (misfits.size > 0) throw new PositionError([...misfits.values()])
  const told = new Set(head.events.map((event) => event.instance.container))
  for (const { container } of head.chunks)
    if (!told.has(container) && !fleet.instance(host, container))
      throw new SessionError(`Container ${container.slice(0, 12)} was delivered before it was told.`)
  return steps
}

/** By stream. */
export function originsOf(host: string, head: Delivery, fleet: Fleet): Map<string, Origin> {
  const origins = new Map<string, Origin>()
  for (const { container, stream } of head.chunks) {
    const key = streamKey({ container, stream })
    if (origins.has(key)) continue
    const instance = fleet.instance(host, container)
    if (!instance) throw new SessionError(`Container ${container.slice(0, 12)} is not known.`)
    const number = fleet.streamNumber(host, container, stream)
    if (number === undefined) throw new StreamsError(container.slice(0, 12), stream.slice(0, 80))
    origins.set(key, originOf(instance, stream, number))
  }
  return origins
}

function originOf(
  { instance, host, hostName, container, facts }: FleetInstance,
  stream: string,
  streamNumber: number
): Origin {
  return {
    instance,
    app: facts.app,
    environment: facts.environment,
    host,
    hostName,
    container,
    containerName: facts.name,
    image: facts.image,
    stream,
    streamNumber
  }
}
