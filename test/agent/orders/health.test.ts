/** Checks asked of real sockets, and what becomes of their answers. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import { createServer as createTcp } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { ActingEngine } from '../../../agent/docker/acting-engine.ts'
import { EngineRefusal } from '../../../agent/docker/engine.ts'
import { type HealthState, HealthWatch } from '../../../agent/orders/health.ts'
import { asksNothing, type Probe, probeOf, type Target } from '../../../agent/orders/probe.ts'
import type { HealthCheck } from '../../../agent/protocol-orders.ts'
import { until } from '../scene.ts'

const { signal } = new AbortController()
const TIMES = { everyMs: 10, timeoutMs: 200, withinMs: 1000, successes: 2 }
const servers: { close: () => unknown }[] = []
afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

type Asked = Pick<ActingEngine, 'logs' | 'exec' | 'execEnd'>

/** An engine that answers as the test says. */
function engine(answers: Partial<Asked> = {}): Asked {
  const no = () => Promise.reject(new Error('not asked for'))
  return { logs: no, exec: no, execEnd: no, ...answers }
}

function ask(check: Partial<HealthCheck>, port = 1, by = engine()): Promise<string | undefined> {
  return probe(check, port, by)(signal)
}

function probe(check: Partial<HealthCheck>, port = 1, by = engine()): Probe {
  const target: Target = {
    ...{ container: 'c', address: '127.0.0.1', port, logSinceMs: 0, tty: false },
    check: { ...TIMES, ...check }
  }
  return probeOf(target, by)
}

async function http(answer: Parameters<typeof createServer>[1]): Promise<number> {
  return listen(createServer(answer))
}

async function listen(
  server: Pick<Server, 'listen' | 'close' | 'address'> & NodeJS.EventEmitter
): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  servers.push(server)
  return (server.address() as { port: number }).port
}

test('http: statuses from 200 to 399 are good, unless one is named; no redirect is followed', async () => {
  const port = await http((request, response) => {
    response.writeHead(Number(request.url?.slice(1)), { location: '/500' }).end('x'.repeat(100_000))
  })
  expect(await ask({ http: { path: '/204' } }, port)).toBeUndefined()
  expect(await ask({ http: { path: '/302' } }, port)).toBeUndefined()
  expect(await ask({ http: { path: '/404' } }, port)).toBe('GET /404 answers 404')
  expect(await ask({ http: { path: '/404', status: 404 } }, port)).toBeUndefined()
  expect(await ask({ http: { path: '/200', status: 204 } }, port)).toBe('GET /200 answers 200')
})

test('who never answers, or speaks another language, is not well', async () => {
  const silent = await listen(createTcp(() => {}) as never)
  expect(await ask({ http: { path: '/' } }, silent)).toBe('no answer within 200 ms')
  expect(await ask({ tcp: true }, silent)).toBeUndefined()
  const other = await listen(createTcp((socket) => socket.end('SSH-2.0\r\n')) as never)
  expect(await ask({ http: { path: '/' } }, other)).toContain('GET /: ')
  expect(await ask({ http: { path: '/' } }, 1)).toContain('ECONNREFUSED')
  expect(await ask({ tcp: true }, 1)).toContain('ECONNREFUSED')
})

test('a command that hangs is not begun a second time beside the first', async () => {
  let begun = 0
  const codes: (number | undefined)[] = []
  const by = engine({ exec: async () => `exec-${++begun}`, execEnd: async () => codes.shift() })
  const asked = probe({ command: ['true'] }, 1, by)
  expect(await asked(signal)).toBe('no answer within 200 ms')
  expect(await asked(signal)).toBe('no answer within 200 ms')
  codes.push(undefined, 3)
  expect(await asked(signal)).toBe('the command ends with 3')
  codes.push(0)
  expect(await asked(signal)).toBeUndefined()
  expect(begun).toBe(2)
})

test('a command that the engine has forgotten is begun anew', async () => {
  const known = new Map<string, number | undefined>()
  const exec = async () => {
    const name = `exec-${known.size + 1}`
    known.set(name, undefined)
    return name
  }
  const forgotten = new Set<string>()
  const execEnd = async (name: string) => {
    if (forgotten.has(name)) throw new EngineRefusal(404, `No such exec instance: ${name}`)
    return known.get(name)
  }
  const asked = probe({ command: ['true'] }, 1, engine({ exec, execEnd }))
  expect(await asked(signal)).toBe('no answer within 200 ms')
  forgotten.add('exec-1')
  expect(await asked(signal)).toBe('No such exec instance: exec-1')
  const answer = asked(signal)
  await until(() => known.size === 2)
  known.set('exec-2', 0)
  expect(await answer).toBeUndefined()
})

/** Frames as the engine answers them. */
function frames(...lines: string[]): Buffer {
  return Buffer.concat(
    lines.map((line) => {
      const record = Buffer.from(`2026-11-25T10:00:00.000000001Z ${line}\n`)
      const head = Buffer.from([1, 0, 0, 0, 0, 0, 0, 0])
      head.writeUInt32BE(record.length, 4)
      return Buffer.concat([head, record])
    })
  )
}

function logging(...chunks: Buffer[]): Asked {
  const answer = (async function* () {
    yield* chunks
  })()
  return engine({ logs: async () => ({ framed: true, chunks: answer }) })
}

test('log: a line that matches is good for ever', async () => {
  let asked = 0
  const by = engine({
    logs: async (_, { since }) => {
      asked++
      expect(since).toBe(asked === 1 ? '0.000' : '1795600800.000000001')
      const chunks = (async function* () {
        yield frames(asked === 1 ? 'starting' : 'Ready on 80')
      })()
      return { framed: true, chunks }
    }
  })
  const look = probe({ log: '(?i)^ready' }, 1, by)
  expect(await look(signal)).toBe('no line of its log matches')
  expect(await look(signal)).toBeUndefined()
  expect(await look(signal)).toBeUndefined()
  expect(asked).toBe(2)
})

test('log: an expression that backtracks is stopped, and not tried again', async () => {
  const look = probe({ log: '^(a+)+$', timeoutMs: 2000 }, 1, logging(frames(`${'a'.repeat(50)}!`)))
  expect(await look(signal)).toContain('too slow')
  expect(await look(signal)).toContain('too slow')
})

test('log: what is read is bounded', async () => {
  const many = frames('x'.repeat(1_000_000))
  const look = probe({ log: 'never', timeoutMs: 5000 }, 1, logging(...Array.from({ length: 10 }, () => many)))
  expect(await look(signal)).toBe('no line matches in the first 8 MiB of its log')
})

test('each part of a check must be well', async () => {
  const port = await http((_, response) => response.end())
  const by = engine({ exec: async () => 'e', execEnd: async () => 1 })
  expect(await ask({ tcp: true, http: { path: '/' }, command: ['false'] }, port, by)).toBe(
    'the command ends with 1'
  )
  expect(asksNothing({ ...TIMES })).toBe(true)
  expect(asksNothing({ ...TIMES, tcp: true })).toBe(false)
})

/** What a watch tells of these answers: `+` good, `-` bad; the last goes on. */
async function states(answers: string, startedMs = Date.now()): Promise<HealthState[]> {
  const told: HealthState[] = []
  let at = 0
  const ask: Probe = async () => (answers[Math.min(at++, answers.length - 1)] === '+' ? undefined : 'no')
  const check = { ...TIMES, tcp: true, everyMs: 1 }
  const watch = new HealthWatch(check, startedMs, ask, (state) => told.push(state))
  await until(() => at > answers.length + 3)
  watch.close()
  return told
}

test('healthy after so many good answers in a row, unhealthy after three bad ones', async () => {
  expect(await states('+-+-++')).toEqual(['healthy'])
  expect(await states('++--+--+++')).toEqual(['healthy'])
  expect(await states('++---')).toEqual(['healthy', 'unhealthy'])
  expect(await states('++---+-++')).toEqual(['healthy', 'unhealthy', 'healthy'])
  expect(await states('-----')).toEqual([])
})

test('of an instance that has run for long the first good answer is enough, and bad ones count', async () => {
  expect(await states('+', Date.now() - 60_000)).toEqual(['healthy'])
  expect(await states('---', Date.now() - 60_000)).toEqual(['unhealthy'])
})
