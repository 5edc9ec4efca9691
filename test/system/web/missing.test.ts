import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Coverage, LogStore } from '../../../collector/store/store.ts'
import { CUT_OFF, closeAll, openBrowser, settled, type TestBrowser, visibleRows } from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

/** What the store says of its next searches, where a test wants it to be less than everything. */
let coverage: Partial<Coverage> | undefined
let browser: TestBrowser
let hub: TestHub
beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub({ broken: { logs: lessThanEverything } })
  const writer = await hub.writer('orders', 'ams-1', 'orders-1')
  await writer.write(
    Array.from({ length: 40 }, (_, i) => ({ text: `line ${i}`, atMs: Date.now() - 600_000 + i * 1000 }))
  )
})
afterAll(async () => {
  await closeAll(browser, hub)
})

test('a time limit says how far was searched, and Continue goes on', async () => {
  coverage = { complete: false, searchedTo: BigInt(Date.now() - 570_000) * 1_000_000n }
  const page = await browser.page(`${hub.url}/prod/orders/logs?q=nothing`)
  await settled(page)
  const notes = page.locator('.notes')
  await expect.poll(() => notes.textContent()).toMatch(/0 lines so far.*Searched back to \d\d:\d\d:\d\d/)
  coverage = undefined
  await notes.getByRole('button', { name: 'Continue' }).click()
  await expect
    .poll(() => page.locator('.empty').textContent())
    .toContain('No line matches in this range. Every host is complete.')
})

test('an unreadable part is named and what was found stays', async () => {
  coverage = { complete: false, unreadable: [{ part: '2026-11-23/7.part', reason: 'bad checksum' }] }
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await settled(page)
  coverage = undefined
  await expect
    .poll(() => page.locator('.note.amber').textContent())
    .toContain('2026-11-23/7.part: bad checksum')
  expect((await visibleRows(page)).length).toBeGreaterThan(10)
})

test('a host that is behind is told with the time up to which it is complete', async () => {
  const id = await hub.host('fra-2')
  const page = await browser.page(`${hub.url}/prod/orders/logs?q=nothing`)
  // The harness says now and then that its hosts delivered everything; this one says otherwise in between.
  const late = async () => {
    hub.fleet().heard(id, 5000)
    await page.reload()
    await settled(page)
    return page.locator('.notes').textContent()
  }
  await expect.poll(late, { timeout: 30_000 }).toMatch(/fra-2 is .* behind, lines before .* are complete/)
  expect(await page.locator('.empty').textContent()).toContain('not delivered everything yet')
})

test('list and histogram fail apart, and each offers to try again', async () => {
  const page = await browser.page('about:blank', { expected: CUT_OFF })
  await page.route('**/api/logs?*', (route) => route.abort())
  await page.goto(`${hub.url}/prod/orders/logs`)
  const failed = page.locator('.empty')
  await expect.poll(() => failed.textContent()).toContain('The search failed')
  await page.unroute('**/api/logs?*')
  await page.route('**/api/logs/histogram?*', (route) => route.abort())
  await failed.getByRole('button', { name: 'Try again' }).click()
  await page.waitForSelector('.row[data-key]')
  expect((await visibleRows(page)).length).toBeGreaterThan(10)
  await expect.poll(() => page.locator('.above').textContent()).toContain('could not')
})

test('a slow old answer never overwrites a newer one', async () => {
  const page = await browser.page('about:blank')
  await page.route('**/api/logs?*', async (route) => {
    if (!route.request().url().includes('q=')) await new Promise((done) => setTimeout(done, 1500))
    await route.continue().catch(() => {})
  })
  await page.goto(`${hub.url}/prod/orders/logs`)
  await page.locator('.cm-content').waitFor()
  await page.keyboard.press('/')
  await page.keyboard.type('"line 7"')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.row[data-key]')
  await page.waitForTimeout(2000)
  expect(await visibleRows(page)).toEqual(['line 7'])
})

/** The same store; searches answer as if time had run out, or a part were broken. */
function lessThanEverything(store: LogStore): LogStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name)
      if (name !== 'search' || typeof value !== 'function')
        return typeof value === 'function' ? value.bind(target) : value
      return async (...asked: Parameters<LogStore['search']>) => {
        const page = await target.search(...asked)
        return coverage ? { ...page, coverage: { ...page.coverage, ...coverage } } : page
      }
    }
  })
}
