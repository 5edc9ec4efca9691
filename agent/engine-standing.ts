/** How the engine stands. */
import type { EngineInfo } from './docker/engine.ts'

/** What is known of it just now. */
export class EngineStanding {
  info: EngineInfo | undefined
  problem: string | undefined = 'not asked yet'
  #answer: () => void = () => {}
  /** Resolves when the engine has answered or failed for the first time. */
  readonly answered = new Promise<void>((resolve) => {
    this.#answer = resolve
  })

  /** True where the host's facts are others than before. */
  changed(info: EngineInfo): boolean {
    const changed = this.info?.id !== info.id || this.info.version !== info.version
    this.info = info
    this.problem = undefined
    this.#answer()
    return changed
  }

  /** True the first time in a row. */
  lost(error: Error): boolean {
    const first = this.problem !== error.message
    this.problem = error.message || 'it does not answer'
    this.#answer()
    return first
  }
}
