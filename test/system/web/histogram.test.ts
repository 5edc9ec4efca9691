/** Histogram and time box in a real browser, over the hub's real face. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeAll, openBrowser, settled, type TestBrowser, type TestPage } from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let hub: TestHub
let browser: TestBrowser
const BROKEN = /status of 500/
const MINUTE_MS = 60_000
const startMs = Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS - 60 * MINUTE_MS

beforeAll(async () => {
  hub = await openHub()
  const before = await hub.writer('orders', 'ams-1', 'orders-1')
  const after = await hub.writer('orders', 'fra-2', 'orders-2')
  before.start(startMs)
  await before.write(
    Array.from({ length: 300 }, (_, i) => ({
      atMs: startMs + i * 6000,
      level: 'error' as const,
      text: `old ${i}`
    }))
  )
  before.end(startMs + 30 * MINUTE_MS, 137, true)
  after.start(startMs + 31 * MINUTE_MS)
  await after.write(
    Array.from({ length: 250 }, (_, i) => ({
      atMs: startMs + 31 * MINUTE_MS + i * 6000,
      level: 'info' as const,
      text: `new ${i}`
    }))
  )
  browser = await openBrowser()
})

afterAll(async () => {
  await closeAll(browser, hub)
})

test('the last bar dragged from either side, and chosen by keyboard, is the same range', async () => {
  const ends = { from: new Date(startMs).toISOString(), to: new Date(startMs + 60 * MINUTE_MS).toISOString() }
  const page = await open(`?from=${ends.from}&to=${ends.to}`)
  const plot = await page.locator('.u-over').boundingBox()
  if (!plot) throw new Error('no plot')
  const y = plot.y + plot.height / 2
  const inLast = [plot.x + plot.width - 1, plot.x + plot.width - 7]
  const ranges: string[] = []
  for (const [from = 0, to = 0] of [inLast, inLast.toReversed()]) {
    await page.mouse.move(from, y)
    await page.mouse.down()
    await page.mouse.move((from + to) / 2, y)
    await page.mouse.move(to, y)
    await page.mouse.up()
    ranges.push(await changedRange(page, ends.from))
    await page.goBack()
    await ready(page)
  }
  await page.locator('.bars').focus()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  ranges.push(await changedRange(page, ends.from))
  expect(new Set(ranges)).toHaveLength(1)
  expect(ranges[0]).toContain(ends.to)
  await page.context().close()
})

test('Shift with arrows extends, the status says what is chosen, Escape lets go', async () => {
  const page = await open('')
  await page.locator('.bars').focus()
  await page.keyboard.press('Home')
  const first = await page.locator('.bars-says').textContent()
  await page.keyboard.press('Shift+ArrowRight')
  const both = await page.locator('.bars-says').textContent()
  expect(first).toMatch(/0 lines, 0 errors/)
  expect(both).toMatch(/Enter zooms in/)
  await page.keyboard.press('Escape')
  expect(await page.locator('.bars-says').textContent()).toBe('')
  await page.context().close()
})

test('the table says the same as the bars, and a row zooms in', async () => {
  const page = await open('')
  expect(await page.locator('.histogram-head strong').textContent()).toBe('550 lines')
  await page.getByRole('button', { name: 'As a table' }).click()
  await page.locator('.count-table').waitFor()
  const counts = await page.locator('.count-table td:nth-of-type(1)').allTextContents()
  expect(counts.reduce((sum, text) => sum + Number(text), 0)).toBe(550)
  const before = page.url()
  await page.locator('.count-table button').first().click()
  await page.waitForFunction((url) => location.href !== url, before)
  await page.context().close()
})

test('a move and a hard end stand over the bars, and lead to their lines', async () => {
  const page = await open('')
  const mark = page.locator('.mark').first()
  await mark.waitFor()
  expect(await page.locator('.marks').textContent()).toMatch(/[⇄☠]/)
  await mark.click()
  const item = page.getByRole('menuitem', { name: /Moved ams-1 → fra-2/ })
  if (await item.isVisible()) await item.click()
  await page.waitForFunction(() => new URLSearchParams(location.search).get('ctx') === 'app')
  await page
    .locator('.row[data-key]', { hasText: /new 0|old 299/ })
    .first()
    .waitFor()
  await page.context().close()
})

test('a histogram that fails offers another try while the list stays; a late old answer is dropped', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs?q=old`, { expected: BROKEN })
  page.setDefaultTimeout(10_000)
  await ready(page)
  let mode: 'broken' | 'slow' | 'well' = 'broken'
  await page.route('**/api/logs/histogram?*', async (route) => {
    if (mode === 'broken')
      return route.fulfill({ status: 500, json: { code: 'DRIFTLOG_TEST', message: 'no disk' } })
    if (mode === 'slow' && route.request().url().includes('q=old'))
      await new Promise((r) => setTimeout(r, 1500))
    await route.continue().catch(() => undefined)
  })
  await search(page, 'new')
  await page.locator('.histogram .failed', { hasText: 'no disk' }).waitFor()
  await page.locator('.row[data-key]', { hasText: 'new 249' }).waitFor()
  mode = 'well'
  await page.getByRole('button', { name: 'Try again' }).click()
  await total(page, '250 lines')
  mode = 'slow'
  await search(page, 'old')
  await search(page, 'new 7')
  await total(page, '1 line')
  await page.waitForTimeout(1800)
  expect(await page.locator('.histogram-head strong').textContent()).toBe('1 line')
  await page.context().close()
})

test('a list that fails leaves the chart', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`, { expected: BROKEN })
  page.setDefaultTimeout(10_000)
  await ready(page)
  await page.route(/\/api\/logs\?/, (route) =>
    route.fulfill({ status: 500, json: { code: 'DRIFTLOG_TEST', message: 'no disk' } })
  )
  await search(page, 'old')
  await total(page, '300 lines')
  await page.context().close()
})

test('a typed time is read aloud before it is taken; Back brings the range before', async () => {
  const page = await open('')
  await page.keyboard.press('Escape')
  await page.locator('.time-open').click()
  await page.getByLabel('Time range', { exact: true }).fill('2026-10-25 02:30')
  const says = page.locator('.time-says')
  await says.getByText('Clocks were set back').waitFor()
  expect(await says.textContent()).toContain('UTC+02:00 Berlin')
  await says.getByRole('button', { name: 'Use +01:00' }).click()
  await says.getByText('UTC+01:00 Berlin').waitFor()
  await page.getByRole('button', { name: 'Apply' }).click()
  await page.waitForFunction(
    () => new URLSearchParams(location.search).get('from') === '2026-10-25T01:25:00.000Z'
  )
  await page.goBack()
  await page.waitForFunction(() => !new URLSearchParams(location.search).has('from'))
  await page.getByRole('button', { name: 'Half a range earlier' }).click()
  await page.waitForFunction(() => new URLSearchParams(location.search).has('from'))
  await page.getByRole('button', { name: 'Half a range later' }).click()
  await page.waitForFunction(() => !new URLSearchParams(location.search).has('from'))
  await page.context().close()
})

async function open(query: string): Promise<TestPage> {
  const page = await browser.page(`${hub.url}/prod/orders/logs${query}`)
  page.setDefaultTimeout(10_000)
  await ready(page)
  return page
}

async function ready(page: TestPage): Promise<void> {
  await settled(page)
  await page.locator('.u-over').waitFor()
  await page.waitForFunction(
    () => document.querySelector('.histogram')?.getAttribute('aria-busy') === 'false'
  )
  await page.locator('.cm-content').waitFor()
}

async function search(page: TestPage, text: string): Promise<void> {
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Delete')
  await page.keyboard.type(text)
  await page.keyboard.press('Enter')
}

async function total(page: TestPage, text: string): Promise<void> {
  await page.waitForFunction(
    (said) => document.querySelector('.histogram-head strong')?.textContent === said,
    text
  )
}

/** The range in the URL, once it is another one. */
async function changedRange(page: TestPage, from: string): Promise<string> {
  await page.waitForFunction((old) => new URLSearchParams(location.search).get('from') !== old, from)
  const { searchParams } = new URL(page.url())
  return `${searchParams.get('from')} ${searchParams.get('to')}`
}
