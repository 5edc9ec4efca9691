/** Where instances run: each stays where it is as long as it may be there, and the others go where there is most room. */
import type { Wanted } from './definition.ts'
import { NoHostError, TooFewHostsError } from './errors.ts'

/** A host that takes orders. */
export interface Candidate {
  host: string
  name: string
  labels: Record<string, string>
  /** It was heard of lately. */
  isThere: boolean
  /** Instances that it runs already. */
  load: number
}

/**
 * By slot 1 … `replicas`: its host. `present` is where slots run now. Throws NoHostError or TooFewHostsError.
 */
export function placesOf(
  { replicas = 1, placement = {} }: Pick<Wanted, 'replicas' | 'placement'>,
  hosts: readonly Candidate[],
  present: ReadonlyMap<number, string>
): Map<number, string> {
  const { labels = {}, spread = 'host', onePerHost = false } = placement
  const fit = hosts.filter((host) => host.isThere && hasLabels(host, labels))
  if (replicas > 0 && fit.length === 0) throw new NoHostError(reasonOf(hosts, labels))
  if (onePerHost && replicas > fit.length)
    throw new TooFewHostsError(String(replicas), String(fit.length), fit.map(({ name }) => name).join(', '))

  const places = new Map<number, string>()
  const count = new Map<string, number>()
  const put = (slot: number, host: Candidate) => {
    places.set(slot, host.host)
    for (const key of [host.host, groupOf(host, spread)]) count.set(key, (count.get(key) ?? 0) + 1)
  }
  const isFree = (host: Candidate) => !onePerHost || !count.has(host.host)
  const slots = Array.from({ length: replicas }, (_, i) => i + 1)
  for (const slot of slots) {
    const host = fit.find((one) => one.host === present.get(slot))
    if (host && isFree(host)) put(slot, host)
  }
  for (const slot of slots) {
    if (places.has(slot)) continue
    const room = (host: Candidate) => [
      count.get(groupOf(host, spread)) ?? 0,
      count.get(host.host) ?? 0,
      host.load
    ]
    const [best] = fit.filter(isFree).sort((a, b) => compare(room(a), room(b)) || (a.name < b.name ? -1 : 1))
    if (best) put(slot, best)
  }
  return places
}

function hasLabels({ labels }: Candidate, asked: Record<string, string>): boolean {
  return Object.entries(asked).every(([name, value]) => labels[name] === value)
}

/** What instances are spread over: the host itself, or those with the same value of a label. */
function groupOf(host: Candidate, spread: string): string {
  return spread === 'host' ? `host ${host.host}` : `label ${host.labels[spread] ?? ''}`
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [i, value] of a.entries()) if (value !== b[i]) return value - (b[i] ?? 0)
  return 0
}

function reasonOf(hosts: readonly Candidate[], labels: Record<string, string>): string {
  if (hosts.length === 0)
    return 'no host takes orders. Set DRIFTLOG_ORDERS=deploy for the agents of hosts that may'
  const there = hosts.filter(({ isThere }) => isThere)
  const names = (some: readonly Candidate[]) =>
    some
      .map(({ name }) => name)
      .sort()
      .join(', ')
  if (there.length === 0) return `no host that takes orders is there now (${names(hosts)})`
  const asked = Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ')
  return `no host that is there has the labels ${asked} (${names(there)})`
}
