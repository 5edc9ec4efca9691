/** `npm run shots`: the main views of the built page over a seeded hub, as pictures into docs/shots/. */
import { mkdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { openBrowser, type PageOptions, settled, type TestPage } from '../web/browser.ts'
import { openHub, type TestHub, type Writer, type WrittenLine } from '../web/hub.ts'

const TARGET = fileURLToPath(new URL('../../docs/shots/', import.meta.url))
const HOUR_MS = 3_600_000
const LARGE = { viewport: { width: 1440, height: 900 } }
const MOVES_MS = [2.1, 1.2, 0.35].map((hours) => hours * HOUR_MS)

await mkdir(TARGET, { recursive: true })
await using hub = await openHub()
await using browser = await openBrowser()
// The same hosts carry out orders, too.
for (const name of ['ams-1', 'fra-2', 'lon-3']) await hub.deployHost(name)
const orders = await seed(hub)

await shot('explorer-dark', '/prod/orders/logs', { theme: 'dark', ...LARGE }, async (page) => {
  await page.keyboard.press('M')
})
await shot('explorer-light', '/prod/orders/logs?q=level%3E%3Dwarn', { theme: 'light' })
await shot('move', '/prod/-/logs', { theme: 'light', ...LARGE }, async (page) => {
  await page.keyboard.press('M')
})
await shot('record', '/prod/orders/logs?q=timeout', { theme: 'dark' }, async (page) => {
  await page.keyboard.press('E')
  await page.keyboard.press('Enter')
})
await shot('context', '/prod/orders/logs?q=timeout', { theme: 'light' }, async (page) => {
  await page.keyboard.press('E')
  await page.keyboard.press('C')
})
await shot('chinese', '/prod/orders/logs', { theme: 'dark', language: 'zh' })
await lose(hub)
await shot('missing', '/prod/payments/logs', { theme: 'light' }, async (page) => {
  await page.keyboard.press('X')
})
await shot('narrow', '/prod/orders/logs', { theme: 'dark', viewport: { width: 390, height: 800 } })
await shot('live', '/prod/orders/logs?live=1', { theme: 'dark' }, async (page) => {
  const next = await hub.writer('orders', 'fra-2', 'orders-web-9')
  for (let i = 0; i < 12; i++) {
    await orders.write(lines(8, Date.now(), 12))
    await page.waitForTimeout(100)
  }
  orders.end(Date.now(), 137, true)
  await page.waitForTimeout(600)
  next.start(Date.now())
  await next.write(['listening on :20114'])
  for (let i = 0; i < 4; i++) {
    await next.write(lines(3, Date.now(), 12))
    await page.waitForTimeout(150)
  }
})

await shot('deploy', `/prod/orders/deploys/${await release(hub)}`, { theme: 'light' })

async function shot(
  name: string,
  path: string,
  options: PageOptions,
  act?: (page: TestPage) => Promise<void>
): Promise<void> {
  const page = await browser.page(hub.url + path, options)
  if (!path.includes('/deploys/')) await settled(page)
  await page.waitForTimeout(800)
  await act?.(page)
  await page.waitForTimeout(900)
  await page.screenshot({ path: `${TARGET}${name}.png` })
  await page.context().close()
  process.stdout.write(`docs/shots/${name}.png\n`)
}

/** Tested in staging, and half-way in production. Resolves to the deploy that waits there. */
async function release({ deploys }: TestHub): Promise<string> {
  const { definitions, deploys: all } = deploys()
  const by = { kind: 'token', name: 'ci' } as const
  const prod = { replicas: 3, rollout: { from: 'staging', checks: ['unit-tests'], breakpoint: 'first' } }
  const definition = { image: 'shop/orders', replicas: 1, environments: { staging: {}, prod } }
  await definitions.put('orders', definition, by)
  await definitions.put('orders', { ...definition, env: { LOG_LEVEL: 'info' } }, by)
  const { id } = await all.begin({ app: 'orders', environment: 'staging', image: '2', by })
  await reached(id, 'succeeded')
  const check = { name: 'unit-tests', passed: true, url: 'https://ci.example.org/orders/71', by }
  await all.report(id, { ...check, text: '412 of 412', atMs: Date.now() })
  const next = await all.promote(id, { environment: 'prod', reason: 'release 2', by })
  await reached(next.id, 'paused')
  return next.id

  async function reached(deploy: string, state: string): Promise<void> {
    while ((await all.get(deploy)).state !== state) await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/** Three hosts; orders moves three times in three hours. Resolves to the instance that runs now. */
async function seed(into: TestHub): Promise<Writer> {
  const nowMs = Date.now()
  const hosts = ['ams-1', 'fra-2', 'lon-3']
  const edges = [3 * HOUR_MS, ...MOVES_MS, 0].map((ago) => nowMs - ago)
  let last: Writer | undefined
  for (let i = 0; i + 1 < edges.length; i++) {
    const [fromMs = 0, toMs = 0] = [edges[i], edges[i + 1]]
    const writer = await into.writer('orders', hosts[i % 3] ?? '', `orders-web-${i + 1}`)
    const beginMs = i === 0 ? fromMs : fromMs + 6200
    writer.start(beginMs)
    await writer.write(lines(Math.floor((toMs - beginMs) / 4000), beginMs, toMs - beginMs, i))
    if (toMs < nowMs) writer.end(toMs - 50, i === 1 ? 0 : 137, i !== 1)
    last = writer
  }
  for (const [app, host] of [
    ['payments', 'fra-2'],
    ['search', 'lon-3'],
    ['mail', 'ams-1']
  ] as const) {
    const writer = await into.writer(app, host, `${app}-1`)
    writer.start(nowMs - 3 * HOUR_MS)
    await writer.write(lines(200, nowMs - 3 * HOUR_MS, 3 * HOUR_MS, app.length))
  }
  if (!last) throw new Error('nothing was written')
  return last
}

/** A quarter of an hour of one app is missing. */
async function lose(from: TestHub): Promise<void> {
  const host = await from.host('fra-2')
  const [gapMs, nowMs] = [Date.now() - 1.5 * HOUR_MS, Date.now()]
  const { ledger } = from.fleet()
  const came = (generation: string, timeMs: number[]) => ({
    ...{ stream: 'docker', generation, file: generation, ended: false, nuls: [] },
    ...{ bytes: 180 * timeMs.length, timeMs, offset: timeMs.map((_, i) => 180 * i) }
  })
  ledger.arrived(host, 'payments-1', came('a', [gapMs]))
  ledger.lost(host, [
    {
      ...{ container: 'payments-1', stream: 'docker', generation: 'a', offset: 180, bytes: 216_720 },
      ...{ before: 'b', atMs: nowMs, cause: 'rotated-unread' }
    }
  ])
  ledger.arrived(host, 'payments-1', came('b', [gapMs + HOUR_MS / 4]))
}

/** Lines of a shop, the same for the same seed, spread over a span. */
function lines(count: number, fromMs: number, spanMs: number, seed = 1): WrittenLine[] {
  let state = seed * 7919 + 17
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >> 8) % below
  }
  return Array.from({ length: count }, (_, i) => {
    const atMs = Math.floor(fromMs + wave(i / count) * spanMs)
    const order = 4000 + random(900)
    const kind = random(40)
    if (kind === 0) {
      const frames = [
        '    at Pay.charge (/app/src/pay.ts:88:11)',
        '    at Order.close (/app/src/order.ts:41:5)'
      ]
      const deep = Array.from({ length: 4 }, (_, k) => `    at node_modules/pool/index.js:${40 + k}:9`)
      const text = ['Error: payment timeout after 30000 ms', ...frames, ...deep].join('\n')
      return { atMs, level: 'error', output: 'stderr', text }
    }
    if (kind <= 2)
      return { atMs, level: 'error', output: 'stderr', text: `connect ECONNREFUSED 10.0.0.${random(9)}:5432` }
    if (kind <= 5) return { atMs, level: 'warn', text: `pool exhausted, waiting ${random(400)} ms` }
    if (kind <= 15) {
      const text = JSON.stringify({
        level: 'info',
        msg: 'order paid',
        order,
        ms: random(900),
        trace_id: `7f3a${random(9999)}`
      })
      return { atMs, level: 'info', text }
    }
    if (kind <= 18)
      return { atMs, level: 'debug', text: `cache hit ratio=0.${random(99)} keys=${random(9000)}` }
    if (kind === 19)
      return {
        atMs,
        level: 'info',
        text: `用户登录成功 user=${random(500)} 来自 10.0.${random(9)}.${random(250)}`
      }
    const status = random(30) === 0 ? '\u001b[31m500\u001b[0m' : '\u001b[32m200\u001b[0m'
    return { atMs, level: 'info', text: `GET /api/orders/${order} ${status} ${random(180)} ms` }
  })
}

/** Busy and quiet minutes, still in order. */
function wave(part: number): number {
  return part + (Math.sin(part * 36) * 0.45) / 36 + (Math.sin(part * 95) * 0.35) / 95
}
