import type { Deploy, DeployStep } from '../deploys/deploy.ts'
import type { DeployWithSteps } from '../deploys/deploy-api.ts'
import { hasEnded } from '../deploys/kept.ts'
import type { HubClient } from './client.ts'
import { heard, keepConnected, type Standing } from './connection.ts'
import { stateText, stepLine, type TimeLook } from './deploy-lines.ts'
import { EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'

interface FollowOptions extends TimeLook {
  id: string
  json: boolean
}

/**
 * Says each step once, until the deploy has ended or `signal` aborts: the deploy goes on then. A broken connection is
 * taken up again where it stood.
 */
export async function followDeploy(
  hub: HubClient,
  options: FollowOptions,
  say: Pick<Say, 'line' | 'write' | 'remark'>,
  signal: AbortSignal
): Promise<ExitCode> {
  const path = `/api/deploys/${encodeURIComponent(options.id)}`
  const following = new Following(options, say)
  const connect = async ({ stands, speaks }: Standing) => {
    const whole = await hub.json<DeployWithSteps>(path, {}, signal)
    stands()
    following.stands(whole.deploy)
    for (const step of whole.steps) following.step(step)
    if (following.ended) return 'over'
    for await (const event of heard(hub, { path: `${path}/events`, lastId: following.lastId }, signal)) {
      speaks()
      if (event.kind === 'step') following.step(JSON.parse(event.data) as DeployStep)
      else if (event.kind === 'deploy') following.stands(JSON.parse(event.data) as Deploy)
      else if (event.kind === 'end') break
    }
    return following.ended ? 'over' : 'broken'
  }
  await keepConnected(connect, say, signal)
  return following.end()
}

class Following {
  ended = false
  #lastSeq = 0
  #deploy: Deploy | undefined
  readonly #options: FollowOptions
  readonly #say: Pick<Say, 'line' | 'write' | 'remark'>

  constructor(options: FollowOptions, say: Pick<Say, 'line' | 'write' | 'remark'>) {
    this.#options = options
    this.#say = say
  }

  get lastId(): string | undefined {
    return this.#lastSeq === 0 ? undefined : String(this.#lastSeq)
  }

  step(step: DeployStep): void {
    if (step.seq <= this.#lastSeq) return
    this.#lastSeq = step.seq
    const { json } = this.#options
    this.#say.write(
      json ? `${JSON.stringify({ step })}\n` : stepLine(step, this.#deploy?.slots ?? [], this.#options)
    )
  }

  /** Says what a person has to do for it to go on. */
  stands(deploy: Deploy): void {
    const before = this.#deploy?.state
    this.#deploy = deploy
    const { state, id } = deploy
    this.ended = hasEnded(deploy)
    if (state === before) return
    if (state === 'waiting') this.#say.remark(`It waits for an approval: driftlog deploy approve ${id}`)
    if (state === 'paused')
      this.#say.remark(`It is paused: driftlog deploy resume ${id}, or driftlog deploy rollback ${id}`)
  }

  end(): ExitCode {
    const deploy = this.#deploy
    const { json, id, paint } = this.#options
    if (!this.ended || !deploy) {
      this.#say.remark(`The deploy goes on; driftlog deploy follow ${id} tells of it.`)
      return EXIT.interrupted
    }
    this.#say.line(json ? JSON.stringify({ deploy }) : stateText(deploy, paint))
    return deploy.state === 'succeeded' ? EXIT.ok : EXIT.found
  }
}
