import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkHub } from '../../../agent/doctor/hub.ts'
import type { Trust } from '../../../agent/ship/trust.ts'
import { readConfig } from '../../../server/config.ts'
import { type Hub, startHub } from '../../../server/hub.ts'
import { certificateFolder } from '../../fakes/certificates.ts'
import { machineWith } from './machine.ts'

const never = new AbortController().signal
let folder: string
let hub: Hub

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'driftlog-doctor-'))
  hub = await hubWith({ DRIFTLOG_LISTEN_HOST: '0.0.0.0' })
})

afterAll(async () => {
  await hub?.close()
  await rm(folder, { recursive: true, force: true })
})

function hubWith(env: Record<string, string>): Promise<Hub> {
  const settings = { DRIFTLOG_DATA_DIR: folder, DRIFTLOG_LISTEN_PORT: '0', DRIFTLOG_STORE: 'memory', ...env }
  return startHub(readConfig(settings), { log: pino({ level: 'silent' }) })
}

interface Asked {
  url?: string
  token?: string
  file?: string
  key?: string
  nowMs?: () => number
  inContainer?: boolean
}

async function told({ url = hub.localUrl, token, file, key, nowMs, inContainer = false }: Asked = {}) {
  const config = { hubUrl: new URL(url), joinToken: token, joinTokenFile: file && '/run/join' }
  const credentials = key === undefined ? undefined : { host: 'h', key }
  const machine = machineWith({ inContainer, files: file ? { '/run/join': file } : {} })
  const findings = await checkHub(config, credentials, machine, never, nowMs)
  return findings.map(
    ({ check, state, text, remedies }) => `${check} ${state}: ${text} → ${remedies.join(' | ')}`
  )
}

test('a join token is tried without joining', async () => {
  const right = await told({ token: hub.tokens.join })
  expect(right.map((line) => line.split(':')[0])).toEqual(['hub ok', 'clock ok', 'join token ok'])
  expect((await told({ file: `${hub.tokens.join}\n` })).at(-1)).toMatch(/^join token ok/)
  expect((await told({ token: hub.tokens.admin })).at(-1)).toMatch(/^join token ok/)
  expect((await told({ token: `dlj_${'0'.repeat(16)}_${'x'.repeat(32)}` })).at(-1)).toMatch(
    /^join token fail: .*does not accept/
  )
  expect((await told()).at(-1)).toMatch(/^join token fail: .*there is none.*DRIFTLOG_JOIN_TOKEN_FILE/)
  expect(hub.fleet.hosts()).toHaveLength(0)
})

test('a key is tried without a session', async () => {
  const key = await hub.access.issueHostKey('h')
  expect((await told({ key })).at(-1)).toMatch(/^identity ok/)
  await hub.access.revokeHostKey('h')
  expect((await told({ key })).at(-1)).toMatch(/^identity fail: .*agent.json/)
})

test('an open hub takes everybody', async () => {
  const own = await mkdtemp(join(tmpdir(), 'driftlog-doctor-'))
  try {
    await using open = await hubWith({ DRIFTLOG_DATA_DIR: own })
    expect((await told({ url: open.localUrl })).at(-1)).toMatch(/^join token ok/)
    expect(open.fleet.hosts()).toHaveLength(0)
  } finally {
    await rm(own, { recursive: true, force: true })
  }
})

test('a clock that is off is told with its direction', async () => {
  const token = hub.tokens.join
  expect((await told({ token, nowMs: () => Date.now() + 90_000 }))[1]).toMatch(
    /^clock warn: .*(89|90|91) s ahead.*set-ntp/
  )
  expect((await told({ token, nowMs: () => Date.now() - 90_000 }))[1]).toMatch(/^clock warn: .*s behind/)
})

test('nobody there, something else there, another version', async () => {
  expect((await told({ url: 'http://127.0.0.1:1' }))[0]).toMatch(
    /^hub fail: .*ECONNREFUSED.*start it: driftlog hub/
  )
  expect((await told({ url: 'http://127.0.0.1:1', inContainer: true }))[0]).toMatch(/--network host/)
  await answering(
    (_, response) => response.end('<html>a router</html>'),
    async (url) =>
      expect(await told({ url })).toEqual([
        expect.stringMatching(/^hub fail: .*no Driftlog hub.*DRIFTLOG_HUB_URL/)
      ])
  )
  const body = JSON.stringify({ code: 'DRIFTLOG_PROTOCOL', message: 'Update the agent.', statusCode: 400 })
  await answering(
    (_, response) => response.writeHead(400).end(body),
    async (url) =>
      expect(await told({ url })).toEqual([
        expect.stringMatching(/^hub fail: .*another version.*Update the agent/)
      ])
  )
})

async function answering(listener: RequestListener, use: (url: string) => Promise<unknown>): Promise<void> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  try {
    await use(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  } finally {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
}

test('a hub by https is known by its fingerprint or not at all', async () => {
  await using certificates = await certificateFolder()
  const { certFile, keyFile, fingerprint } = await certificates.make('own')
  const secure = await hubWith({
    DRIFTLOG_DATA_DIR: certificates.path,
    DRIFTLOG_LISTEN_HOST: '0.0.0.0',
    DRIFTLOG_TLS_CERT_FILE: certFile,
    DRIFTLOG_TLS_KEY_FILE: keyFile
  })
  try {
    const ask = (trust: Trust) => {
      const config = {
        hubUrl: new URL(secure.localUrl),
        joinToken: secure.tokens.join,
        joinTokenFile: undefined,
        trust
      }
      return checkHub(config, undefined, machineWith({}), never)
    }
    expect((await ask({ fingerprints: [fingerprint] })).map(({ state }) => state)).toEqual(['ok', 'ok', 'ok'])
    expect(await ask({})).toMatchObject([
      { check: 'hub', state: 'fail', text: expect.stringContaining(fingerprint) }
    ])
    expect(await ask({ caFile: '/nowhere' })).toMatchObject([
      { check: 'hub', state: 'fail', remedies: [expect.stringContaining('DRIFTLOG_HUB_CA_FILE')] }
    ])
  } finally {
    await secure.close()
  }
})
