import { connect } from 'node:net'
import { Check } from 'typebox/value'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { StoreFullError } from '../../collector/store/store.ts'
import { ErrorJson } from '../../server/api/error.ts'
import * as catalogue from '../../server/errors.ts'
import { refusalOf } from '../../server/plugins/errors.ts'
import { type Face, openFace } from './face.ts'

const LONG = 'x'.repeat(100_000)
const ID = `${'0'.repeat(16)}.0.0.0`

/** One hub for all: whatever one asks, the next one is served. */
let face: Face
beforeAll(async () => {
  face = await openFace()
})
afterAll(() => face[Symbol.asyncDispose]())

test.each<[string, number, string]>([
  ['/api/logs?limit=0', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?limit=1001', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?limit=ten', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?limit=1&limit=2', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?q=a&q=b', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?direction=up', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?fromm=now-1h', 400, 'DRIFTLOG_VALIDATION'],
  [`/api/logs?app=${'x'.repeat(256)}`, 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?from=yesterday', 400, 'DRIFTLOG_TIME'],
  [`/api/logs?from=${'9'.repeat(64)}`, 400, 'DRIFTLOG_TIME'],
  ['/api/logs?from=now&to=now-1h', 400, 'DRIFTLOG_TIME_ORDER'],
  ['/api/logs?after=abc', 400, 'DRIFTLOG_CURSOR'],
  [`/api/logs?after=${'9'.repeat(19)}_${ID}`, 200, ''],
  ['/api/logs?q=%22open', 400, 'DRIFTLOG_QUERY'],
  ['/api/logs?q=/(((/', 400, 'DRIFTLOG_QUERY'],
  [`/api/logs?q=${'('.repeat(50_000)}`, 400, 'DRIFTLOG_QUERY'],
  [`/api/logs?q=${LONG}`, 200, ''],
  [`/api/logs?q=${'a+'.repeat(50_000)}`, 400, 'DRIFTLOG_QUERY'],
  [`/api/logs?q=${LONG}x`, 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs?q=%ff%fe%00', 200, ''],
  ['/api/logs/nonsense', 400, 'DRIFTLOG_RECORD_ID'],
  [`/api/logs/${'0'.repeat(60)}`, 400, 'DRIFTLOG_RECORD_ID'],
  [`/api/logs/${'0'.repeat(100)}`, 400, 'DRIFTLOG_VALIDATION'],
  [`/api/logs/${'0'.repeat(300)}`, 404, 'DRIFTLOG_ROUTE_NOT_FOUND'],
  [`/api/logs/${ID}`, 404, 'DRIFTLOG_RECORD_NOT_FOUND'],
  [`/api/logs/${ID}/context?before=501`, 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs/histogram?zone=Mars/Olympus', 400, 'DRIFTLOG_ZONE'],
  ['/api/logs/histogram?buckets=241', 400, 'DRIFTLOG_VALIDATION'],
  [`/api/logs/facets?fields=${Array.from({ length: 21 }, (_, i) => `f${i}`)}`, 400, 'DRIFTLOG_VALIDATION'],
  ['/api/logs/facets?fields=__proto__,constructor', 200, ''],
  ['/api/logs/export?limit=0', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/tail?q=(', 400, 'DRIFTLOG_QUERY'],
  ['/api/moves?limit=5001', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/moves?from=soon', 400, 'DRIFTLOG_TIME'],
  ['/api/hosts?x=1', 400, 'DRIFTLOG_VALIDATION'],
  ['/api/nothing', 404, 'DRIFTLOG_ROUTE_NOT_FOUND'],
  ['/api/%ZZ', 400, 'DRIFTLOG_URL'],
  ['/%2e%2e/%2e%2e/etc/passwd', 404, 'DRIFTLOG_ROUTE_NOT_FOUND']
])('GET %s → %s %s', async (path, status, code) => {
  const answer = await face.get(path)
  expect([answer.status, answer.body.code ?? '']).toEqual([status, code])
  if (status === 200) return
  expect(Check(ErrorJson, answer.body), JSON.stringify(answer.body)).toBe(true)
  expect(answer.body.statusCode).toBe(status)
  expect(answer.body.message.length).toBeLessThan(400)
  expect(answer.headers.get('cache-control')).toBe('no-store')
})

test('a query error marks its place and offers a fix', async () => {
  const { body } = await face.get(`/api/logs?q=${encodeURIComponent('refused (timeout')}`)
  expect(body).toMatchObject({ code: 'DRIFTLOG_QUERY', detail: 'unclosed-bracket', from: 8, to: 16 })
})

test('a query that runs, but may not mean what was meant, comes with a warning', async () => {
  const { body } = await face.get(`/api/logs?q=${encodeURIComponent('*imeou*')}`)
  expect(body.page.warnings).toMatchObject([
    { code: 'only-prefixes', from: 0, to: 7, fix: expect.any(String) }
  ])
})

test.each<[string, RequestInit, number, string]>([
  ['a method that is not there', { method: 'POST' }, 404, 'DRIFTLOG_ROUTE_NOT_FOUND'],
  ['a method that is not there', { method: 'DELETE' }, 404, 'DRIFTLOG_ROUTE_NOT_FOUND']
])('%s', async (_name, init, status, code) => {
  const response = await fetch(`${face.url}/api/logs`, init)
  expect([response.status, ((await response.json()) as ErrorJson).code]).toEqual([status, code])
})

test.each([
  [
    'headers beyond all measure',
    `GET /api/logs?q=${'x'.repeat(200_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    431,
    'DRIFTLOG_HEADERS_TOO_LARGE'
  ],
  ['no HTTP at all', 'HELO mail.example.org\r\n\r\n', 400, 'DRIFTLOG_REQUEST_BROKEN'],
  [
    'two lengths',
    'POST /api/logs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
    'DRIFTLOG_REQUEST_BROKEN'
  ]
])('%s', async (_name, bytes, status, code) => {
  const answer = await raw(Number(new URL(face.url).port), bytes)
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(JSON.parse(answer.slice(answer.indexOf('{'))).code).toBe(code)
  // Nobody else is disturbed.
  expect((await face.get('/healthz')).status).toBe(200)
})

test('faults of the inside are not told', () => {
  expect(refusalOf(new Error('password is hunter2'))).toMatchObject({
    code: 'DRIFTLOG_INTERNAL',
    statusCode: 500
  })
  expect(JSON.stringify(refusalOf(new Error('password is hunter2')))).not.toContain('hunter2')
  expect(refusalOf('not even an error')).toMatchObject({ code: 'DRIFTLOG_INTERNAL' })
  expect(refusalOf(undefined)).toMatchObject({ code: 'DRIFTLOG_INTERNAL' })
  expect(refusalOf(new StoreFullError('no space'))).toMatchObject({
    code: 'DRIFTLOG_STORE_FULL',
    statusCode: 503
  })
})

test('every code of the hub is one refusal only, with the way out in its words', () => {
  const refusals = Object.values(catalogue).flatMap((Refusal) =>
    typeof Refusal === 'function' && Refusal !== catalogue.QueryError
      ? [refusalOf(Reflect.construct(Refusal, ['x', 'y']))]
      : []
  )
  const codes = refusals.map(({ code }) => code).filter((code) => code !== 'DRIFTLOG_INTERNAL')
  expect(codes.length).toBeGreaterThan(25)
  expect(new Set(codes).size).toBe(codes.length)
  for (const { code, message } of refusals) {
    expect(code).toMatch(/^DRIFTLOG_[A-Z_]+$/)
    expect(message.length, code).toBeGreaterThan(0)
  }
})

function raw(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    socket.on('close', () => resolve(text)).on('error', (error) => (text ? resolve(text) : reject(error)))
  })
}
