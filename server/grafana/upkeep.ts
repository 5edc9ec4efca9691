/** Keeps dashboards, and what they ask, as they should be: one round of looking, and of mending what is not. */
import type { Logger } from 'pino'
import type { DashboardFile } from '../../dashboards/all.ts'
import type { GrafanaApi } from './api.ts'
import { writeDashboards } from './folder.ts'
import { type Published, publish } from './publish.ts'
import { type Ensured, ensureSources, type Wanted } from './sources.ts'

/** What is told once, as long as it stays the same. */
interface Told {
  kept: string[]
  lacking: string[]
}

export class Upkeep {
  readonly #files: readonly DashboardFile[]
  readonly #log: Pick<Logger, 'info' | 'warn'>
  readonly #told: Told = { kept: [], lacking: [] }
  /** Files written and dashboards saved so far. */
  written = 0

  constructor(files: readonly DashboardFile[], log: Pick<Logger, 'info' | 'warn'>) {
    this.#files = files
    this.#log = log
  }

  /** Dashboards that are not as they should be since somebody has changed them, or they come from files. */
  get kept(): number {
    return this.#told.kept.length
  }

  /** Rejects as the file system does. */
  async writeInto(dir: string): Promise<void> {
    const counts = { made: 0, changed: 0, same: 0 }
    try {
      for await (const { kind } of writeDashboards(dir, this.#files)) counts[kind]++
    } finally {
      this.#tell(counts, 'dashboards were written for Grafana')
    }
  }

  /** Rejects with GrafanaAwayError, GrafanaAnswerError and GrafanaRefusedError. */
  async publishTo(api: GrafanaApi): Promise<void> {
    const counts = { made: 0, changed: 0, same: 0, kept: 0 }
    const kept: string[] = []
    try {
      for await (const one of publish(api, this.#files, { overwrite: false })) {
        counts[one.kind]++
        if (one.kind === 'kept') kept.push(textOf(one))
      }
    } finally {
      this.#tell(counts, 'dashboards in Grafana were brought into line')
    }
    this.#warn('kept', kept, 'dashboards in Grafana stay as somebody else has made them')
  }

  /** Rejects as publishTo() does. */
  async ensure(api: GrafanaApi, wanted: Wanted): Promise<void> {
    const all: Ensured[] = []
    for await (const one of ensureSources(api, wanted)) all.push(one)
    const named = (kind: Ensured['kind']) => all.flatMap((one) => (one.kind === kind ? [one.what] : []))
    const made = named('made')
    if (made.length > 0) this.#log.info({ made }, 'what dashboards ask was made in Grafana')
    const lacking = [
      ...named('missing').map((what) => `${what}: missing`),
      ...named('unseen').map((what) => `${what}: the token may not look`)
    ]
    this.#warn('lacking', lacking, 'what dashboards ask is not there in Grafana, or was not seen')
  }

  #tell({ made, changed }: { made: number; changed: number }, words: string): void {
    this.written += made + changed
    if (made + changed > 0) this.#log.info({ made, changed }, words)
  }

  #warn(what: keyof Told, list: string[], words: string): void {
    if (list.length > 0 && list.join() !== this.#told[what].join()) this.#log.warn({ [what]: list }, words)
    this.#told[what] = list
  }
}

function textOf({ uid, reason }: Extract<Published, { kind: 'kept' }>): string {
  return reason === 'edited' ? `${uid}: somebody has changed it` : `${uid}: it comes from a file`
}
