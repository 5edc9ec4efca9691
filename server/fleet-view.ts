/** The fleet as the API shows it: what agents told, joined with what the store holds. */
import type { AppJson, HostJson, InstanceJson, MoveJson } from './api.ts'
import type { Behind } from './records.ts'

export type FleetChange = { event: 'move'; data: MoveJson } | { event: 'instance'; data: InstanceJson }

export interface FleetFilter {
  app?: string
  environment?: string
  host?: string
  /** Nanoseconds since 1970. */
  from?: bigint
  to?: bigint
  limit: number
}

export interface FleetView {
  hosts(): HostJson[]
  apps(): Promise<AppJson[]>
  /** Newest first. */
  instances(filter: FleetFilter): Promise<InstanceJson[]>
  /** Newest first. */
  moves(filter: FleetFilter): MoveJson[]
  /** How far behind each host is, 0 where it has delivered everything. */
  delivery(): Behind[]
  changes(signal: AbortSignal): AsyncIterable<FleetChange>
}
