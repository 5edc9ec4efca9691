import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { packetOf } from '../../../server/zabbix/packet.ts'
import { sendValues, type Value } from '../../../server/zabbix/sender.ts'
import { startTrapper } from './fakes.ts'

const SETTINGS = { host: '127.0.0.1', timeoutMs: 2000 }

const values = (count: number): Value[] =>
  Array.from({ length: count }, (_, n) => ({
    host: 'h',
    key: 'k',
    value: String(n),
    clock: 1_764_000_000,
    ns: n
  }))

interface Request {
  request: string
  data: Value[]
}

const took = (processed: number, failed = 0) =>
  packetOf({
    response: 'success',
    info: `processed: ${processed}; failed: ${failed}; total: ${processed + failed}; seconds spent: 0.000100`
  })

test('values go out a thousand at a time, each as it is, in their order', async () => {
  await using trapper = await startTrapper((request, socket) =>
    socket.end(took((request as Request).data.length - 1, 1))
  )
  const sent = values(2500)
  expect(await sendValues({ ...SETTINGS, port: trapper.port }, sent)).toEqual({ processed: 2497, failed: 3 })
  const requests = trapper.requests as Request[]
  expect(requests.map(({ request, data }) => [request, data.length])).toEqual([
    ['sender data', 1000],
    ['sender data', 1000],
    ['sender data', 500]
  ])
  expect(requests.flatMap(({ data }) => data)).toEqual(sent)
})

test('an answer that comes byte by byte is read', async () => {
  const slowly = async (socket: Socket) => {
    for (const byte of took(10)) {
      socket.write(Buffer.of(byte))
      await sleep(1)
    }
  }
  await using trapper = await startTrapper((_, socket) => void slowly(socket))
  expect(await sendValues({ ...SETTINGS, port: trapper.port }, values(10))).toEqual({
    processed: 10,
    failed: 0
  })
})

test('a proxy that sends on to another is followed', async () => {
  await using other = await startTrapper((_, socket) => socket.end(took(1)))
  const onward = packetOf({
    response: 'failed',
    redirect: { address: `127.0.0.1:${other.port}`, revision: 1 }
  })
  await using trapper = await startTrapper((_, socket) => socket.end(onward))
  expect(await sendValues({ ...SETTINGS, port: trapper.port }, values(1))).toEqual({
    processed: 1,
    failed: 0
  })
})

test.each([
  ['silence', () => {}, 'no answer in time'],
  ['an end without an answer', (socket: { end(): void }) => socket.end(), 'without an answer'],
  [
    'something else',
    (socket: { end(text: string): void }) => socket.end('HTTP/1.1 400 Bad'),
    'does not speak'
  ],
  [
    'a refusal',
    (socket: { end(bytes: Buffer): void }) =>
      socket.end(packetOf({ response: 'failed', info: 'no such thing' })),
    'no such thing'
  ],
  [
    'half an answer',
    (socket: { end(bytes: Buffer): void }) => socket.end(took(1).subarray(0, 20)),
    'without an answer'
  ]
])('%s is an error with its reason', async (_, answer, reason) => {
  await using trapper = await startTrapper((_request, socket) => answer(socket as never))
  // Only silence is waited for to its end: what answers may be slow on a busy machine.
  const timeoutMs = reason === 'no answer in time' ? 150 : 10_000
  const sent = sendValues({ ...SETTINGS, port: trapper.port, timeoutMs }, values(1))
  await expect(sent).rejects.toMatchObject({
    code: 'DRIFTLOG_ZABBIX_AWAY',
    message: expect.stringContaining(reason)
  })
})
