/** Hosts and their containers as agents would have told them, who come, go and are renamed. */
import { randomUUID } from 'node:crypto'
import type { InstanceEvent } from '../../../agent/protocol.ts'
import type { Fleet } from '../../../collector/fleet/fleet.ts'
import { CONTAINERS } from './scene.ts'

/** A place of a host where a container is, or was. */
export interface Slot {
  /** What it is called unless it is renamed. */
  name: string
  container: string
  called: string
  isGone: boolean
}

export async function joined(fleet: Fleet, name: string): Promise<string> {
  const { host } = await fleet.enrol({ name }, '0.1.0')
  fleet.hello(host, { facts: { name }, agentVersion: '0.1.0', clockOffsetMs: 0 })
  return host
}

export function begun(fleet: Fleet, host: string, name: string): Slot {
  const slot = { name, container: randomUUID(), called: name, isGone: false }
  tell(fleet, host, 'start', slot)
  return slot
}

function tell(fleet: Fleet, host: string, kind: InstanceEvent['kind'], { container, called }: Slot): void {
  const atMs = Date.now()
  const instance = {
    ...{ container, name: called, app: 'shop', environment: 'production', identity: 'compose' },
    ...{ image: 'shop:1', labels: {}, state: 'running', startedMs: atMs }
  } as InstanceEvent['instance']
  fleet.tell(host, [{ kind, atMs, instance }])
}

/** What the round before has changed is taken back; another one is renamed, one is replaced under its name, one goes. */
export function turn(fleet: Fleet, host: string, slots: Slot[], round: number): void {
  restore(fleet, host, slots)
  const at = (offset: number) => (round + offset) % CONTAINERS
  rename(fleet, host, slots[at(0)], `renamed-${round}`)
  const replaced = slots[at(5)]
  if (replaced) {
    tell(fleet, host, 'remove', replaced)
    slots[at(5)] = begun(fleet, host, replaced.name)
  }
  const gone = slots[at(10)]
  if (!gone) return
  tell(fleet, host, 'remove', gone)
  gone.isGone = true
}

export function restore(fleet: Fleet, host: string, slots: Slot[]): void {
  for (const [n, slot] of slots.entries())
    if (slot.isGone) slots[n] = begun(fleet, host, slot.name)
    else if (slot.called !== slot.name) rename(fleet, host, slot, slot.name)
}

function rename(fleet: Fleet, host: string, slot: Slot | undefined, name: string): void {
  if (!slot) return
  slot.called = name
  tell(fleet, host, 'rename', slot)
}
