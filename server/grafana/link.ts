/**
 * The hub's work for Grafana: one hub of several keeps the dashboards there in line and posts marks. Grafana may be away
 * for as long as it likes: that is told once, and nothing stops. Files are each hub's own affair, where it has a folder.
 */
import type { Logger } from 'pino'
import type { Fleet } from '../../collector/fleet/fleet.ts'
import { onDuty } from '../../collector/lease.ts'
import type { StateStore } from '../../collector/store/state.ts'
import type { DashboardFile } from '../../dashboards/all.ts'
import { Bell } from '../bell.ts'
import { type MarkSource, SETTLED_MS } from '../marks.ts'
import { Trouble } from '../trouble.ts'
import { Annotations } from './annotations.ts'
import { type GrafanaAddress, GrafanaApi } from './api.ts'
import { type Beat, inRounds } from './rounds.ts'
import type { GrafanaSettings } from './settings.ts'
import type { Wanted } from './sources.ts'
import { Upkeep } from './upkeep.ts'

export interface LinkOptions {
  settings: GrafanaSettings
  files: readonly DashboardFile[]
  wanted: Wanted
  marks: readonly MarkSource[]
  /** Address of Driftlog's page. */
  hub?: URL
  fleet: Pick<Fleet, 'changes' | 'hosts' | 'instances'>
  state: StateStore
  log: Pick<Logger, 'info' | 'warn'>
  nowMs: () => number
  /** How long is waited for what comes together. */
  gatherMs?: number
  retryMs?: number
}

const GATHER_MS = 5000
const RETRY_MS = 60_000
/** Not every source has a bell. */
const MARKS_EVERY_MS = 30_000

export class GrafanaLink {
  readonly #options: LinkOptions
  readonly #files: Upkeep
  readonly #dashboards: Upkeep
  readonly #annotations: Annotations
  readonly #bells = { files: new Bell(), dashboards: new Bell(), marks: new Bell() }
  readonly troubles: Readonly<Record<'files' | 'dashboards' | 'marks', Trouble>>

  constructor(options: LinkOptions) {
    const { files, log, marks, state, nowMs, hub } = options
    this.#options = options
    this.#files = new Upkeep(files, log)
    this.#dashboards = new Upkeep(files, log)
    this.#annotations = new Annotations({
      ...{ sources: marks, state, log, nowMs },
      ...(hub === undefined ? {} : { hub })
    })
    this.troubles = {
      files: new Trouble(log, {
        begun: 'dashboards can not be written for Grafana, will try again',
        over: 'dashboards are written for Grafana again'
      }),
      dashboards: new Trouble(log, {
        begun: 'dashboards in Grafana can not be kept in line, will try again',
        over: 'dashboards in Grafana are kept in line again'
      }),
      marks: new Trouble(log, {
        begun: 'marks wait, Grafana does not take them',
        over: 'marks go to Grafana again'
      })
    }
  }

  /** For /metrics. */
  figures(): Record<string, number> {
    const { files, dashboards, marks } = this.troubles
    const { posted, refused, missed, waiting } = this.#annotations.counts
    const ofDashboards = {
      grafana_dashboards_in_line: Number(files.reason === undefined && dashboards.reason === undefined),
      grafana_dashboards_kept: this.#dashboards.kept,
      grafana_dashboards_written_total: this.#files.written + this.#dashboards.written
    }
    if (this.#options.settings.api === undefined) return ofDashboards
    return {
      ...ofDashboards,
      grafana_takes_marks: Number(marks.reason === undefined),
      grafana_marks_waiting: waiting,
      grafana_marks_posted_total: posted,
      grafana_marks_refused_total: refused,
      grafana_marks_missed_total: missed
    }
  }

  /** Until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { settings, state, log } = this.#options
    const { api: address, dashboardsDir } = settings
    await Promise.all([
      this.#listen(signal),
      dashboardsDir !== undefined && this.#keepFiles(dashboardsDir, signal),
      address && onDuty({ state, name: 'grafana', log }, (_, ending) => this.#serve(address, ending), signal)
    ])
  }

  /** No dashboard depends on hosts or apps; but when one is new somebody will look for it there. */
  async #listen(signal: AbortSignal): Promise<void> {
    const { fleet } = this.#options
    const seen = new Set(fleet.instances().flatMap(namesOf))
    for await (const change of fleet.changes(signal)) {
      if (change.kind === 'move') this.#bells.marks.ring()
      if (change.kind !== 'instance') continue
      const names = namesOf(change.instance)
      if (names.every((name) => seen.has(name))) continue
      for (const name of names) seen.add(name)
      this.#bells.files.ring()
      this.#bells.dashboards.ring()
    }
  }

  #keepFiles(dir: string, signal: AbortSignal): Promise<void> {
    return inRounds(() => this.#files.writeInto(dir), this.#beat('files'), signal)
  }

  async #serve(address: GrafanaAddress, signal: AbortSignal): Promise<void> {
    const { settings, wanted } = this.#options
    const api = new GrafanaApi({ ...address, signal })
    this.#annotations.begin()
    await Promise.all([
      inRounds(
        async () => {
          if (settings.dashboardsDir === undefined) await this.#dashboards.publishTo(api)
          if (settings.makeSources) await this.#dashboards.ensure(api, wanted)
        },
        this.#beat('dashboards'),
        signal
      ),
      inRounds(() => this.#annotations.post(api), this.#beat('marks'), signal)
    ])
  }

  #beat(what: 'files' | 'dashboards' | 'marks'): Beat {
    const { settings, gatherMs, retryMs = RETRY_MS } = this.#options
    const own = { bell: this.#bells[what], trouble: this.troubles[what], retryMs }
    return what === 'marks'
      ? { ...own, everyMs: MARKS_EVERY_MS, gatherMs: gatherMs ?? SETTLED_MS }
      : { ...own, cron: settings.refreshCron, gatherMs: gatherMs ?? GATHER_MS }
  }
}

function namesOf({ host, app, environment }: { host: string; app: string; environment: string }): string[] {
  return [`host ${host}`, `app ${environment}/${app}`]
}
