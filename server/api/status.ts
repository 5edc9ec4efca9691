/** How the hub itself stands. */
import { type Static, Type } from 'typebox'
import { Time } from './times.ts'

/** How the hub stands with Zabbix. */
export const ZabbixJson = Type.Object({
  /** File of the token that is not there yet: nothing is told to Zabbix until then. */
  waitsFor: Type.Optional(Type.String()),
  /** Hosts that Zabbix has. */
  hosts: Type.Integer(),
  /** Hosts that it does not take. */
  refused: Type.Integer(),
  /** Why hosts can not be kept in line, while they can't. */
  hostsTrouble: Type.Optional(Type.String()),
  /** Values that this hub has sent, that were refused for long, that there was no room for, and that wait. */
  values: Type.Object({
    sent: Type.Integer(),
    refused: Type.Integer(),
    dropped: Type.Integer(),
    waiting: Type.Integer()
  }),
  /** Why values wait, while they do. */
  valuesTrouble: Type.Optional(Type.String())
})
export type ZabbixJson = Static<typeof ZabbixJson>

/** GET /api/status: what `driftlog status` prints and the page's head shows. */
export const StatusAnswer = Type.Object({
  version: Type.String(),
  hubTime: Time,
  started: Time,
  /** True when this hub shows the played fleet of `driftlog demo`; `reason` says why where it was not asked for. */
  demo: Type.Boolean(),
  demoReason: Type.Optional(Type.String()),
  open: Type.Boolean({ description: 'true when no token is demanded (loopback)' }),
  /** True where tokens and lines go over the network in clear: no https beyond loopback. */
  clear: Type.Boolean(),
  /** The certificate that the hub itself serves. */
  certificate: Type.Optional(
    Type.Object({
      /** sha256:… of the whole certificate, as --fingerprint takes it. */
      fingerprint: Type.String(),
      expires: Time,
      selfSigned: Type.Boolean(),
      /** Why newer files are not served. */
      problem: Type.Optional(Type.String())
    })
  ),
  /** Whether the one who asks may change what runs where. */
  mayDeploy: Type.Boolean(),
  /** Of the reader who is logged in by cookie; absent for everybody else. */
  login: Type.Optional(Type.Object({ name: Type.String(), expires: Time })),
  hosts: Type.Integer(),
  liveHosts: Type.Integer(),
  apps: Type.Integer(),
  store: Type.Object({
    engine: Type.String(),
    records: Type.Integer(),
    bytes: Type.Integer(),
    oldest: Type.Optional(Time),
    newest: Type.Optional(Time),
    writable: Type.Boolean(),
    reason: Type.Optional(Type.String())
  }),
  /** Absent where no Zabbix is named. */
  zabbix: Type.Optional(ZabbixJson),
  /** The command that joins another host. */
  join: Type.Optional(Type.String())
})
export type StatusAnswer = Static<typeof StatusAnswer>
