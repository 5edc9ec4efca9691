/** Numbers beside the instances in a real browser, over a real hub. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeAll, openBrowser, type TestBrowser } from '../../web/browser.ts'
import { openHub, type TestHub, type Writer } from '../../web/hub.ts'

const MINUTES = 25
const SECOND_MS = 1000
const BEGIN_MS = Date.now() - MINUTES * 60 * SECOND_MS

let hub: TestHub
let browser: TestBrowser
let writers: Writer[]

beforeAll(async () => {
  hub = await openHub()
  writers = [await hub.writer('orders', 'ams-1', 'orders-1'), await hub.writer('orders', 'fra-2', 'orders-2')]
  for (const writer of writers) {
    writer.start(BEGIN_MS)
    await writer.write([{ atMs: Date.now() - SECOND_MS, level: 'info', text: 'hello' }])
  }
  browser = await openBrowser()
})

afterAll(async () => {
  await closeAll(browser, hub)
})

test('without numbers nothing is drawn', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await page.getByRole('checkbox', { name: /orders-1 · ams-1/ }).waitFor()
  expect(await page.locator('.spark').count()).toBe(0)
})

test.each([
  ['en', 'dark', /CPU 25 %, memory 100 MiB/, /\d+ minutes? ago: CPU/],
  ['zh', 'light', /CPU 25 %，内存 100 MiB/, /分钟前：CPU/]
] as const)('CPU and memory of each instance: %s, %s', async (language, theme, now, then) => {
  for (const writer of writers) await writer.measure(samples())
  const page = await browser.page(`${hub.url}/prod/orders/logs`, { language, theme })
  const [spark] = [page.getByRole('button', { name: now }).first()]
  await spark.waitFor()
  expect(await page.locator('.spark').count()).toBe(2)
  // Two lines that go somewhere.
  for (const line of ['cpu', 'memory']) {
    const path = await spark.locator(`.spark-${line}`).getAttribute('d')
    expect(path?.match(/L/g)?.length).toBeGreaterThan(20)
  }
  await spark.hover({ position: { x: 12, y: 8 } })
  expect(await page.locator('.spark').first().getAttribute('aria-label')).toMatch(then)
  await page.mouse.move(600, 600)
  await page.locator('.spark').first().focus()
  await page.keyboard.press('ArrowLeft')
  await page.keyboard.press('ArrowLeft')
  expect(await page.locator('.spark').first().getAttribute('aria-label')).toMatch(then)
  const shots = process.env['DRIFTLOG_SHOTS']
  if (shots) await page.screenshot({ path: `${shots}/stats-${theme}.png` })
})

/** A quarter of a core at the end, more before; memory grows to 100 MiB. */
function samples() {
  const count = MINUTES * 6
  let cpuUs = 0
  return Array.from({ length: count }, (_, i) => {
    const cores = i > count - 12 ? 0.25 : 0.5 + 0.4 * Math.sin(i / 9)
    cpuUs += cores * 10_000_000
    const memoryBytes = Math.min(1, 0.6 + (0.5 * i) / count) * 100 * 1024 ** 2
    const atMs = BEGIN_MS + (i + 1) * 10 * SECOND_MS
    return { atMs, sinceMs: BEGIN_MS, counters: { cpuUs: Math.round(cpuUs) }, gauges: { memoryBytes } }
  })
}
