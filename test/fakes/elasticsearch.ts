/**
 * A small Elasticsearch for faults that the real one can't be made to show: it takes what the store writes, keeps it by
 * index and id, and answers as a test says. It does not search.
 */
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'

export interface Asked {
  method: string
  path: string
  headers: IncomingHttpHeaders
  body: string
}

/** One document that a bulk brings. */
export interface Brought {
  index: string
  id: string
  source: string
}

export type Fault =
  /** Answered so; nothing is done. `product: false` leaves out the header by which a client knows the server. */
  | { kind: 'answer'; status: number; body?: unknown; product?: boolean }
  /** Done, and the connection is cut in the middle of the answer. */
  | { kind: 'cut' }
  /** Done, and never answered. */
  | { kind: 'silence' }

export interface Refusal {
  status: number
  type: string
  reason: string
}

export interface FakeCluster extends AsyncDisposable {
  url: string
  /** Every request so far. */
  asked: Asked[]
  /** What becomes of a request; undefined: what it asks for. */
  fault: (asked: Asked) => Fault | undefined
  /** What becomes of a document of a bulk; undefined: it is taken. */
  refuse: (brought: Brought) => Refusal | undefined
  /** What was taken, by `<index>/<id>`, in the order of its coming. */
  documents: Map<string, string>
}

export async function openFakeCluster(): Promise<FakeCluster> {
  const fake = { asked: [] as Asked[], documents: new Map<string, string>() } as unknown as FakeCluster
  fake.fault = () => undefined
  fake.refuse = () => undefined
  const server = createServer(async (request, response) => {
    const asked = await read(request)
    fake.asked.push(asked)
    const fault = fake.fault(asked)
    if (fault?.kind === 'answer') {
      const { status, body = {}, product = true } = fault
      return answer(response, status, JSON.stringify(body), product)
    }
    const body = JSON.stringify(done(fake, asked))
    if (fault?.kind === 'silence') return
    if (!fault) return answer(response, 200, body)
    response.writeHead(200, { ...HEADERS, 'content-length': Buffer.byteLength(body) })
    response.write(body.slice(0, body.length / 2), () => request.socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  fake.url = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`
  fake[Symbol.asyncDispose] = async () => {
    server.close()
    server.closeAllConnections()
    await once(server, 'close')
  }
  return fake
}

const HEADERS = { 'content-type': 'application/json' }

async function read(request: IncomingMessage): Promise<Asked> {
  let body = ''
  for await (const part of request.setEncoding('utf8')) body += part
  const { method = '', url: path = '', headers } = request
  return { method, path, headers, body }
}

function answer(response: ServerResponse, status: number, body: string, product = true): void {
  response.writeHead(status, { ...HEADERS, ...(product ? { 'x-elastic-product': 'Elasticsearch' } : {}) })
  response.end(body)
}

function done(fake: FakeCluster, { path, body }: Asked): unknown {
  const [, index = '', act] = /^\/(?:([^/_?]+)\/)?(_[a-z_]+)/.exec(path) ?? []
  if (act === '_bulk') return { errors: false, items: bulk(fake, index, body) }
  if (act === '_mget') return { docs: some(fake, index, JSON.parse(body)) }
  if (act === '_search') return { hits: { hits: [] }, timed_out: false, _shards: { total: 1, failed: 0 } }
  if (act === '_cat') return []
  if (act === '_index_template') return { index_templates: [{ index_template: { version: 1 } }] }
  return { acknowledged: true }
}

function bulk(fake: FakeCluster, within: string, body: string): unknown[] {
  const lines = body.trimEnd().split('\n')
  const items: unknown[] = []
  for (let at = 0; at < lines.length; ) {
    const [action = '', place] = Object.entries(JSON.parse(lines[at++] ?? '{}'))[0] as [string, Place]
    const [index, id] = [place._index ?? within, place._id]
    const key = `${index}/${id}`
    if (action === 'delete') {
      items.push({ delete: { status: fake.documents.delete(key) ? 200 : 404 } })
      continue
    }
    const source = lines[at++] ?? ''
    const refusal = fake.refuse({ index, id, source })
    if (refusal) {
      const { status, ...error } = refusal
      items.push({ [action]: { status, error } })
    } else if (action === 'create' && fake.documents.has(key)) {
      const error = { type: 'version_conflict_engine_exception', reason: 'document already exists' }
      items.push({ create: { status: 409, error } })
    } else {
      fake.documents.set(key, source)
      items.push({ [action]: { status: 201, _seq_no: fake.documents.size, _primary_term: 1 } })
    }
  }
  return items
}

interface Place {
  _index?: string
  _id: string
}

interface Wanted {
  ids?: readonly string[]
  docs?: readonly Place[]
}

function some(fake: FakeCluster, within: string, { ids, docs }: Wanted): unknown[] {
  const places: readonly Place[] = docs ?? ids?.map((_id) => ({ _id })) ?? []
  return places.map(({ _id, _index = within }) => {
    const source = fake.documents.get(`${_index}/${_id}`)
    return source === undefined
      ? { _id, found: false }
      : { _id, found: true, _source: JSON.parse(source), _seq_no: 1, _primary_term: 1 }
  })
}
