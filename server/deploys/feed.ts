/** One client that follows a deploy: its steps in order, each once, and how it stands. */
import type { EventStream } from '../sse.ts'
import type { Deploys } from './deploys.ts'
import { hasEnded } from './kept.ts'

export class DeployFollower {
  readonly #deploys: Pick<Deploys, 'get' | 'steps' | 'changes'>
  readonly #stream: Pick<EventStream, 'send' | 'drained'>
  readonly #id: string
  /** The last step that was sent. */
  #seq: number
  #sent = ''

  /** Steps up to `afterSeq` have been seen. */
  constructor(
    deploys: Pick<Deploys, 'get' | 'steps' | 'changes'>,
    stream: Pick<EventStream, 'send' | 'drained'>,
    id: string,
    afterSeq: number
  ) {
    this.#deploys = deploys
    this.#stream = stream
    this.#id = id
    this.#seq = afterSeq
  }

  /** Until the deploy has ended, and says how. Rejects when the signal aborts. */
  async run(signal: AbortSignal): Promise<string> {
    // From before it is read, so that nothing is missed between.
    const changes = this.#deploys.changes(signal)
    let end = await this.#sendNews(signal)
    if (end !== undefined) return end
    for await (const { deploy, step } of changes) {
      if (deploy.id !== this.#id || (step && step.seq <= this.#seq)) continue
      end = await this.#sendNews(signal)
      if (end !== undefined) return end
    }
    throw new Error('the deploy was not followed to its end')
  }

  /** Steps may have been told of in another order, or at another hub: what is kept is what counts. */
  async #sendNews(signal: AbortSignal): Promise<string | undefined> {
    const deploy = await this.#deploys.get(this.#id)
    for (const step of await this.#deploys.steps(this.#id, this.#seq)) {
      this.#stream.send('step', step, String(step.seq))
      this.#seq = step.seq
    }
    const text = JSON.stringify(deploy)
    if (text !== this.#sent) this.#stream.send('deploy', deploy)
    this.#sent = text
    await this.#stream.drained(signal)
    return hasEnded(deploy) ? deploy.state : undefined
  }
}
