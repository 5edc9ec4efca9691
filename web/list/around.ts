/** A record in its context: the lines before and after it, in its instance or over all of its app. */
import type { View } from '../state/view.ts'
import type { Source } from './source.ts'
import type { End } from './status.ts'

const STEP = 50
const MOST = 500

type Context = Pick<View, 'at' | 'ctx'>

/** `n` records to each side; resolves to how the ends stand. */
export async function loadContext(
  source: Source,
  context: Context,
  n: number
): Promise<{ older: End; newer: End }> {
  const answer = await ask(source, context, { before: n, after: n })
  source.rows.merge([...answer.before, answer.record, ...answer.after])
  return { older: endAfter(answer.before.length, n), newer: endAfter(answer.after.length, n) }
}

/** One step more on one side. */
export async function widenContext(source: Source, context: Context, end: 'older' | 'newer'): Promise<End> {
  const { rows } = source
  const at = rows.items.filter((row) => row.kind === 'record').findIndex((row) => row.key === context.at)
  const have = end === 'older' ? at : rows.count - at - 1
  const n = Math.min(MOST, have + STEP)
  const isOlder = end === 'older'
  const answer = await ask(source, context, { before: isOlder ? n : 0, after: isOlder ? 0 : n })
  const side = isOlder ? answer.before : answer.after
  rows.merge(side)
  return endAfter(side.length, n)
}

function ask(
  { client, signal }: Source,
  { at, ctx }: Context,
  { before, after }: { before: number; after: number }
) {
  return client.context(at, { before, after, scope: ctx === 'app' ? 'app' : 'instance' }, signal)
}

function endAfter(got: number, n: number): End {
  return got < n || n >= MOST ? { kind: 'end' } : { kind: 'more' }
}
