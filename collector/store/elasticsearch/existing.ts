/**
 * Documents whose ids were there already. Mostly they are the same: something was sent again. An event that was given out
 * because its end did not come in time is a shorter one: another hub has written it, or this one before it died, and its
 * place in the file was never counted as stored. Then the one that is at hand now takes its place, or its lines were lost.
 */
import type { Client } from '@elastic/elasticsearch'
import { StaleTermError, StoreAwayError } from '../store.ts'
import { partError } from './cluster.ts'
import type { Documents } from './writer.ts'

interface One {
  index: string
  id: string
  source: string
  until: number
}

/** Asked for at once. */
const PAGE = 2000

/**
 * Writes those anew that end elsewhere; resolves to how many. `demand` rejects where somebody else writes the streams by
 * now. Rejects with StaleTermError where one changes meanwhile.
 */
export async function replaceDiffering(
  client: Client,
  existing: readonly { documents: Documents; at: number }[],
  demand: () => Promise<void>
): Promise<number> {
  let replaced = 0
  for (let from = 0; from < existing.length; from += PAGE) {
    const ones = existing.slice(from, from + PAGE).map(oneOf)
    const { docs } = await client.mget<{ driftlog: { until: number } }>({
      docs: ones.map(({ index, id }) => ({ _index: index, _id: id, _source: ['driftlog.until'] }))
    })
    const operations: (string | Record<string, unknown>)[] = []
    for (const [i, one] of ones.entries()) {
      const doc = docs[i]
      if (!doc || 'error' in doc)
        throw new StoreAwayError(doc ? doc.error.type : 'an answer has parts missing')
      const { found, _source, _seq_no: if_seq_no, _primary_term: if_primary_term } = doc
      if (found && _source?.driftlog.until === one.until) continue
      const { index: _index, id: _id } = one
      const action = found
        ? { index: { _index, _id, if_seq_no, if_primary_term } }
        : { create: { _index, _id } }
      operations.push(action, one.source)
    }
    if (operations.length === 0) continue
    await demand()
    const { items } = await client.bulk({ operations })
    for (const item of items) {
      const { status = 500, error, _id } = item.index ?? item.create ?? {}
      if (status === 409) throw new StaleTermError()
      if (status >= 300) throw partError(`record ${_id}`, { status, ...(error ? { error } : {}) })
    }
    replaced += items.length
  }
  return replaced
}

function oneOf({ documents, at }: { documents: Documents; at: number }): One {
  const { body, ends } = documents
  const [action = '', source = ''] = body
    .subarray(at > 0 ? ends[at - 1] : 0, ends[at])
    .toString()
    .split('\n')
  const { create } = JSON.parse(action) as { create: { _index: string; _id: string } }
  const { driftlog } = JSON.parse(source) as { driftlog: { until: number } }
  return { index: create._index, id: create._id, source, until: driftlog.until }
}
