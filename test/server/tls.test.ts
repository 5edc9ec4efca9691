import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request as plainRequest } from 'node:http'
import { Agent, type RequestOptions, request } from 'node:https'
import { connect as connectPlain } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type TLSSocket } from 'node:tls'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { readConfig } from '../../server/config.ts'
import { type Hub, type HubOptions, startHub } from '../../server/hub.ts'
import { type CertificateFolder, certificateFolder, type MadePair } from '../fakes/certificates.ts'
import type { Body } from './face.ts'

const LOG = pino({ level: 'silent' })

let folder: CertificateFolder
let own: MadePair
let other: MadePair
beforeAll(async () => {
  folder = await certificateFolder()
  own = await folder.make('own')
  other = await folder.make('other')
})
afterAll(() => folder[Symbol.asyncDispose]())

test('a hub with a certificate speaks https, and says so wherever it names itself', async () => {
  await using place = await openHub(own)
  const { hub } = place
  expect([hub.url, hub.localUrl]).toEqual([
    expect.stringMatching(/^https:/),
    expect.stringMatching(/^https:\/\/127/)
  ])
  expect([hub.open, hub.clear]).toEqual([false, false])
  const status = await ask(hub, '/api/status', hub.tokens.admin)
  expect(status.body).toMatchObject({
    clear: false,
    certificate: { fingerprint: own.fingerprint, selfSigned: true, expires: expect.any(String) },
    join: `DRIFTLOG_JOIN_TOKEN=${hub.tokens.join} driftlog agent --hub ${hub.url} --fingerprint ${own.fingerprint}`
  })
  expect(status.headers['strict-transport-security']).toBe('max-age=31536000')
  const { body: figures } = await ask(hub, '/metrics', hub.tokens.read)
  expect(figures).toMatch(/^driftlog_certificate_expires_timestamp_seconds \d{10}$/m)
  // Programs on this machine know it by this file.
  expect(await readFile(join(place.data, 'tokens', 'fingerprint'), 'utf8')).toBe(`${own.fingerprint}\n`)
})

test('where somebody vouches for the certificate nothing is to be pinned', async () => {
  const by = await folder.authority('authority')
  await using place = await openHub(await folder.make('signed', { by }))
  const { body } = await ask(place.hub, '/api/status', place.hub.tokens.admin)
  expect(body.join).not.toContain('--fingerprint')
})

test('beyond loopback without https: it works, is told at the start and in the status', async () => {
  const said: string[] = []
  const log = pino({ level: 'warn' }, { write: (line) => void said.push(line) })
  await using place = await openHub(undefined, { log })
  const { hub } = place
  expect(said.join('')).toContain('go over the network in clear')
  const headers = { authorization: `Bearer ${hub.tokens.read}` }
  const answer = await fetch(`${hub.localUrl}/api/status`, { headers })
  expect(await answer.json()).toMatchObject({ clear: true })
  expect(answer.headers.get('strict-transport-security')).toBeNull()
})

test.each<[string, Record<string, string>, boolean]>([
  ['on loopback', {}, false],
  [
    'behind a proxy that speaks https',
    { DRIFTLOG_LISTEN_HOST: '0.0.0.0', DRIFTLOG_PUBLIC_URL: 'https://logs.example.org' },
    false
  ],
  ['behind a proxy that speaks http', { DRIFTLOG_PUBLIC_URL: 'http://logs.example.org' }, true]
])('%s tokens go in clear: %s', async (_name, env, clear) => {
  await using place = await openHub(undefined, {}, { DRIFTLOG_LISTEN_HOST: '127.0.0.1', ...env })
  expect(place.hub.clear).toBe(clear)
})

test.each<[string, () => Promise<{ certFile: string; keyFile: string }>, RegExp]>([
  [
    'of two pairs',
    async () => ({ certFile: own.certFile, keyFile: other.keyFile }),
    /key in \S+other\.key\.pem does not belong to the certificate/
  ],
  [
    'that are not there',
    async () => ({ certFile: '/nowhere/cert', keyFile: own.keyFile }),
    /\/nowhere\/cert can not be read \(ENOENT\). Set DRIFTLOG_TLS_CERT_FILE/
  ],
  [
    'the wrong way round',
    async () => ({ certFile: own.keyFile, keyFile: own.certFile }),
    /holds no certificate in PEM form/
  ],
  [
    'with a key that is none',
    async () => ({ certFile: own.certFile, keyFile: own.certFile }),
    /holds no private key in PEM form/
  ]
])('files %s stop the start, and leave no folder behind', async (_name, files, message) => {
  const { certFile, keyFile } = await files()
  const data = join(folder.path, 'never')
  const config = readConfig({
    DRIFTLOG_DATA_DIR: data,
    DRIFTLOG_LISTEN_PORT: '0',
    DRIFTLOG_TLS_CERT_FILE: certFile,
    DRIFTLOG_TLS_KEY_FILE: keyFile
  })
  await expect(startHub(config, { log: LOG })).rejects.toMatchObject({
    code: 'DRIFTLOG_TLS_CERTIFICATE',
    message: expect.stringMatching(message)
  })
  await expect(readFile(join(data, 'format.json'))).rejects.toThrow('ENOENT')
})

test.each(['DRIFTLOG_TLS_CERT_FILE', 'DRIFTLOG_TLS_KEY_FILE'])('%s alone is not enough', (name) => {
  expect(() => readConfig({ [name]: '/some/file' })).toThrow(/DRIFTLOG_TLS_(?:KEY|CERT)_FILE is not set/)
})

test('whoever speaks plain http is told to speak https, whatever was asked', async () => {
  await using place = await openHub(own)
  const { hub } = place
  const port = Number(new URL(hub.localUrl).port)
  const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
    const call = plainRequest(
      { port, host: '127.0.0.1', method: 'POST', path: '/agent/v1/hello' },
      (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (part) => {
          body += part
        })
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      }
    )
    call.on('error', reject).end('x'.repeat(300_000))
  })
  expect(answer.status).toBe(400)
  expect(JSON.parse(answer.body)).toMatchObject({
    code: 'DRIFTLOG_PLAIN_HTTP',
    message: expect.stringContaining('https://')
  })
  // Nor does one who says nothing, or hangs up, disturb anybody.
  const silent = connectPlain(port, '127.0.0.1')
  connectPlain(port, '127.0.0.1').destroy()
  expect((await ask(hub, '/healthz')).status).toBe(200)
  // The hub does not wait for it when it stops.
  const gone = once(silent, 'close')
  await hub.close()
  await gone
})

test('what is older than TLS 1.2 is refused', async () => {
  await using place = await openHub(own)
  const port = Number(new URL(place.hub.localUrl).port)
  const shake = (version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3') =>
    new Promise<string>((resolve) => {
      const options = { minVersion: version, maxVersion: version, rejectUnauthorized: false } as const
      const ciphers = version === 'TLSv1.1' ? { ciphers: 'DEFAULT@SECLEVEL=0' } : {}
      const socket = connect({ port, host: '127.0.0.1', ...options, ...ciphers })
      socket.on('secureConnect', () => {
        resolve(socket.getProtocol() ?? '')
        socket.destroy()
      })
      socket.on('error', () => resolve('refused'))
    })
  expect(await Promise.all([shake('TLSv1.1'), shake('TLSv1.2'), shake('TLSv1.3')])).toEqual([
    'refused',
    'TLSv1.2',
    'TLSv1.3'
  ])
})

test('newer files are served without a restart, and connections that stand go on', async () => {
  await using files = await copies(own)
  const changed: string[] = []
  await using place = await openHub(files, { certificateChanged: () => void changed.push('once') })
  const { hub } = place
  await using tail = await openTail(hub)
  expect(await seenBy(hub)).toBe(own.fingerprint)
  await files.become(other)
  while ((await seenBy(hub)) !== other.fingerprint) await sleep(100)
  expect((await ask(hub, '/api/status', hub.tokens.read)).body.certificate).toMatchObject({
    fingerprint: other.fingerprint
  })
  expect(changed).toEqual(['once'])
  expect(await readFile(join(place.data, 'tokens', 'fingerprint'), 'utf8')).toBe(`${other.fingerprint}\n`)
  // The tail of before still hears.
  await hub.access.revoke(/_([0-9a-f]{16})_/.exec(tail.token)?.[1] ?? '')
  expect(await tail.text).toContain('event: end')
})

test('a wrong pair is not served: the old one is, and the status says why', async () => {
  await using files = await copies(own)
  const said: string[] = []
  const log = pino({ level: 'error' }, { write: (line) => void said.push(line) })
  await using place = await openHub(files, { log })
  const { hub } = place
  await writeFile(files.keyFile, 'no key')
  await hub.reload()
  expect(await seenBy(hub)).toBe(own.fingerprint)
  const { body } = await ask(hub, '/api/status', hub.tokens.read)
  expect(body.certificate).toMatchObject({
    fingerprint: own.fingerprint,
    problem: expect.stringContaining('holds no private key')
  })
  expect(said.join('')).toContain('the old one is served on')
  // The rest of the pair arrives.
  await files.become(other)
  await hub.reload()
  const { certificate } = (await ask(hub, '/api/status', hub.tokens.read)).body
  expect([certificate.fingerprint, certificate.problem]).toEqual([other.fingerprint, undefined])
})

test('every answer tells browsers what not to do with it', async () => {
  await using place = await openHub(own)
  const { hub } = place
  const { tokens } = hub
  const paths = [
    '/',
    '/api/status',
    '/api/unknown',
    '/api/%ZZ',
    '/healthz',
    '/openapi.json',
    '/api/session',
    '/metrics'
  ]
  for (const path of paths) {
    for (const token of [undefined, tokens.read]) {
      const { headers } = await ask(hub, path, token)
      expect([path, headers['content-security-policy']]).toEqual([
        path,
        expect.stringContaining("frame-ancestors 'none'")
      ])
      expect([path, headers['x-content-type-options']]).toEqual([path, 'nosniff'])
      expect([path, headers['referrer-policy']]).toEqual([path, 'no-referrer'])
      if (path !== '/') expect([path, headers['cache-control']]).toEqual([path, 'no-store'])
    }
  }
})

async function openHub(
  files: { certFile: string; keyFile: string } | undefined,
  options: Partial<HubOptions> = {},
  env: Record<string, string> = {}
) {
  const data = await mkdtemp(join(tmpdir(), 'driftlog-tls-'))
  const config = readConfig({
    DRIFTLOG_DATA_DIR: data,
    DRIFTLOG_STORE: 'memory',
    DRIFTLOG_LISTEN_HOST: '0.0.0.0',
    DRIFTLOG_LISTEN_PORT: '0',
    ...(files ? { DRIFTLOG_TLS_CERT_FILE: files.certFile, DRIFTLOG_TLS_KEY_FILE: files.keyFile } : {}),
    ...env
  })
  const hub = await startHub(config, { log: LOG, ...options })
  return {
    hub,
    data,
    async [Symbol.asyncDispose]() {
      await hub.close()
      await rm(data, { recursive: true, force: true })
    }
  }
}

/** Files of a pair that becomes another one in place. */
async function copies(pair: MadePair) {
  const path = await mkdtemp(join(tmpdir(), 'driftlog-pair-'))
  const files = { certFile: join(path, 'cert.pem'), keyFile: join(path, 'key.pem') }
  const become = async ({ certFile, keyFile }: MadePair) => {
    await copyFile(certFile, files.certFile)
    await copyFile(keyFile, files.keyFile)
  }
  await become(pair)
  return { ...files, become, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}

function options(hub: Hub, path: string, token: string | undefined): RequestOptions {
  const { port } = new URL(hub.localUrl)
  // Every question by a connection of its own, so that it meets the certificate of now.
  const agent = new Agent({ keepAlive: false })
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  return { host: '127.0.0.1', port, path, agent, headers, rejectUnauthorized: false }
}

function ask(hub: Hub, path: string, token?: string) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: Body }>((resolve, reject) => {
    request(options(hub, path, token), (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => {
        text += part
      })
      response.on('end', () => {
        const body = text.startsWith('{') ? (JSON.parse(text) as Body) : text
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body })
      })
    })
      .on('error', reject)
      .end()
  })
}

async function seenBy(hub: Hub): Promise<string> {
  const socket: TLSSocket = connect({
    ...{ host: '127.0.0.1', port: Number(new URL(hub.localUrl).port), rejectUnauthorized: false }
  })
  await once(socket, 'secureConnect')
  const { fingerprint256 } = socket.getPeerCertificate()
  socket.destroy()
  return `sha256:${fingerprint256.replaceAll(':', '').toLowerCase()}`
}

async function openTail(hub: Hub) {
  const { token } = await hub.access.issue({ name: 'tail', scopes: ['read'] })
  const call = request(options(hub, '/api/tail', token)).end()
  const [response] = await once(call, 'response')
  let text = ''
  const whole = new Promise<string>((resolve) => {
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part
    })
    response.on('close', () => resolve(text))
  })
  return { token, text: whole, [Symbol.asyncDispose]: async () => void call.destroy() }
}
