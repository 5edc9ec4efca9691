import { useMemo, useState } from 'react'
import type { AppAnswer } from '../../server/deploys/apps-api.ts'
import type { SlotState } from '../../server/deploys/deploy.ts'
import { asError } from '../api/as-error.ts'
import { HubError } from '../api/client.ts'
import { useAnswer } from '../state/answer.ts'
import { usePage, useSetView, useView } from '../state/page.ts'
import { NO_DEPLOY } from '../state/view.ts'
import { begin, planned, randomKey, wantedBy } from './ask-begin.ts'
import { deploysOf } from './ask-many.ts'
import { bodyOf, environmentsOf, type Filled, isUnsure, keysFor, standingOf } from './asking.ts'

/** Of one app and environment: far enough back to what runs. */
const LOOKED_AT = 100

/** What the form holds. Plan and refusal are those of one question, and stand only as long as it is the one that is asked. */
export function useBeginning(newest: AppAnswer, version: number, onBegun: () => void) {
  const { client } = usePage()
  const setView = useSetView()
  const view = useView()
  const { app } = newest
  const environments = environmentsOf(newest)
  const [filled, setFilled] = useState<Filled>(() => ({
    ...{ app, version, image: '', reason: '' },
    environment: environments.includes(view.environment) ? view.environment : (environments[0] ?? '')
  }))
  const [busy, setBusy] = useState(false)
  const [found, setFound] = useState<{
    question: string
    plan?: SlotState[]
    error?: HubError
    isUnsure?: boolean
  }>()
  const keyOf = useMemo(() => keysFor(randomKey), [])
  const { environment } = filled
  const { answer: deploys, again } = useAnswer(
    async (signal) => ({
      of: environment,
      list: await deploysOf(client, { app, environment, limit: LOOKED_AT }, signal)
    }),
    [app, environment]
  )
  const { answer: other } = useAnswer(
    (signal) => wantedBy(client, app, filled.version, signal),
    filled.version === newest.version ? undefined : [app, filled.version]
  )
  const chosen = [newest, other].find((one) => one?.version === filled.version)

  const body = bodyOf(filled)
  const question = JSON.stringify(body)
  const now = found?.question === question ? found : undefined
  const during = async (act: () => Promise<void>, begins = false) => {
    // A second press, before the first is answered.
    if (busy) return
    setBusy(true)
    try {
      await act()
    } catch (reason) {
      const error = problemOf(reason)
      // The plan stays: after no answer the same is pressed again.
      const plan = now?.plan ? { plan: now.plan } : {}
      setFound({ question, error, ...plan, isUnsure: begins && isUnsure(error) })
      if (error.code === 'DRIFTLOG_DEPLOYING') again()
    } finally {
      setBusy(false)
    }
  }
  return {
    ...{ filled, environments, busy, plan: now?.plan, error: now?.error },
    /** A deploy was asked for, and perhaps it begins. */
    isUnsure: now?.isUnsure === true,
    fill: (change: Partial<Filled>) => setFilled((old) => ({ ...old, ...change })),
    standing: deploys?.of === environment ? standingOf(deploys.list) : undefined,
    /** The image that an empty field stands for. */
    asDefined: chosen?.wanted[environment]?.image,
    showPlan: () => void during(async () => setFound({ question, plan: await planned(client, body) })),
    deploy: () =>
      void during(async () => {
        const { id } = await begin(client, body, keyOf(question))
        onBegun()
        setView({ ...NO_DEPLOY, page: 'deploys', deploy: id })
      }, true)
  }
}

/** An answer that broke off is no answer. */
function problemOf(reason: unknown): HubError {
  return reason instanceof HubError
    ? reason
    : new HubError({ code: 'BROKEN', message: asError(reason).message })
}
