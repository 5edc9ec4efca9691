/** What deliveries tell the ledger beside the losses that agents name. */
import type { Loss } from '../../agent/protocol.ts'
import type { FleetInstance } from '../fleet/fleet.ts'
import type { Parsed } from '../parse/pool.ts'
import type { Step } from '../steps.ts'
import type { Streams } from '../streams.ts'
import type { Ledger } from './ledger.ts'

/** Writes down what came; true where something is missing in it. */
export function noteArrived(ledger: Ledger, steps: readonly Step[], parsed: readonly Parsed[]): boolean {
  let changed = false
  for (const [i, { asked, generation }] of steps.entries()) {
    const { host, container, stream, generation: id, file, ended } = generation
    const result = parsed[i]
    if (!result) continue
    const { nuls, next } = result
    const { timeMs, offset } = result.records
    const came = { stream, generation: id, file, ended, bytes: next - asked.offset, timeMs, offset, nuls }
    if (ledger.arrived(host, container, came)) changed = true
  }
  return changed
}

/** What these instances of the host wrote before they were removed was read by nobody. */
export async function unreadOf(
  host: string,
  gone: readonly FleetInstance[],
  streams: Streams,
  atMs: number
): Promise<Loss[]> {
  const names = gone.flatMap((one) => one.streams.map((stream) => ({ container: one.container, stream })))
  await streams.load(host, names)
  return names.flatMap((name): Loss[] => {
    const newest = [...streams.generations(host, name).values()].at(-1)
    if (!newest || newest.ended) return []
    return [{ ...name, after: newest.generation, atMs, cause: 'removed-unread' }]
  })
}
