/** What the agent counts, in the words of Prometheus' text format. */
import type { Loss } from './protocol.ts'
import type { OrderEnd } from './protocol-orders.ts'

export interface Gauges {
  streams: number
  instances: number
  behindBytes: number
  heldBytes: number
  rotations: number
  /** Bytes of logs that the engine's API or the journal gave, on the disk. */
  spoolBytes: number
}

export class Metrics {
  deliveries = 0
  /** Bytes of logs that the hub took. */
  deliveredBytes = 0
  /** Bytes that went over the wire, compressed. */
  wireBytes = 0
  retries = 0
  /** Answers that put the agent to another position. */
  repositions = 0
  sessions = 0
  engineErrors = 0
  /** Answers of the engine with a log that broke off. */
  engineLogErrors = 0
  /** Answers that fell silent although the engine had more. */
  engineLogStalls = 0
  /** Times that reading into spools had to pause, and that it went on. */
  spoolPauses = 0
  spoolResumes = 0
  statsSamples = 0
  statsDropped = 0
  statsErrors = 0
  /** When the hub last took something, milliseconds since 1970. */
  lastReceiptMs = 0
  readonly losses = new Map<Loss['cause'], { count: number; bytes: number }>()
  /** Orders that have ended, by how. */
  readonly orders = new Map<OrderEnd['kind'], number>()

  lost({ cause, bytes = 0 }: Loss): void {
    const sum = this.losses.get(cause) ?? { count: 0, bytes: 0 }
    this.losses.set(cause, { count: sum.count + 1, bytes: sum.bytes + bytes })
  }

  ordered(kind: OrderEnd['kind']): void {
    this.orders.set(kind, (this.orders.get(kind) ?? 0) + 1)
  }

  /** The text that GET /metrics answers. */
  text(gauges: Gauges, nowMs: number): string {
    const memory = process.memoryUsage.rss()
    const cpu = process.cpuUsage()
    const sinceReceipt = this.lastReceiptMs === 0 ? -1 : (nowMs - this.lastReceiptMs) / 1000
    const lost = [...this.losses]
    return [
      ...line('driftlog_agent_deliveries_total', 'counter', 'Deliveries that the hub took.', this.deliveries),
      ...line('driftlog_agent_delivered_bytes_total', 'counter', 'Log bytes delivered.', this.deliveredBytes),
      ...line('driftlog_agent_wire_bytes_total', 'counter', 'Bytes sent, compressed.', this.wireBytes),
      ...line('driftlog_agent_retries_total', 'counter', 'Requests that had to be sent again.', this.retries),
      ...line(
        'driftlog_agent_repositions_total',
        'counter',
        'Answers that named another position.',
        this.repositions
      ),
      ...line('driftlog_agent_sessions_total', 'counter', 'Sessions begun with the hub.', this.sessions),
      ...line(
        'driftlog_agent_engine_errors_total',
        'counter',
        'Failed calls of the engine.',
        this.engineErrors
      ),
      ...line(
        'driftlog_agent_engine_log_errors_total',
        'counter',
        'Logs of the engine’s API that broke off.',
        this.engineLogErrors
      ),
      ...line(
        'driftlog_agent_engine_log_stalls_total',
        'counter',
        'Logs of the engine’s API that fell silent although there was more.',
        this.engineLogStalls
      ),
      ...line('driftlog_agent_spool_bytes', 'gauge', 'Bytes in spools on the disk.', gauges.spoolBytes),
      ...line(
        'driftlog_agent_spool_pauses_total',
        'counter',
        'Pauses of reading into spools, for want of room.',
        this.spoolPauses
      ),
      ...line('driftlog_agent_spool_resumes_total', 'counter', 'Ends of such pauses.', this.spoolResumes),
      ...line('driftlog_agent_stats_samples_total', 'counter', 'Samples taken.', this.statsSamples),
      ...line(
        'driftlog_agent_stats_dropped_total',
        'counter',
        'Samples forgotten while the hub was away.',
        this.statsDropped
      ),
      ...line(
        'driftlog_agent_stats_errors_total',
        'counter',
        'Samples that the engine did not give.',
        this.statsErrors
      ),
      ...line('driftlog_agent_streams', 'gauge', 'Log streams followed.', gauges.streams),
      ...line('driftlog_agent_instances', 'gauge', 'Containers known.', gauges.instances),
      ...line('driftlog_agent_behind_bytes', 'gauge', 'Log bytes not sent yet.', gauges.behindBytes),
      ...line('driftlog_agent_held_bytes', 'gauge', 'Deleted files kept until sent.', gauges.heldBytes),
      ...line('driftlog_agent_rotations_total', 'counter', 'Rotations seen.', gauges.rotations),
      ...line(
        'driftlog_agent_receipt_age_seconds',
        'gauge',
        'Since the last receipt; -1: none.',
        sinceReceipt
      ),
      ...family(
        'driftlog_agent_losses_total',
        'Losses told to the hub.',
        'cause',
        lost,
        ({ count }) => count
      ),
      ...family(
        'driftlog_agent_lost_bytes_total',
        'Log bytes known as lost.',
        'cause',
        lost,
        ({ bytes }) => bytes
      ),
      ...family(
        'driftlog_agent_orders_total',
        'Orders ended, by how.',
        'end',
        [...this.orders],
        (count) => count
      ),
      ...line('process_resident_memory_bytes', 'gauge', 'Resident memory.', memory),
      ...line('process_cpu_seconds_total', 'counter', 'CPU time used.', (cpu.user + cpu.system) / 1e6),
      ''
    ].join('\n')
  }
}

function line(name: string, kind: 'counter' | 'gauge', help: string, value: number): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, `${name} ${value}`]
}

function family<T>(
  name: string,
  help: string,
  label: string,
  rows: [string, T][],
  value: (row: T) => number
): string[] {
  const head = [`# HELP ${name} ${help}`, `# TYPE ${name} counter`]
  return [...head, ...rows.map(([key, row]) => `${name}{${label}="${key}"} ${value(row)}`)]
}
