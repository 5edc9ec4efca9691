/** How much the hub takes on, and how it slows the agents down before it has to refuse. */

/** Agents gather for this long while the hub is idle: it bounds how soon a line is found. */
export const GATHER_MS = 100
/** However busy the hub is, a line waits no longer than this in an agent. */
export const LONGEST_GATHER_MS = 2000
/** Deliveries a second that the hub likes to see from all agents together. */
const DELIVERIES_PER_S = 400

/**
 * How long agents should gather before they send. A big fleet sends fewer, larger deliveries; so does any fleet
 * while more than half of what may be in work is in work.
 */
export function gatherMs(load: { liveAgents: number; inWorkBytes: number; maxInWorkBytes: number }): number {
  const fleetMs = (load.liveAgents * 1000) / DELIVERIES_PER_S
  const fullness = load.maxInWorkBytes > 0 ? load.inWorkBytes / load.maxInWorkBytes : 0
  const pressure = 1 + Math.max(0, fullness - 0.5) * 18
  return Math.round(Math.min(LONGEST_GATHER_MS, Math.max(GATHER_MS, fleetMs) * pressure))
}

/** Bytes of deliveries between the first byte of their body and their answer. */
export class InWork {
  readonly maxBytes: number
  bytes = 0

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes
  }

  /** A function that gives the bytes back, or undefined where they would be too many. */
  take(bytes: number): (() => void) | undefined {
    if (this.bytes + bytes > this.maxBytes) return undefined
    this.bytes += bytes
    let given = false
    return () => {
      if (!given) this.bytes -= bytes
      given = true
    }
  }
}
