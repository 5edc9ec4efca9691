import { expect, test } from 'vitest'
import { MemoryLogStore } from '../../../collector/store/memory.ts'
import { batch, DAY, origin } from '../../collector/store/corpus.ts'
import { openFace } from '../face.ts'

test('figures are in the format of Prometheus, each with its type', async () => {
  await using face = await openFace({ batches: [batch(origin('orders'), [{ text: 'hello', time: DAY }])] })
  await face.get('/api/logs')
  await face.get('/api/logs?limit=0')
  const response = await fetch(`${face.url}/metrics`)
  expect(response.headers.get('content-type')).toContain('text/plain')
  const text = await response.text()
  for (const line of [
    'driftlog_build_info{version="0.0.0-test"} 1',
    'driftlog_store_records 1',
    'driftlog_store_writable 1',
    'driftlog_store_appended_records_total 1',
    'driftlog_queries_running 0',
    'driftlog_tails 0',
    'driftlog_http_request_seconds_count{method="GET",route="/api/logs",status="200"} 1',
    'driftlog_http_request_seconds_count{method="GET",route="/api/logs",status="400"} 1',
    '# TYPE driftlog_store_appended_records_total counter',
    '# TYPE driftlog_event_loop_lag_p99_seconds gauge'
  ]) {
    expect(text).toContain(`${line}\n`)
  }
  const again = await (await fetch(`${face.url}/metrics`)).text()
  expect(again).toContain('driftlog_store_appended_records_total 1\n')
})

test('a hub whose store takes nothing is alive, but not ready', async () => {
  class Full extends MemoryLogStore {
    override health() {
      return { ...super.health(), writable: false, reason: 'no space left in /srv/secret' }
    }
  }
  await using face = await openFace({ logs: new Full() })
  expect((await face.get('/healthz')).body).toEqual({ status: 'ok' })
  const { status, body } = await face.get('/readyz')
  expect([status, body.code]).toEqual([503, 'DRIFTLOG_NOT_READY'])
  expect(body.message).not.toContain('/srv')
  expect((await face.get('/api/status')).body.store).toMatchObject({ writable: false })
})

test('the description lists every route, with what it takes and answers', async () => {
  await using face = await openFace()
  const { body } = await face.get('/openapi.json')
  expect(body.openapi).toBe('3.1.0')
  const operations = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods as Record<string, Operation>).map(([method, operation]) => ({
      path,
      method,
      ...operation
    }))
  )
  expect(operations.map(({ method, path }) => `${method} ${path}`).sort()).toEqual([
    'delete /api/host-keys/{host}',
    'delete /api/session',
    'delete /api/tokens/{id}',
    'get /api/apps',
    'get /api/completeness',
    'get /api/host-keys',
    'get /api/hosts',
    'get /api/instances',
    'get /api/instances/{id}/streams',
    'get /api/logs',
    'get /api/logs/export',
    'get /api/logs/facets',
    'get /api/logs/histogram',
    'get /api/logs/{id}',
    'get /api/logs/{id}/context',
    'get /api/moves',
    'get /api/stats',
    'get /api/stats/latest',
    'get /api/status',
    'get /api/tail',
    'get /api/tokens',
    'get /healthz',
    'get /metrics',
    'get /openapi.json',
    'get /readyz',
    'post /api/session',
    'post /api/tokens'
  ])
  const ids = operations.map(({ operationId }) => operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, summary, responses, parameters = [], security } of operations) {
    expect(summary, path).toBeTruthy()
    expect(security, path).toBeDefined()
    const [code, ok] = Object.entries(responses).find(([status]) => status.startsWith('2')) ?? []
    expect(ok?.description, path).toBeTruthy()
    if (code !== '204') expect(Object.values(ok?.content ?? {})[0]?.schema, path).toBeDefined()
    for (const name of path.match(/(?<=\{)\w+(?=\})/g) ?? []) {
      expect(parameters, path).toContainEqual(expect.objectContaining({ in: 'path', name, required: true }))
    }
    for (const { schema } of parameters) expect(schema, path).toBeDefined()
  }
  // Nothing points at what is not there.
  expect(JSON.stringify(body)).not.toContain('$ref')
})

interface Operation {
  operationId: string
  summary?: string
  security?: unknown[]
  parameters?: { in: string; name: string; required?: boolean; schema?: object }[]
  responses: Record<string, { description?: string; content?: Record<string, { schema?: object }> }>
}
