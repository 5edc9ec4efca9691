/** What a deploy would do, slot by slot: where each instance is to run, and what is other than what runs now. */
import type { ImageAsked } from '../../agent/protocol-orders.ts'
import type { Wanted } from './definition.ts'
import type { SlotChange } from './deploy.ts'
import { differs } from './differs.ts'
import type { Instance, SlotWork } from './kept.ts'
import { type Candidate, placesOf } from './place.ts'
import { specOf } from './spec.ts'

/** What is to run, and how it is judged whether it does already. */
export interface Planned {
  app: string
  environment: string
  /** Its id. */
  deploy: string
  /** Of the definition. */
  version: number
  wanted: Wanted
  image: ImageAsked
  /** False where its container is known to have ended. */
  isUp: (instance: Instance) => boolean
  nameOf: (host: string) => string
}

/** By slot. Throws NoHostError or TooFewHostsError. */
export function planOf(
  planned: Planned,
  hosts: readonly Candidate[],
  present: readonly Instance[]
): SlotWork[] {
  const before = new Map(present.map((instance) => [instance.slot, instance]))
  const places = placesOf(planned.wanted, hosts, new Map(present.map(({ slot, host }) => [slot, host])))
  const slots = [...new Set([...places.keys(), ...before.keys()])].sort((a, b) => a - b)
  return slots.map((slot) => {
    const place = { slot, ...given('host', places.get(slot)), ...given('before', before.get(slot)) }
    return { ...place, isOld: before.has(slot), failures: 0, change: changeOf(planned, place) }
  })
}

/** Judged before anything is done. */
export function changeOf(
  planned: Planned,
  { slot, host, before }: Pick<SlotWork, 'slot' | 'host' | 'before'>
): SlotChange {
  const { nameOf } = planned
  const place = host ?? before?.host ?? ''
  const told = { slot, host: place, hostName: nameOf(place), differs: [] }
  if (!before) return { ...told, kind: 'add' }
  if (host === undefined) return { ...told, kind: 'remove' }
  const differs = whatDiffers(planned, before)
  if (before.host !== host) return { ...told, kind: 'move', fromHost: before.host, differs }
  return { ...told, kind: differs.length > 0 ? 'replace' : 'same', differs }
}

function whatDiffers({ isUp, nameOf: _, ...planned }: Planned, before: Instance): string[] {
  const found = differs(before.spec, specOf({ ...planned, slot: before.slot, port: before.port }))
  if (before.unknown !== undefined) found.push('what runs is not known')
  else if (!isUp(before)) found.push('it does not run')
  return found
}

function given<K extends string, T>(name: K, value: T | undefined): { [key in K]?: T } {
  return (value === undefined ? {} : { [name]: value }) as { [key in K]?: T }
}
