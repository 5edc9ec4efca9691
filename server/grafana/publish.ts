/** Brings dashboards into Grafana, and leaves alone what is there already or what a person has changed. */
import { createHash } from 'node:crypto'
import type { DashboardFile } from '../../dashboards/all.ts'
import type { JsonObject } from '../../dashboards/json.ts'
import type { GrafanaApi } from './api.ts'
import { GrafanaRefusedError } from './errors.ts'

/** `edited`: somebody saved it after us; `provisioned`: it comes from a file, and Grafana refuses changes to it. */
export type Published = { uid: string } & (
  | { kind: 'made' | 'same' | 'changed' }
  | { kind: 'kept'; reason: 'edited' | 'provisioned' }
)

/** How a dashboard stands in Grafana: `outdated` is as we drew it once, `edited` as somebody has saved it since. */
export type Standing = 'missing' | 'same' | 'outdated' | 'edited' | 'provisioned'

interface There {
  dashboard: { version: number; tags?: string[] }
  meta: { folderUid?: string; provisioned?: boolean }
}

type Versions = readonly { message?: string }[]

export const FOLDER = { uid: 'driftlog', title: 'Driftlog' }
const MESSAGE = 'Drawn by Driftlog'
const HASH_DIGITS = 12

export async function* publish(
  api: GrafanaApi,
  files: readonly DashboardFile[],
  { overwrite }: { overwrite: boolean }
): AsyncGenerator<Published> {
  await ensureFolder(api)
  for (const file of files) yield { uid: file.uid, ...(await publishOne(api, file, overwrite)) }
}

async function ensureFolder(api: GrafanaApi): Promise<void> {
  const there = await api.get(`api/folders/${FOLDER.uid}`)
  if (there === undefined) await api.post('api/folders', FOLDER)
}

/** Looks, and changes nothing. */
export async function standingOf(api: GrafanaApi, { uid, text }: DashboardFile): Promise<Standing> {
  const there = await api.get<There>(`api/dashboards/uid/${uid}`)
  if (there === undefined) return 'missing'
  if (there.meta.provisioned === true) return 'provisioned'
  if (await editedByOthers(api, uid)) return 'edited'
  return there.dashboard.tags?.includes(hashTag(text)) === true ? 'same' : 'outdated'
}

type Outcome = Published extends infer One ? (One extends { uid: string } ? Omit<One, 'uid'> : never) : never

async function publishOne(
  api: GrafanaApi,
  { uid, text }: DashboardFile,
  overwrite: boolean
): Promise<Outcome> {
  const there = await api.get<There>(`api/dashboards/uid/${uid}`)
  const hash = hashTag(text)
  const wanted = tagged(text, hash)
  if (there === undefined) {
    await api.post('api/dashboards/db', saved(wanted, FOLDER.uid, overwrite))
    return { kind: 'made' }
  }
  const { dashboard, meta } = there
  const same = dashboard.tags?.includes(hash) ?? false
  if (same && !overwrite) return { kind: 'same' }
  if (meta.provisioned === true) return { kind: 'kept', reason: 'provisioned' }
  const edited = await editedByOthers(api, uid)
  if (same && !edited) return { kind: 'same' }
  if (edited && !overwrite) return { kind: 'kept', reason: 'edited' }
  // A folder that it was moved to stays its folder; without one it would go to the root.
  const body = saved({ ...wanted, version: dashboard.version }, meta.folderUid ?? '', overwrite)
  return await changed(api, body)
}

/** Somebody may save it between our look and our answer. */
async function changed(api: GrafanaApi, body: JsonObject): Promise<Outcome> {
  try {
    await api.post('api/dashboards/db', body)
    return { kind: 'changed' }
  } catch (error) {
    if (!(error instanceof GrafanaRefusedError) || error.status !== 'version-mismatch') throw error
    return { kind: 'kept', reason: 'edited' }
  }
}

/** The newest version does not have our message. Tags would not tell: they stay when a person saves. */
async function editedByOthers(api: GrafanaApi, uid: string): Promise<boolean> {
  const answer = await api.get<Versions | { versions: Versions }>(
    `api/dashboards/uid/${uid}/versions?limit=1`
  )
  const versions = answer === undefined ? [] : 'versions' in answer ? answer.versions : answer
  return versions[0]?.message !== MESSAGE
}

function saved(dashboard: JsonObject, folderUid: string, overwrite: boolean): JsonObject {
  return { dashboard, folderUid, message: MESSAGE, overwrite }
}

function tagged(text: string, hash: string): JsonObject {
  const dashboard = JSON.parse(text) as JsonObject & { tags: string[] }
  return { ...dashboard, tags: [...dashboard.tags, hash] }
}

/** Grafana may store a dashboard with other defaults than it was sent with, so what was sent is told by its hash. */
function hashTag(text: string): string {
  return `driftlog-${createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS)}`
}
