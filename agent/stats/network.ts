/** Network counters as the kernel shows them, one line an interface. */
import type { StatsCounters } from '../protocol.ts'
import { found } from './reading.ts'
import { readSmallFile } from './small-file.ts'

/** Undefined where the file cannot be read. */
export function readNetwork(
  path: string,
  counts: (name: string) => boolean = (name) => name !== 'lo'
): StatsCounters | undefined {
  const text = readSmallFile(path)
  return text === undefined ? undefined : networkCounters(text, counts)
}

/** Traffic of a container passes the host's own interfaces as well: bridges and their ends would count it twice. */
export function isOutward(name: string): boolean {
  return !/^(lo|veth|docker|br-|cni|flannel|cali|virbr|tap|tun|ifb|dummy|nodelocaldns)/.test(name)
}

/** As docker stats: the sum over all interfaces but loopback. */
export function networkCounters(text: string, counts: (name: string) => boolean): StatsCounters {
  const sums = new Array<number>(16).fill(0)
  for (const line of text.split('\n')) {
    const [, name, rest] = /^\s*([^\s:|]+):\s*(\d.*)$/.exec(line) ?? []
    if (name === undefined || rest === undefined || !counts(name)) continue
    for (const [i, value] of rest.trim().split(/\s+/).entries()) sums[i] = (sums[i] ?? 0) + Number(value)
  }
  const [rxBytes, rxPackets, rxErrors, rxDropped, , , , , txBytes, txPackets, txErrors, txDropped] = sums
  return found({
    ...{ rxBytes, rxPackets, rxErrors, rxDropped },
    ...{ txBytes, txPackets, txErrors, txDropped }
  })
}
