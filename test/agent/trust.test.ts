/** Whom an agent, and the command line, send their tokens to: real TLS servers that count every byte they are sent. */
import { once } from 'node:events'
import { createServer as createPlain } from 'node:http'
import { type AddressInfo, createServer as createSilent } from 'node:net'
import { createServer, type TlsOptions } from 'node:tls'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Hub } from '../../agent/ship/hub.ts'
import { agentFor, fingerprintOf, type Trust } from '../../agent/ship/trust.ts'
import { type CertificateFolder, certificateFolder, type MadePair } from '../fakes/certificates.ts'

const KEY = 'dlk_9f86d081884c7d65_abcdefghijklmnopqrstuvwxyzABCDEF'

let folder: CertificateFolder
let own: MadePair
let other: MadePair
let authority: MadePair
let signed: MadePair
beforeAll(async () => {
  folder = await certificateFolder()
  own = await folder.make('own')
  other = await folder.make('other')
  authority = await folder.authority('authority')
  signed = await folder.make('signed', { by: authority })
})
afterAll(() => folder[Symbol.asyncDispose]())

test('a certificate signed by itself is trusted by its fingerprint, whatever its name and dates', async () => {
  const old = await folder.make('old', {
    names: ['elsewhere.example'],
    days: 1,
    nowMs: Date.now() - 90 * 86_400_000
  })
  await using hub = await openHub(old)
  expect(await ask(hub, { fingerprints: [old.fingerprint] })).toBe('accepted')
  expect(await ask(hub, { fingerprints: [other.fingerprint, old.fingerprint] })).toBe('accepted')
  expect(hub.received()).toContain(KEY)
})

test('an authority is trusted by its file', async () => {
  await using hub = await openHub(signed)
  expect(await ask(hub, { caFile: authority.certFile })).toBe('accepted')
  expect(hub.received()).toContain(KEY)
  // A certificate that signs itself vouches for itself where it is named.
  await using self = await openHub(own)
  expect(await ask(self, { caFile: own.certFile })).toBe('accepted')
})

test('another certificate than the pinned one: both are named, and not a byte is sent', async () => {
  await using hub = await openHub(own)
  const refused = await ask(hub, { fingerprints: [other.fingerprint] })
  expect(refused).toMatchObject({ kind: 'refused', code: 'DRIFTLOG_HUB_FINGERPRINT' })
  const { message } = refused as { message: string }
  expect(message).toContain(`seen ${own.fingerprint}, expected ${other.fingerprint}`)
  expect(await hub.end()).toEqual({ connections: 1, received: '' })
})

test.each<[string, () => Promise<MadePair>, () => Trust, RegExp]>([
  ['by nobody', async () => own, () => ({}), /this system's authorities: it is signed by itself/],
  [
    'by another authority',
    async () => signed,
    () => ({ caFile: other.certFile }),
    /its authority is not among them/
  ],
  [
    'for another name',
    () => folder.make('far', { names: ['far.example'], by: authority }),
    () => ({ caFile: authority.certFile }),
    /made for another name or address/
  ],
  [
    'until yesterday',
    () => folder.make('late', { days: 1, nowMs: Date.now() - 2 * 86_400_000, by: authority }),
    () => ({ caFile: authority.certFile }),
    /it has expired/
  ],
  [
    'from tomorrow on',
    () => folder.make('soon', { nowMs: Date.now() + 86_400_000, by: authority }),
    () => ({ caFile: authority.certFile }),
    /not valid yet/
  ]
])(
  'a certificate that holds %s: the way out is named, and not a byte is sent',
  async (_name, make, trust, reason) => {
    const pair = await make()
    await using hub = await openHub(pair)
    const refused = await ask(hub, trust())
    expect(refused).toMatchObject({
      kind: 'refused',
      code: 'DRIFTLOG_HUB_CERTIFICATE',
      message: expect.stringMatching(reason)
    })
    expect(refused).toMatchObject({ message: expect.stringContaining(pair.fingerprint) })
    expect(hub.received()).toBe('')
  }
)

test('what is older than TLS 1.2 is not spoken', async () => {
  await using hub = await openHub(own, {
    minVersion: 'TLSv1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0'
  })
  expect(await ask(hub, { fingerprints: [own.fingerprint] })).toMatchObject({ kind: 'retry' })
  expect(hub.received()).toBe('')
})

test('a hub that speaks no https is said to be one', async () => {
  const server = createPlain((_request, response) => response.end()).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const hub = new Hub(new URL(`https://127.0.0.1:${portOf(server)}`), { fingerprints: [own.fingerprint] })
  const outcome = await hub.positions({ session: 's', streams: [] }, new AbortController().signal)
  expect(outcome).toMatchObject({ kind: 'retry', reason: expect.stringContaining('does not speak https') })
  hub.close()
  server.close()
})

test('an agent that stops does not wait for a handshake that never ends', async () => {
  const silent = createSilent(() => {}).listen(0, '127.0.0.1')
  await once(silent, 'listening')
  const stop = new AbortController()
  const hub = new Hub(new URL(`https://127.0.0.1:${portOf(silent)}`), { fingerprints: [own.fingerprint] })
  const outcome = hub.positions({ session: 's', streams: [] }, stop.signal)
  await once(silent, 'connection')
  stop.abort()
  expect(await outcome).toMatchObject({ kind: 'retry', reason: 'stopped' })
  hub.close()
  silent.close()
  await once(silent, 'close')
})

test('a file without authorities is refused at once', () => {
  const url = new URL('https://127.0.0.1:1')
  expect(() => agentFor(url, { caFile: own.keyFile }, {})).toThrow('holds no certificate')
  expect(() => agentFor(url, { caFile: '/nowhere' }, {})).toThrow('ENOENT')
})

test.each([
  ['sha256:HEX', true],
  ['SHA256:COLONS', true],
  ['sha256 Fingerprint=COLONS', true],
  [' HEX ', true],
  ['sha256:abc', false],
  ['sha1:HEX', false],
  ['', false]
])('%s is a fingerprint: %s', (form, isOne) => {
  const hex = own.fingerprint.slice('sha256:'.length)
  const colons = (hex.toUpperCase().match(/../g) ?? []).join(':')
  expect(fingerprintOf(form.replace('HEX', hex).replace('COLONS', colons))).toBe(
    isOne ? own.fingerprint : undefined
  )
})

/** Asks with a key, as an agent does once it has joined. */
async function ask({ port }: { port: number }, trust: Trust) {
  const hub = new Hub(new URL(`https://127.0.0.1:${port}`), trust)
  hub.use(KEY)
  const outcome = await hub.positions({ session: 's', streams: [] }, new AbortController().signal)
  hub.close()
  return outcome.kind === 'accepted' ? outcome.kind : outcome
}

async function openHub({ cert, key }: MadePair, more: TlsOptions = {}) {
  let received = ''
  let connections = 0
  let ended: Promise<unknown> | undefined
  const server = createServer({ cert, key, ...more }, (socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      received += bytes
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 16\r\nconnection: close\r\n\r\n{"positions":[]}')
    })
  })
  server.on('tlsClientError', () => {})
  server.on('connection', () => {
    connections++
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    ended ??= once(server.close(), 'close')
    return ended
  }
  return {
    port: portOf(server),
    received: () => received,
    /** Waits until every connection is over. */
    async end() {
      await close()
      return { connections, received }
    },
    async [Symbol.asyncDispose]() {
      await close()
    }
  }
}

function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address()
  return typeof address === 'object' && address ? address.port : 0
}
