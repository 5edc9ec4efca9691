/** Apps, hosts, instances and moves. */
import { type Static, Type } from 'typebox'
import { AskedTime, Time } from './times.ts'

/** Something about an instance that can lose lines, or hide that lines are lost. */
export const note = {
  /** not-read, opted-out, engine-api, non-blocking, no-rotation, one-file, small-rotation, label */
  code: Type.String(),
  message: Type.String(),
  /** The way out. */
  advice: Type.String(),
  /** Lines may be missing without anybody being able to tell. */
  blind: Type.Optional(Type.Boolean())
}
export const NoteJson = Type.Object(note)
export type NoteJson = Static<typeof NoteJson>

export const InstanceJson = Type.Object({
  /** 16 hex digits; first part of its records' ids. */
  instance: Type.String(),
  app: Type.String(),
  environment: Type.String(),
  replica: Type.Optional(Type.String()),
  host: Type.String(),
  hostName: Type.String(),
  container: Type.String(),
  containerName: Type.String(),
  image: Type.String(),
  imageId: Type.Optional(Type.String()),
  /** created, running, exited, removed, … as the engine says; `unknown` while its host is silent. */
  state: Type.String(),
  started: Type.Optional(Time),
  finished: Type.Optional(Time),
  exitCode: Type.Optional(Type.Integer()),
  oomKilled: Type.Optional(Type.Boolean()),
  health: Type.Optional(Type.String()),
  restarts: Type.Optional(Type.Integer()),
  /** Why its log is not read, where it is not. */
  unread: Type.Optional(Type.String()),
  /** Risky settings and the like; absent where there are none. */
  notes: Type.Optional(Type.Array(NoteJson)),
  firstRecord: Type.Optional(Time),
  lastRecord: Type.Optional(Time),
  records: Type.Integer()
})
export type InstanceJson = Static<typeof InstanceJson>

/** An app's instance ended on one host and the next began on another. */
export const MoveJson = Type.Object({
  app: Type.String(),
  environment: Type.String(),
  /** When the next instance began. */
  at: Time,
  fromHost: Type.String(),
  fromHostName: Type.String(),
  fromInstance: Type.String(),
  toHost: Type.String(),
  toHostName: Type.String(),
  toInstance: Type.String(),
  exitCode: Type.Optional(Type.Integer()),
  oomKilled: Type.Optional(Type.Boolean()),
  sameImage: Type.Boolean(),
  /** From the end of the one to the start of the other; negative when they overlapped. */
  awayMs: Type.Integer()
})
export type MoveJson = Static<typeof MoveJson>

export const AppJson = Type.Object({
  app: Type.String(),
  environment: Type.String(),
  instances: Type.Integer(),
  running: Type.Integer(),
  /** Names of the hosts on which it runs; where it runs nowhere, of those on which it ran. */
  hosts: Type.Array(Type.String()),
  /** Moves in the last 24 hours. */
  moves: Type.Integer(),
  firstRecord: Type.Optional(Time),
  lastRecord: Type.Optional(Time),
  records: Type.Integer(),
  /** True when all of its instances are played by the demo. */
  pretended: Type.Boolean()
})
export type AppJson = Static<typeof AppJson>

/** How a host stands in Zabbix. */
export const ZabbixHostJson = Type.Object({
  state: Type.Union(
    [
      Type.Literal('enabled'),
      Type.Literal('disabled'),
      Type.Literal('absent'),
      Type.Literal('refused'),
      Type.Literal('unknown')
    ],
    {
      description:
        'enabled; disabled: it has left; absent: not there, or not yet; refused: Zabbix does not take it; unknown: Zabbix is away, or was not looked at yet'
    }
  ),
  /** Zabbix's own page of its latest data, where Zabbix has it. */
  url: Type.Optional(Type.String()),
  /** Why it is refused, or why it is not known. */
  reason: Type.Optional(Type.String())
})
export type ZabbixHostJson = Static<typeof ZabbixHostJson>

export const HostJson = Type.Object({
  host: Type.String(),
  name: Type.String(),
  /** Colour slot 0 … 23, given at enrolment and kept: one colour for everybody. */
  slot: Type.Integer(),
  live: Type.Boolean(),
  seen: Type.Optional(Time),
  behindMs: Type.Integer(),
  behindBytes: Type.Integer(),
  clockOffsetMs: Type.Integer(),
  agentVersion: Type.String(),
  engineVersion: Type.Optional(Type.String()),
  instances: Type.Integer(),
  running: Type.Integer(),
  lostBytes: Type.Integer(),
  losses: Type.Integer(),
  /** Losses whose size nobody knows. */
  lostUnknown: Type.Integer(),
  pretended: Type.Boolean(),
  /** Absent where no Zabbix is told of it. */
  zabbix: Type.Optional(ZabbixHostJson)
})
export type HostJson = Static<typeof HostJson>

export const AppsAnswer = Type.Object({ apps: Type.Array(AppJson) })
export const HostsAnswer = Type.Object({ hosts: Type.Array(HostJson) })

/** GET /api/instances and GET /api/moves, newest first. */
export const FleetQuery = Type.Object({
  app: Type.Optional(Type.String({ maxLength: 255 })),
  environment: Type.Optional(Type.String({ maxLength: 255 })),
  host: Type.Optional(Type.String({ maxLength: 128 })),
  from: Type.Optional(AskedTime),
  to: Type.Optional(AskedTime),
  limit: Type.Integer({ minimum: 1, maximum: 5000, default: 500 })
})
export const InstancesAnswer = Type.Object({ instances: Type.Array(InstanceJson) })
export const MovesAnswer = Type.Object({ moves: Type.Array(MoveJson) })
