/** What the URL holds. The URL is the state: everything that a link must bring back stands here, nothing else. */
export interface View {
  /** What is looked at: log lines, the deploys of the scope (or the one named below), or an app's definition. */
  page: PageName
  /** '' stands for all environments. */
  environment: string
  /** '' stands for all apps. */
  app: string
  /** The text of the query as typed. */
  q: string
  /** As asked of the hub: `now-3h`, or RFC 3339 in UTC. */
  from: string
  to: string
  live: boolean
  /** `down`: oldest to newest downwards. */
  order: 'down' | 'up'
  /** Fields shown as columns between level and text. */
  cols: readonly string[]
  /** Id of the selected record, or ''. */
  at: string
  /** The context of record `at`, within its instance or over its app; '' shows the search. */
  ctx: '' | 'instance' | 'app'
  /** Records of context to each side, 1 … 500. */
  n: number
  /** An IANA zone pinned by hand, or ''. */
  tz: string
  /** Id of the deploy that is shown in full, or ''. */
  deploy: string
  /** Of the definition that is shown; 0 stands for the newest. */
  version: number
  /** The version that it is compared with; 0 compares it with none. */
  against: number
}

export const PAGES = ['logs', 'deploys', 'definition'] as const
export type PageName = (typeof PAGES)[number]

/** No deploy and no version is chosen: the beginning of each page. */
export const NO_DEPLOY = { deploy: '', version: 0, against: 0 } as const

export const START_VIEW: View = {
  page: 'logs',
  environment: '',
  app: '',
  q: '',
  from: 'now-3h',
  to: 'now',
  live: false,
  order: 'down',
  cols: [],
  at: '',
  ctx: '',
  n: 50,
  tz: '',
  ...NO_DEPLOY
}

/**
 * `/{environment}/{app}/logs?…`, `…/deploys[/{id}]?…` or `…/definition?…`; `-` stands for all. Anything that is not
 * understood keeps its default.
 */
export function viewOf(url: Pick<URL, 'pathname' | 'search'>): View {
  const [, environment = '-', app = '-', name, id = ''] = url.pathname.split('/')
  const page = PAGES.find((known) => known === name) ?? START_VIEW.page
  const params = new URLSearchParams(url.search)
  const ctx = params.get('ctx')
  const n = Number(params.get('n') ?? START_VIEW.n)
  return {
    page,
    environment: fromSegment(environment),
    app: fromSegment(app),
    q: params.get('q') ?? '',
    from: params.get('from') || START_VIEW.from,
    to: params.get('to') || START_VIEW.to,
    live: params.get('live') === '1',
    order: params.get('order') === 'up' ? 'up' : 'down',
    cols: (params.get('cols') ?? '').split(',').filter(Boolean).map(decodeURIComponentSafely),
    at: params.get('at') ?? '',
    ctx: params.get('at') && (ctx === 'instance' || ctx === 'app') ? ctx : '',
    n: Number.isInteger(n) && n >= 1 && n <= 500 ? n : START_VIEW.n,
    tz: params.get('tz') ?? '',
    deploy: page === 'deploys' ? fromSegment(id) : '',
    version: page === 'definition' ? versionOf(params.get('version')) : 0,
    against: page === 'definition' ? versionOf(params.get('against')) : 0
  }
}

/** Path and query of a view; the same view always gives the same text. */
export function urlOf(view: View): string {
  const params = new URLSearchParams()
  if (view.q !== '') params.set('q', view.q)
  if (view.from !== START_VIEW.from || view.to !== START_VIEW.to) {
    params.set('from', view.from)
    params.set('to', view.to)
  }
  if (view.live) params.set('live', '1')
  if (view.order !== START_VIEW.order) params.set('order', view.order)
  if (view.cols.length > 0) params.set('cols', view.cols.map(encodeURIComponent).join(','))
  if (view.at !== '') params.set('at', view.at)
  if (view.ctx !== '') {
    params.set('ctx', view.ctx)
    params.set('n', String(view.n))
  }
  if (view.tz !== '') params.set('tz', view.tz)
  if (view.page === 'definition' && view.version > 0) params.set('version', String(view.version))
  if (view.page === 'definition' && view.against > 0) params.set('against', String(view.against))
  const query = params.toString()
  const id = view.page === 'deploys' && view.deploy !== '' ? `/${toSegment(view.deploy)}` : ''
  const path = `/${toSegment(view.environment)}/${toSegment(view.app)}/${view.page}${id}`
  return query ? `${path}?${query}` : path
}

/** What the hub is asked: two views with the same key have the same records, counts and facets. */
export function searchKeyOf(view: View): string {
  return JSON.stringify([view.environment, view.app, view.q, view.from, view.to])
}

function versionOf(text: string | null): number {
  const version = Number(text ?? 0)
  return Number.isInteger(version) && version > 0 ? version : 0
}

/** Names that a path would swallow (`-` stands for all, `.` and `..` are folders) carry a `~` before them. */
function toSegment(name: string): string {
  if (name === '') return '-'
  return (/^(-|\.\.?|~.*)$/.test(name) ? '~' : '') + encodeURIComponent(name)
}

function fromSegment(segment: string): string {
  if (segment === '-' || segment === '') return ''
  return decodeURIComponentSafely(segment.startsWith('~') ? segment.slice(1) : segment)
}

function decodeURIComponentSafely(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
