/** A pull by what its answer may do: it ends, says what went wrong, breaks off, or falls silent and is not wanted any more. */

import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { actingEngine } from '../../../agent/docker/dockerode-acting.ts'

const folder = mkdtempSync(join(tmpdir(), 'driftlog-pull-'))
const socketPath = join(folder, 'engine.sock')
let answer: (response: ServerResponse) => void
let asked: { url: string | undefined; auth: string | undefined } | undefined
const server = createServer((request, response) => {
  asked = { url: request.url, auth: String(request.headers['x-registry-auth'] ?? '') }
  response.writeHead(200)
  response.write('{"status":"Pulling fs layer","id":"a"}\r\n')
  answer(response)
})

beforeAll(() => new Promise<void>((resolve) => void server.listen(socketPath, resolve)))
afterAll(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  rmSync(folder, { recursive: true })
})

async function pulled(signal = new AbortController().signal): Promise<string[]> {
  const told: string[] = []
  const credentials = { username: 'anna', password: 'secret', serveraddress: 'r.example' }
  const pull = actingEngine({ socketPath }).pull({ name: 'shop/app', version: '1', credentials }, signal)
  for await (const { status } of pull) told.push(status)
  return told
}

test('it tells what comes, also a last line without an end, and no credentials stand in the address', async () => {
  answer = (response) => response.end('{"status":"Pull')
  await expect(pulled()).rejects.toThrow('JSON')
  answer = (response) => response.end('{"status":"Pull complete","id":"a"}')
  expect(await pulled()).toEqual(['Pulling fs layer', 'Pull complete'])
  expect(asked?.url).toBe('/images/create?fromImage=shop%2Fapp&tag=1')
  expect(JSON.parse(Buffer.from(asked?.auth ?? '', 'base64url').toString())).toMatchObject({
    username: 'anna'
  })
})

test('what the registry says is thrown', async () => {
  answer = (response) => response.end('{"error":"manifest unknown"}\r\n')
  await expect(pulled()).rejects.toThrow('manifest unknown')
})

test('an answer that breaks off is no end', async () => {
  answer = (response) => setTimeout(() => response.destroy(), 20)
  await expect(pulled()).rejects.toThrow()
})

test('one that is silent ends when it is not wanted any more', async () => {
  answer = () => {}
  const stop = new AbortController()
  setTimeout(() => stop.abort(new Error('withdrawn')), 50)
  await expect(pulled(stop.signal)).rejects.toThrow('withdrawn')
})
