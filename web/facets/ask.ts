import { useEffect, useState } from 'react'
import { parse, remove } from '../../collector/query/grammar.ts'
import type { FacetsAnswer } from '../../server/api/logs.ts'
import { asError } from '../api/as-error.ts'
import { type FacetsAsked, wasAborted } from '../api/client.ts'
import { usePage, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { grouped } from './group.ts'

export interface Counted {
  value: string
  count: number
}

export interface FieldCounts {
  values: Counted[]
  /** Lines with other values than those. */
  others: number
}

export interface FacetsState<T> {
  /** Of the last question that was answered; stays while the next one runs. */
  answer: T | undefined
  asking: boolean
  error: Error | undefined
}

/** How long the reader's hands must rest before something is counted. */
const REST_MS = 150

/** While the tail runs the counts are made again now and then. */
const LIVE_MS = 15_000

/** The question of the view, asked of the facets; `change` makes it the question of one part of the sidebar. */
function useAsked<T>(
  change: () => FacetsAsked[],
  merge: (answers: FacetsAnswer[]) => T,
  key: string
): FacetsState<T> {
  const page = usePage()
  const { environment, app, q, from, to, live } = useView()
  const [round, setRound] = useState(0)
  const run = useStore(page.search, (asked) => asked.run)
  const login = useStore(page.login.round)
  const [state, setState] = useState<FacetsState<T>>({ answer: undefined, asking: true, error: undefined })

  useEffect(() => {
    if (!live) return
    const timer = setInterval(() => {
      if (!document.hidden) setRound((times) => times + 1)
    }, LIVE_MS)
    return () => clearInterval(timer)
  }, [live])

  // biome-ignore lint/correctness/useExhaustiveDependencies: the key stands for what `change` and `merge` do.
  useEffect(() => {
    // A query that cannot run is told beside the query; what stands here stays.
    if (!parse(q).ok) return
    const stop = new AbortController()
    setState((old) => ({ ...old, asking: true }))
    const timer = setTimeout(() => {
      const asked = change().map((part) =>
        page.client.facets({ q, environment, app, from, to, ...part }, stop.signal)
      )
      Promise.all(asked).then(
        (answers) => {
          if (!stop.signal.aborted) setState({ answer: merge(answers), asking: false, error: undefined })
        },
        (error: unknown) => {
          if (stop.signal.aborted || wasAborted(error)) return
          setState((old) => ({
            ...old,
            asking: false,
            error: asError(error)
          }))
        }
      )
    }, REST_MS)
    return () => {
      stop.abort()
      clearTimeout(timer)
    }
  }, [page, environment, app, q, from, to, run, login, round, key])
  return state
}

/** Counts per value of some fields, each under the query without its own terms, so that other values can be seen. */
export function useFieldCounts(
  fields: readonly string[],
  limit: number,
  prefix = ''
): FacetsState<ReadonlyMap<string, FieldCounts>> {
  const { q } = useView()
  return useAsked(
    () => {
      // Fields that the query says nothing about share one question.
      const byQuery = grouped(fields, (field) => remove(q, field))
      return [...byQuery].map(([query, names]) => ({
        q: query,
        fields: names.join(','),
        limit,
        ...(prefix === '' ? {} : { prefix })
      }))
    },
    (answers) =>
      new Map(
        answers.flatMap((answer) =>
          answer.facets.map(({ field, values, others }) => [field, { values, others }])
        )
      ),
    JSON.stringify([fields, limit, prefix])
  )
}

export interface FieldNames {
  names: Counted[]
  /** Lines looked at, of those that match. */
  sampled: number
  matched: number
}

/** Fields parsed out of the lines that match, the most frequent first. */
export function useFieldNames(): FacetsState<FieldNames> {
  return useAsked(
    () => [{ fields: '', discover: true, limit: 200 }],
    ([answer]) => ({
      names: answer?.fields ?? [],
      sampled: answer?.sampled ?? 0,
      matched: answer?.matched ?? 0
    }),
    'names'
  )
}
