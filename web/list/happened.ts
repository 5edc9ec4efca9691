/** What happened while the loaded records were written: moves and deploys, as rows between them. */
import type { RecordJson } from '../../server/api/logs.ts'
import { HubError, wasAborted } from '../api/client.ts'
import { deploysBetween } from '../deploys/ask-many.ts'
import { beganMs } from '../deploys/began.ts'
import type { View } from '../state/view.ts'
import { shifted } from './order.ts'
import type { Source } from './source.ts'

type Ctx = View['ctx']

/** Of the question's scope; in a context those of its app, or of its one instance. */
export async function loadMoves({ client, asked, rows, signal }: Source, ctx: Ctx): Promise<void> {
  const first = rows.first()
  const last = rows.last()
  if (!first || !last) return
  const range = { from: first.time, to: shifted(last.time, 1n), limit: 1000 }
  const { moves } = await client.moves({ ...scopeOf(asked, ctx, first), ...range }, signal)
  const { instance } = first
  const isOurs = (move: (typeof moves)[number]) =>
    ctx !== 'instance' || move.fromInstance === instance || move.toInstance === instance
  rows.setMoves(moves.filter(isOurs))
}

/**
 * Where they can not be read the histogram says no more either; lines and moves stand.
 * @param follows The list has no newest line that deploys would have to wait for.
 */
export async function loadDeploys(
  { client, asked, rows, signal }: Source,
  ctx: Ctx,
  follows: boolean
): Promise<void> {
  const first = rows.first()
  const last = rows.last()
  if (!first || !last) return
  const fromMs = Date.parse(first.time)
  const lastMs = Date.parse(last.time) + 1
  const toMs = follows ? Number.POSITIVE_INFINITY : lastMs
  try {
    const deploys = await deploysBetween(client, scopeOf(asked, ctx, first), fromMs, toMs, signal)
    rows.setDeploys(deploys)
    for (const deploy of deploys) if (beganMs(deploy) >= lastMs) rows.addDeploy(deploy)
  } catch (error) {
    if (!wasAborted(error) && !(error instanceof HubError)) throw error
  }
}

function scopeOf(asked: Source['asked'], ctx: Ctx, first: RecordJson): { app: string; environment: string } {
  const { app = '', environment = '' } = ctx === '' ? asked : first
  return { app, environment }
}
