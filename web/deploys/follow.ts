import { useEffect, useState } from 'react'
import type { Deploy, DeployStep } from '../../server/deploys/deploy.ts'
import type { DeployWithSteps } from '../../server/deploys/deploy-api.ts'
import { asError } from '../api/as-error.ts'
import { type Client, HubError, wasAborted } from '../api/client.ts'
import { serverEvents } from '../api/tail.ts'
import { delays, pause } from '../live/backoff.ts'
import { untilSilent } from '../live/silence.ts'
import { usePage } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { oneDeploy, pathOf } from './ask.ts'
import { hasEnded } from './state.tsx'

export interface Following {
  known: DeployWithSteps | undefined
  error: Error | undefined
  /** The connection broke; it is taken up again where it stood. */
  lost: boolean
  /** Asks anew: after something was done about a deploy that had ended. */
  again(): void
}

/** One deploy as it stands, and as it goes on. */
export function useDeploy(id: string): Following {
  const { client, login } = usePage()
  const round = useStore(login.round)
  const [known, setKnown] = useState<DeployWithSteps>()
  const [error, setError] = useState<Error>()
  const [lost, setLost] = useState(false)
  const [times, setTimes] = useState(0)

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again after a login and when it is asked for.
  useEffect(() => {
    const stop = new AbortController()
    const show = (next: DeployWithSteps) => {
      if (stop.signal.aborted) return
      setKnown(next)
      setError(undefined)
      setLost(false)
    }
    follow(client, id, { show, lost: () => setLost(true) }, stop.signal).catch((reason: unknown) => {
      if (stop.signal.aborted || wasAborted(reason)) return
      setError(asError(reason))
    })
    return () => stop.abort()
  }, [client, id, round, times])

  const isThis = known?.deploy.id === id
  return { known: isThis ? known : undefined, error, lost, again: () => setTimes(times + 1) }
}

interface Listener {
  show(known: DeployWithSteps): void
  lost(): void
}

/** Until the deploy has ended. Rejects with what the hub refuses for good; a lost connection is taken up again. */
async function follow(client: Client, id: string, listener: Listener, signal: AbortSignal): Promise<void> {
  let known: DeployWithSteps | undefined
  let waits = delays()
  for (;;) {
    try {
      if (!known) {
        known = await oneDeploy(client, id, signal)
        listener.show(known)
      }
      if (hasEnded(known.deploy)) return
      const last = known.steps.at(-1)?.seq
      const headers: Record<string, string> = { accept: 'text/event-stream' }
      if (last !== undefined) headers['last-event-id'] = String(last)
      const attempt = new AbortController()
      const either = AbortSignal.any([signal, attempt.signal])
      const events = serverEvents(await client.get(`${pathOf(id)}/events`, {}, either, headers))
      for await (const { kind, data } of untilSilent(events, attempt)) {
        waits = delays()
        if (kind === 'step') known = withStep(known, JSON.parse(data) as DeployStep)
        else if (kind === 'deploy') known = { ...known, deploy: JSON.parse(data) as Deploy }
        listener.show(known)
      }
      if (hasEnded(known.deploy)) return
    } catch (error) {
      if (signal.aborted || (error instanceof HubError && error.status >= 400 && error.status < 500))
        throw error
    }
    if (signal.aborted) return
    listener.lost()
    await pause(waits.next().value, signal)
  }
}

/** A step that is there already comes again after a break. */
function withStep(known: DeployWithSteps, step: DeployStep): DeployWithSteps {
  if (known.steps.some(({ seq }) => seq === step.seq)) return known
  return { ...known, steps: [...known.steps, step].sort((a, b) => a.seq - b.seq) }
}
