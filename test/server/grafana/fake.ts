/** A small server that answers as Grafana's HTTP API is documented to. */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Kept {
  dashboard: Record<string, unknown> & { uid: string; title: string; version: number; tags: string[] }
  folderUid: string
  provisioned: boolean
  versions: { version: number; message: string }[]
}

export interface Annotation {
  time: number
  timeEnd: number
  tags: string[]
  text: string
}

export interface FakeGrafana extends AsyncDisposable {
  url: URL
  /** Method and path of every request. */
  asked: string[]
  folders: Map<string, string>
  dashboards: Map<string, Kept>
  sources: Map<string, Record<string, unknown>>
  plugin: { enabled: boolean; info: { version: string } } | undefined
  annotations: Annotation[]
  version: string
  /** What the data source of this uid says of itself; what is not among them does not answer. */
  healthy: Map<string, string>
  /** Takes connections and cuts them off. */
  away: boolean
  /** Takes questions and never answers. */
  hangs: boolean
  /** True for what its database fails at. */
  stumbles: (annotation: Annotation) => boolean
  /** Runs right before a dashboard is saved, as another person who is faster. */
  beforeSave: () => void
  /** As a person does on the page. */
  edit(uid: string, title: string): void
}

export const TOKEN = 'token-of-a-service-account'

interface Answer {
  status: number
  body: unknown
}

/** Actions with their scopes. Everybody may annotate single dashboards, as far as they may see them. */
const RIGHTS = {
  Viewer: { 'dashboards:read': ['dashboards:*'], 'annotations:create': ['annotations:type:dashboard'] },
  Editor: { 'dashboards:create': ['folders:uid:general'], 'annotations:create': ['annotations:*'] },
  Admin: {
    ...{ 'dashboards:create': ['folders:*'], 'annotations:create': ['annotations:*'] },
    'datasources:create': ['']
  }
}
/** `[annotations] tags_length` */
const MOST_OF_TAGS = 500

/** `role`: what the token may do. `wrapped`: versions come in an object, as since Grafana 12. */
export async function startGrafana({
  role = 'Admin',
  wrapped = true
}: {
  role?: keyof typeof RIGHTS
  wrapped?: boolean
} = {}): Promise<FakeGrafana> {
  const server = createServer(async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece as Buffer)
    const text = Buffer.concat(pieces).toString()
    const path = new URL(request.url ?? '', 'http://x').pathname.replace(/^\/grafana/, '')
    fake.asked.push(`${request.method} ${path}`)
    if (fake.away) {
      request.socket.destroy()
      return
    }
    if (fake.hangs) return
    const may = path === '/api/health' || request.headers.authorization === `Bearer ${TOKEN}`
    const { status, body } = may
      ? answerTo(`${request.method} ${path}`, text === '' ? {} : JSON.parse(text), searchOf(request))
      : { status: 401, body: { message: 'Invalid API key' } }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')

  const fake: FakeGrafana = {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/grafana/`),
    ...{ asked: [], folders: new Map(), dashboards: new Map(), sources: new Map() },
    plugin: { enabled: false, info: { version: '6.6.0' } },
    ...{
      annotations: [],
      version: '12.1.0',
      healthy: new Map(),
      away: false,
      hangs: false,
      stumbles: () => false
    },
    beforeSave: () => {},
    edit: (uid, title) => {
      const kept = fake.dashboards.get(uid)
      if (!kept) throw new Error(`no dashboard ${uid}`)
      keep({ ...kept.dashboard, title }, kept.folderUid, '')
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    }
  }

  function answerTo(question: string, body: Record<string, unknown>, search: URLSearchParams): Answer {
    if (question === 'GET /api/health')
      return { status: 200, body: { database: 'ok', version: fake.version } }
    if (question === 'GET /api/access-control/user/permissions') return { status: 200, body: RIGHTS[role] }
    if (question === 'GET /api/annotations') return annotationsWith(tagsOf(search.getAll('tags')), search)
    const [, last = ''] = /([^/ ]+)$/.exec(question) ?? []
    if (question.startsWith('GET /api/folders/')) return found(fake.folders.get(last), 'folder not found')
    if (question === 'POST /api/folders') {
      fake.folders.set(String(body['uid']), String(body['title']))
      return { status: 200, body }
    }
    if (question.endsWith('/versions')) return versionsOf(question.split('/').at(-2) ?? '')
    if (question.startsWith('GET /api/dashboards/uid/')) return standing(last)
    if (question === 'POST /api/dashboards/db') return save(body)
    if (question === 'POST /api/annotations') return annotate(body)
    if (question.startsWith('GET /api/plugins/')) return found(fake.plugin, 'Plugin not found')
    if (question.endsWith('/health')) return healthOf(question.split('/').at(-2) ?? '')
    if (role !== 'Admin') return { status: 403, body: { message: 'You’ll need additional permissions' } }
    if (question.startsWith('POST /api/plugins/')) {
      fake.plugin = { enabled: body['enabled'] === true, info: { version: '6.6.0' } }
      return { status: 200, body: { message: 'Plugin settings updated' } }
    }
    if (question.startsWith('GET /api/datasources/uid/'))
      return found(fake.sources.get(last), 'Data source not found')
    if (question === 'POST /api/datasources') {
      fake.sources.set(String(body['uid']), body)
      return { status: 200, body: { message: 'Datasource added' } }
    }
    return { status: 404, body: { message: 'Not found' } }
  }

  function annotate(body: Record<string, unknown>): Answer {
    const { time, timeEnd = time, tags, text } = body as unknown as Annotation
    if (role === 'Viewer') return { status: 403, body: { message: 'Access denied to save the annotation' } }
    if (JSON.stringify(tags).length > MOST_OF_TAGS)
      return { status: 400, body: { message: 'tags length exceeds the maximum allowed' } }
    const annotation = { time, timeEnd, tags: tagsOf(tags), text }
    if (fake.stumbles(annotation)) return { status: 500, body: { message: 'Failed to save annotation' } }
    fake.annotations.push(annotation)
    return { status: 200, body: { message: 'Annotation added', id: fake.annotations.length } }
  }

  function annotationsWith(tags: string[], search: URLSearchParams): Answer {
    const matching = fake.annotations.filter((one) => tags.every((tag) => one.tags.includes(tag)))
    const newestFirst = matching.toSorted((a, b) => b.timeEnd - a.timeEnd)
    return { status: 200, body: newestFirst.slice(0, Number(search.get('limit') ?? 100)) }
  }

  function healthOf(uid: string): Answer {
    if (!fake.sources.has(uid))
      return { status: 500, body: { message: 'Unable to load datasource metadata' } }
    const message = fake.healthy.get(uid)
    return message === undefined
      ? { status: 400, body: { status: 'ERROR', message: 'connection refused' } }
      : { status: 200, body: { status: 'OK', message } }
  }

  function standing(uid: string): Answer {
    const kept = fake.dashboards.get(uid)
    if (!kept) return { status: 404, body: { message: 'Dashboard not found' } }
    const { dashboard, folderUid, provisioned } = kept
    return { status: 200, body: { dashboard, meta: { folderUid, provisioned } } }
  }

  function versionsOf(uid: string): Answer {
    const versions = fake.dashboards.get(uid)?.versions.toReversed() ?? []
    return { status: 200, body: wrapped ? { versions } : versions }
  }

  function save(body: Record<string, unknown>): Answer {
    fake.beforeSave()
    const dashboard = body['dashboard'] as Kept['dashboard']
    const there = fake.dashboards.get(dashboard.uid)
    if (there?.provisioned) return { status: 400, body: { message: 'Cannot save provisioned dashboard' } }
    if (there && body['overwrite'] !== true && there.dashboard.version !== dashboard.version)
      return {
        status: 412,
        body: { message: 'The dashboard has been changed by someone else', status: 'version-mismatch' }
      }
    const version = keep(dashboard, String(body['folderUid'] ?? ''), String(body['message'] ?? ''))
    return { status: 200, body: { uid: dashboard.uid, status: 'success', version } }
  }

  function keep(dashboard: Kept['dashboard'], folderUid: string, message: string): number {
    const before = fake.dashboards.get(dashboard.uid)
    const version = (before?.dashboard.version ?? 0) + 1
    const versions = [...(before?.versions ?? []), { version, message }]
    fake.dashboards.set(dashboard.uid, {
      ...{ folderUid, versions, provisioned: false },
      dashboard: { ...dashboard, version }
    })
    return version
  }

  return fake
}

function searchOf({ url = '' }: IncomingMessage): URLSearchParams {
  return new URL(url, 'http://x').searchParams
}

/** As Grafana keeps them: what is behind a second colon is cut off. */
function tagsOf(tags: readonly string[]): string[] {
  return tags.map((tag) => tag.split(':').slice(0, 2).join(':'))
}

function found(thing: unknown, message: string): Answer {
  return thing === undefined ? { status: 404, body: { message } } : { status: 200, body: thing }
}
