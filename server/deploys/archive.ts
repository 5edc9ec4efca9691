/** Deploys and their steps as the state keeps them, and whoever wants to hear of their changes. */
import { Changes } from '../../collector/fleet/changes.ts'
import type { StateEntry, StateStore } from '../../collector/store/state.ts'
import type { Deploy, DeployStep } from './deploy.ts'
import { isRefusal } from './errors.ts'
import { DEPLOYS, deployKey, hasEnded, type KeptDeploy } from './kept.ts'

export interface DeployChange {
  deploy: Deploy
  /** Absent where something else has changed. */
  step?: DeployStep
}

export interface DeploysListed {
  app?: string
  environment?: string
  /** Only those that were asked for before this one. */
  beforeId?: string
  limit: number
}

/** What is known of each without reading it. */
interface Entry {
  app: string
  environment: string
  state: Deploy['state']
  /** Absent until it has ended. */
  endedMs: number | undefined
  /** There is something to be done for it, or nobody knows. */
  isOpen: boolean
}

const STEPS = 'deploy-step/'
const SEQ_DIGITS = 6

export class Archive {
  readonly #state: StateStore
  readonly #entries = new Map<string, Entry>()
  readonly #changes = new Changes<DeployChange>()
  /** By deploy: its steps up to this one have documents. */
  readonly #saved = new Map<string, number>()

  private constructor(state: StateStore) {
    this.#state = state
  }

  static async open(state: StateStore): Promise<Archive> {
    const archive = new Archive(state)
    for (const { value } of await state.list<KeptDeploy>(DEPLOYS)) archive.#note(value)
    return archive
  }

  async read(id: string): Promise<KeptDeploy | undefined> {
    return this.#state.get<KeptDeploy>(deployKey(id))
  }

  /** The same for whoever does what is to be done for it: where a write got no answer, it is known again how it stands. */
  async look(id: string): Promise<KeptDeploy | undefined> {
    const kept = await this.read(id)
    if (kept) this.#note(kept)
    else this.#forget(id)
    return kept
  }

  /** Durable when it resolves; where it rejects it may be there all the same. One that is there stays as it is. */
  async add(kept: KeptDeploy): Promise<void> {
    const { id } = kept.deploy
    try {
      const there = await this.#state.update<KeptDeploy>(deployKey(id), (old) => old ?? kept)
      await this.#changed(there ?? kept, 0)
    } catch (error) {
      this.#note(kept)
      throw error
    }
  }

  /**
   * Changes it as one step; `change` may be called again, and may throw to leave it as it is. Steps have their documents when
   * it resolves. Undefined where there is no such deploy.
   */
  async change(id: string, change: (old: KeptDeploy) => KeptDeploy): Promise<KeptDeploy | undefined> {
    let seq = 0
    const saved = this.#saved.get(id) ?? 0
    try {
      const kept = await this.#state.update<KeptDeploy>(deployKey(id), (old) => {
        if (!old) return undefined
        seq = old.lastSeq
        const next = change(old)
        return { ...next, unsaved: next.unsaved.filter((step) => step.seq > saved) }
      })
      if (kept) await this.#changed(kept, seq)
      return kept
    } catch (error) {
      const entry = this.#entries.get(id)
      if (entry && !isRefusal(error)) this.#entries.set(id, { ...entry, isOpen: true })
      throw error
    }
  }

  async remove(id: string): Promise<void> {
    for (const { key } of await this.#state.list(`${STEPS}${id}/`)) await this.#state.delete(key)
    await this.#state.delete(deployKey(id))
    this.#forget(id)
  }

  /** Newest first. */
  async list({ app, environment, beforeId, limit }: DeploysListed): Promise<Deploy[]> {
    const ids = this.ids((one) => same(app, one.app) && same(environment, one.environment))
      .filter((id) => beforeId === undefined || id < beforeId)
      .slice(0, limit)
    const kept = await Promise.all(ids.map((id) => this.read(id)))
    return kept.flatMap((one) => one?.deploy ?? [])
  }

  /** Newest first. */
  ids(isAsked: (entry: Entry) => boolean): string[] {
    const found = [...this.#entries].flatMap(([id, entry]) => (isAsked(entry) ? [id] : []))
    return found.sort((a, b) => (a < b ? 1 : -1))
  }

  /** Those with something to be done. */
  unfinished(): string[] {
    return this.ids(({ isOpen }) => isOpen)
  }

  /** Names app and environment together. */
  placeOf(id: string): string {
    const { app, environment } = this.#entries.get(id) ?? {}
    return `${environment}/${app}`
  }

  /** It has ended, and nothing is left to be done for it. */
  isOver(id: string): boolean {
    const entry = this.#entries.get(id)
    return entry !== undefined && !entry.isOpen && hasEnded(entry)
  }

  /** For an approval. */
  isWaiting(id: string): boolean {
    return this.#entries.get(id)?.state === 'waiting'
  }

  /** By state. */
  counts(): Record<string, number> {
    const counts: Record<string, number> = {}
    for (const { state } of this.#entries.values()) counts[state] = (counts[state] ?? 0) + 1
    return counts
  }

  /** In order, those behind `afterSeq`. */
  async steps(id: string, afterSeq = 0): Promise<DeployStep[]> {
    const kept = await this.read(id)
    const saved = await this.#state.list<DeployStep>(`${STEPS}${id}/`)
    const bySeq = new Map(
      [...saved.map(({ value }) => value), ...(kept?.unsaved ?? [])].map((step) => [step.seq, step])
    )
    return [...bySeq.values()].filter(({ seq }) => seq > afterSeq).sort((a, b) => a.seq - b.seq)
  }

  /** From now on, until the signal aborts. */
  changes(signal: AbortSignal): AsyncIterable<DeployChange> {
    return this.#changes.follow(signal)
  }

  /** Takes over what another hub wrote. */
  apply(entries: readonly StateEntry[]): void {
    for (const { key, value } of entries) {
      if (!key.startsWith(DEPLOYS)) continue
      if (value) this.#tell(value as KeptDeploy, (value as KeptDeploy).unsaved)
      else this.#forget(key.slice(DEPLOYS.length))
    }
  }

  async #changed(kept: KeptDeploy, afterSeq: number): Promise<void> {
    const { id } = kept.deploy
    const news = kept.unsaved.filter(({ seq }) => seq > (this.#saved.get(id) ?? 0))
    await Promise.all(
      news.map((step) => this.#state.put(`${STEPS}${id}/${String(step.seq).padStart(SEQ_DIGITS, '0')}`, step))
    )
    this.#saved.set(id, Math.max(kept.lastSeq, this.#saved.get(id) ?? 0))
    this.#tell(
      kept,
      kept.unsaved.filter(({ seq }) => seq > afterSeq)
    )
  }

  #tell(kept: KeptDeploy, steps: readonly DeployStep[]): void {
    this.#note(kept)
    const { deploy } = kept
    for (const step of steps) this.#changes.tell(`step ${deploy.id} ${step.seq}`, { deploy, step })
    this.#changes.tell(`deploy ${deploy.id}`, { deploy })
  }

  #note({ deploy, work }: KeptDeploy): void {
    const { id, app, environment, state, endedMs } = deploy
    const isOpen = work !== undefined || (!hasEnded(deploy) && state !== 'waiting')
    this.#entries.set(id, { app, environment, state, endedMs, isOpen })
  }

  #forget(id: string): void {
    this.#entries.delete(id)
    this.#saved.delete(id)
  }
}

function same(asked: string | undefined, value: string): boolean {
  return asked === undefined || asked === value
}
