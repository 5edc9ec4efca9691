/** Samples as a busy container gives them, the same for the same seed. */
import type { Sample } from '../../../collector/stats/rows.ts'
import { Chance } from '../../../server/demo/chance.ts'

export const FIRST_MS = 1_795_428_003_000

/** Restarts, pauses and values that are missing now and then are among them. */
export function randomSamples(count: number, seed: number, subject = 'i0'): Sample[] {
  const chance = new Chance(seed)
  let atMs = FIRST_MS
  let sinceMs = FIRST_MS - 100_000
  let grown = { cpuUs: 5e6, rxBytes: 1e5, txBytes: 2e5, readBytes: 4096, readOps: 1 }
  return Array.from({ length: count }, () => {
    atMs += chance.often(0.01) ? 65_000 : 10_000 + chance.whole(-40, 40)
    if (chance.often(0.01)) {
      sinceMs = atMs - 3000
      grown = { cpuUs: 0, rxBytes: 0, txBytes: 0, readBytes: 0, readOps: 0 }
    }
    grown.cpuUs += chance.whole(0, 8_000_000)
    grown.rxBytes += chance.whole(0, 5_000_000)
    grown.txBytes += chance.often(0.5) ? 0 : chance.whole(0, 5_000_000)
    grown.readBytes += chance.often(0.9) ? 0 : 4096 * chance.whole(1, 9)
    grown.readOps += chance.often(0.9) ? 0 : 1
    return {
      subject,
      atMs,
      sinceMs,
      counters: { ...grown },
      gauges: {
        memoryBytes: 300_000_000 + 4096 * chance.whole(0, 9000),
        memoryLimitBytes: 1_073_741_824,
        pids: chance.whole(12, 15),
        ...(chance.often(0.9) ? { load1: chance.whole(0, 400) / 100 } : {})
      }
    }
  })
}
