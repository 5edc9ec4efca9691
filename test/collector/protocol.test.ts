/** docs/protocol.md must be true: its examples fit the types, a real hub takes them, and it names every code. */
import { readFile } from 'node:fs/promises'
import type { TSchema } from 'typebox'
import { Compile } from 'typebox/compile'
import { describe, expect, test } from 'vitest'
import * as protocol from '../../agent/protocol.ts'
import { OrdersAsked, OrdersGiven } from '../../agent/protocol-orders.ts'
import { readFrame } from '../../collector/parse/frame.ts'
import { frame, startHub, TestAgent, textsIn } from './hub.ts'

const text = await readFile(new URL('../../docs/protocol.md', import.meta.url), 'utf8')
const schemas: Record<string, TSchema> = {
  Enrol: protocol.Enrol,
  Enrolled: protocol.Enrolled,
  Hello: protocol.Hello,
  Welcome: protocol.Welcome,
  PositionsAsked: protocol.PositionsAsked,
  Positions: protocol.Positions,
  Delivery: protocol.Delivery,
  Receipt: protocol.Receipt,
  OrdersAsked,
  OrdersGiven,
  Problem: protocol.Problem
}

function example<T>(name: string): T {
  const [, json = ''] = new RegExp(`\`\`\`json ${name}\n([^\`]*(?:\`[^\`]+)*?)\`\`\``).exec(text) ?? []
  return JSON.parse(json) as T
}

function hexBody(): Buffer {
  const [, dump = ''] = /```hex\n([^`]+)```/.exec(text) ?? []
  return Buffer.from(dump.replace(/^[0-9a-f]{4} {2}/gm, '').replace(/\s/g, ''), 'hex')
}

function fits(name: string, value: unknown): void {
  const check = Compile(schemas[name] ?? protocol.Problem)
  expect([name, check.Errors(value)]).toEqual([name, []])
}

describe('the examples', () => {
  test.each(Object.keys(schemas))('%s fits its type', (name) => {
    fits(name, example(name))
  })

  test('the bytes of a delivery can be read', () => {
    const { head, bytes } = readFrame(hexBody())
    expect(head.chunks).toMatchObject([{ container: '4f2d', generation: 'g-1', offset: 0 }])
    expect(Buffer.from(bytes[0] ?? []).toString()).toMatch(/^\{"log":"listening on 8080\\n".*\n\{"log":.*\n$/)
  })

  test('played to a hub, they are taken and answered as told', async () => {
    await using hub = await startHub()
    using agent = new TestAgent(hub.url)
    const enrolled = await agent.ask<protocol.Enrolled>('enrol', example('Enrol'))
    fits('Enrolled', enrolled.body)
    agent.key = enrolled.body.key
    const welcome = await agent.ask<protocol.Welcome>('hello', example('Hello'))
    fits('Welcome', welcome.body)
    const { session, maxDeliveryBytes, heartbeatMs } = welcome.body
    const told = example<protocol.Welcome>('Welcome')
    expect({ maxDeliveryBytes, heartbeatMs }).toEqual({
      maxDeliveryBytes: told.maxDeliveryBytes,
      heartbeatMs: told.heartbeatMs
    })
    const positions = await agent.ask('positions', { ...example<object>('PositionsAsked'), session })
    expect(positions.body).toEqual({ positions: [] })

    const first = await agent.deliverBytes(frame({ ...example<object>('Delivery'), session }))
    expect(first.status).toBe(200)
    const { head, bytes } = readFrame(hexBody())
    const second = await agent.deliverBytes(frame({ ...head, session }, ...bytes))
    fits('Receipt', second.body)
    expect(second.body.positions).toEqual(example<protocol.Receipt>('Receipt').positions)
    expect(await textsIn(hub.store)).toEqual(['listening on 8080', 'info: no cache'])

    const again = await agent.deliverBytes(frame({ ...head, session }, ...bytes))
    fits('Problem', again.body)
    const problem = example<protocol.Problem>('Problem')
    expect(again.body).toMatchObject({ code: problem.code, message: problem.message, statusCode: 409 })
  })
})

test('every code of the collector is in the table, with its status', async () => {
  const sources = await Promise.all(
    ['collector/errors.ts', 'collector/problem.ts', 'collector/parse/frame.ts'].map((path) =>
      readFile(new URL(`../../${path}`, import.meta.url), 'utf8')
    )
  )
  const codes = new Set(sources.join('').match(/DRIFTLOG_[A-Z_]+/g))
  expect(codes.size).toBeGreaterThan(15)
  for (const code of codes) expect(text).toMatch(new RegExp(`\\| (4|5)\\d\\d \\| \`${code}\` \\|`))
})
