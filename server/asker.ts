import type { Bounds, Coverage, LogStore } from '../collector/store/store.ts'
import type { CoverageJson } from './api/logs.ts'
import type { Gate } from './gate.ts'
import { type Behind, coverageJson } from './records.ts'

interface AskerOptions {
  logs: LogStore
  gate: Gate
  /** Milliseconds that one question may search. */
  budgetMs: number
  /** Hosts that have not delivered everything yet. */
  behind: () => Behind[]
  nowMs: () => number
}

/** Puts questions to the store: in their turn, within their time, and only as long as somebody waits. */
export class Asker {
  readonly logs: LogStore
  readonly nowMs: () => number
  readonly budgetMs: number
  readonly #gate: Gate
  readonly #behind: () => Behind[]

  constructor(options: AskerOptions) {
    this.logs = options.logs
    this.nowMs = options.nowMs
    this.budgetMs = options.budgetMs
    this.#gate = options.gate
    this.#behind = options.behind
  }

  /** Throws BusyError where too many wait already. */
  ask<T>(signal: AbortSignal, question: (logs: LogStore, bounds: Bounds) => Promise<T>): Promise<T> {
    return this.#gate.run(signal, () => question(this.logs, { budgetMs: this.budgetMs, signal }))
  }

  coverage(coverage: Coverage): CoverageJson {
    return coverageJson(coverage, this.#behind())
  }
}
