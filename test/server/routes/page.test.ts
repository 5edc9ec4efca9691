import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Face, openFace } from '../face.ts'

const HTML = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

test.each<[string, Record<string, string>, number, string, string]>([
  ['/', {}, 200, 'index', 'no-cache'],
  ['/production/orders/logs?q=level:error', HTML, 200, 'index', 'no-cache'],
  ['/production/orders.v2', HTML, 200, 'index', 'no-cache'],
  ['/assets/main-3f2a.js', {}, 200, 'script', 'public, max-age=31536000, immutable'],
  ['/favicon.svg', {}, 200, 'icon', 'no-cache'],
  ['/assets/gone-1234.js', HTML, 404, 'DRIFTLOG_ROUTE_NOT_FOUND', 'no-store'],
  ['/production/orders', { accept: 'application/json' }, 404, 'DRIFTLOG_ROUTE_NOT_FOUND', 'no-store'],
  ['/api/unknown', HTML, 404, 'DRIFTLOG_ROUTE_NOT_FOUND', 'no-store'],
  ['/agent/v1/unknown', HTML, 404, 'DRIFTLOG_ROUTE_NOT_FOUND', 'no-store'],
  ['/..%2fsecret.txt', {}, 404, 'DRIFTLOG_ROUTE_NOT_FOUND', 'no-store'],
  ['/assets/..%2f..%2fsecret.txt', {}, 404, 'DRIFTLOG_ROUTE_NOT_FOUND', 'no-store'],
  ['/.env', {}, 404, 'DRIFTLOG_ROUTE_NOT_FOUND', 'no-store']
])('GET %s', async (path, headers, status, body, cache) => {
  await using built = await openBuilt()
  const response = await fetch(built.face.url + path, { headers })
  expect([response.status, response.headers.get('cache-control')]).toEqual([status, cache])
  expect(await response.text()).toContain(body)
})

test('browsers are told to load nothing but the page itself', async () => {
  await using built = await openBuilt()
  const { headers } = await fetch(built.face.url)
  const policy = headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/unsafe|\*/)
  expect(headers.get('x-content-type-options')).toBe('nosniff')
  expect(headers.get('referrer-policy')).toBe('no-referrer')
})

test('a file that did not change is not sent again', async () => {
  await using built = await openBuilt()
  const first = await fetch(`${built.face.url}/assets/main-3f2a.js`)
  await first.text()
  const etag = first.headers.get('etag') ?? ''
  // fetch() would add that it wants no cached answer.
  const status = await new Promise((resolve) => {
    get(`${built.face.url}/assets/main-3f2a.js`, { headers: { 'if-none-match': etag } }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
  })
  expect(status).toBe(304)
})

test('a hub without a built page says how to build it', async () => {
  await using face = await openFace()
  expect(await face.get('/')).toMatchObject({ status: 404, body: { code: 'DRIFTLOG_PAGE_MISSING' } })
})

async function openBuilt(): Promise<{ face: Face } & AsyncDisposable> {
  const folder = await mkdtemp(join(tmpdir(), 'driftlog-page-'))
  const pageFolder = join(folder, 'web')
  await mkdir(join(pageFolder, 'assets'), { recursive: true })
  await writeFile(join(folder, 'secret.txt'), 'secret')
  await writeFile(join(pageFolder, '.env'), 'secret')
  await writeFile(join(pageFolder, 'index.html'), '<!doctype html>index')
  await writeFile(join(pageFolder, 'favicon.svg'), 'icon')
  await writeFile(join(pageFolder, 'assets', 'main-3f2a.js'), 'script')
  const face = await openFace({ parts: { pageFolder } })
  return {
    face,
    async [Symbol.asyncDispose]() {
      await face[Symbol.asyncDispose]()
      await rm(folder, { recursive: true })
    }
  }
}
