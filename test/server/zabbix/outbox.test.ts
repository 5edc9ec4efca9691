import { expect, test } from 'vitest'
import { Outbox, type Packet } from '../../../server/zabbix/outbox.ts'
import type { Value } from '../../../server/zabbix/sender.ts'

const RUNNING = new AbortController().signal

function packet(number: number, values = 10): Packet {
  const one = (n: number): Value => ({ host: 'h', key: `k${n}`, value: String(number), clock: number, ns: 0 })
  return { host: 'h', atMs: number * 1000, values: Array.from({ length: values }, (_, n) => one(n)) }
}

/** A Zabbix that notes what it takes. */
function scene(options: { mostValues?: number } = {}) {
  const taken: string[] = []
  const zabbix = { isAway: false, failed: 0, nowMs: 0 }
  const outbox = new Outbox({
    ...{ mostValues: 1000, retryMs: 5000, doubtMs: 3000, ...options },
    nowMs: () => zabbix.nowMs,
    send: async (values) => {
      if (zabbix.isAway) throw new Error('away')
      taken.push(values[0]?.value ?? '')
      return { processed: values.length - zabbix.failed, failed: zabbix.failed }
    }
  })
  return { outbox, taken, zabbix }
}

test('packets go out in their order, and wait while Zabbix is away; what it took right before goes again', async () => {
  const { outbox, taken, zabbix } = scene()
  outbox.push([packet(1), packet(2)])
  await outbox.drain(RUNNING)
  zabbix.isAway = true
  zabbix.nowMs = 2000
  outbox.push([packet(3)])
  await expect(outbox.drain(RUNNING)).rejects.toThrow('away')
  outbox.push([packet(4)])
  expect(outbox.waiting).toBe(40)
  zabbix.isAway = false
  await outbox.drain(RUNNING)
  expect(taken).toEqual(['1', '2', '1', '2', '3', '4'])
  expect(outbox.counts).toEqual({ sent: 60, refused: 0, dropped: 0 })
  zabbix.nowMs = 9000
  zabbix.isAway = true
  outbox.push([packet(5)])
  await expect(outbox.drain(RUNNING)).rejects.toThrow('away')
  // What was taken long before is written down by now.
  expect(outbox.waiting).toBe(10)
})

test('what there is no room for goes, the oldest first, and is counted', () => {
  const { outbox } = scene({ mostValues: 25 })
  outbox.push([packet(1), packet(2)])
  outbox.push([packet(3), packet(4)])
  expect(outbox.waiting).toBe(20)
  expect(outbox.counts.dropped).toBe(20)
})

test('a packet of which something is not taken is sent again for a while, then what was not taken is counted', async () => {
  const { outbox, taken, zabbix } = scene()
  zabbix.failed = 4
  outbox.push([packet(0)])
  for (zabbix.nowMs = 0; zabbix.nowMs <= 5000; zabbix.nowMs += 1000) await outbox.drain(RUNNING)
  expect(taken).toHaveLength(6)
  expect(outbox.waiting).toBe(0)
  expect(outbox.counts).toEqual({ sent: 6, refused: 4, dropped: 0 })
})
