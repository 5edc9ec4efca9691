/** The page says whether what it shows is complete: a sentence, a strip under the chart, rows of the list. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  closeAll,
  openBrowser,
  settled,
  type TestBrowser,
  type TestPage,
  visibleRows
} from '../../web/browser.ts'
import { openHub, type TestHub, type Writer } from '../../web/hub.ts'

const MINUTE_MS = 60_000
const START_MS = Date.now() - 60 * MINUTE_MS

let hub: TestHub
let browser: TestBrowser
let orders: Writer
beforeAll(async () => {
  hub = await openHub()
  browser = await openBrowser()
  orders = await hub.writer('orders', 'fra-2', 'orders-web-1')
  await orders.start(START_MS)
  await orders.write(lines(0, 30))
  const whole = await hub.writer('payments', 'ams-1', 'payments-1')
  await whole.start(START_MS)
  await whole.write(lines(0, 60))
})
afterEach(() => browser.leave())
afterAll(() => closeAll(browser, hub))

test('where nothing is missing the sentence says so, and there is no strip and no row', async () => {
  const page = await open('/prod/payments/logs?from=now-45m&to=now')
  await expect.poll(() => page.locator('.notes').textContent()).toContain('Complete.')
  expect(await page.locator('.ledger-strip').count()).toBe(0)
  expect(await page.locator('.row.gap').count()).toBe(0)
})

test('an app whose range begins before what is kept is complete since then', async () => {
  const page = await open('/prod/payments/logs?from=now-3h&to=now')
  await expect
    .poll(() => page.locator('.notes').textContent())
    .toMatch(/Complete since (?:\d\d-\d\d )?\d\d:\d\d:\d\d/)
  expect(await page.locator('.ledger-strip').count()).toBe(0)
})

test('a gap is told in the sentence, in the strip and among the lines, and reached by keys', async () => {
  await lose()
  const page = await open('/prod/orders/logs?from=now-2h&to=now')
  await expect
    .poll(() => page.locator('.notes').textContent())
    .toMatch(
      /1 gap, about 1,204 lines lost on fra-2, \d\d:\d\d:\d\d–\d\d:\d\d:\d\d: rotated away before it was read\./
    )
  await page.keyboard.press('Home')
  await page.locator('.row.selected:focus').waitFor()
  await page.keyboard.press('x')
  const row = page.locator('.row.gap:focus')
  await row.waitFor()
  expect(await row.textContent()).toMatch(/orders-web-1 on fra-2, .*about 1,204 lines lost \(120\.4 kB\)/)
  const shown = await visibleRows(page)
  const at = shown.findIndex((text) => text.includes('1,204'))
  expect([shown[at - 1], shown[at + 1]]).toEqual(['line 29', 'line 40'])

  // The range begins before what is kept.
  await page.locator('.ledger-strip .past').waitFor({ state: 'attached' })
  const button = page.locator('.ledger-strip .gap button')
  expect(await button.getAttribute('aria-label')).toContain('about 1,204 lines lost')
  await button.focus()
  await page.keyboard.press('Enter')
  await expect.poll(() => page.url()).toContain('from=2')
  await settled(page)
  expect(await visibleRows(page)).toContain('line 40')
})

test('while it follows, a gap that is told stands in the list without being asked for', async () => {
  const mail = await hub.writer('mail', 'lon-3', 'mail-1')
  await mail.start(START_MS)
  await mail.write(lines(0, 50))
  const page = await open('/prod/mail/logs?live=1')
  await expect.poll(() => page.locator('.notes').textContent()).toContain('Complete')
  const host = await hub.host('lon-3')
  const { ledger } = hub.fleet()
  ledger.recall(await hub.logs().origins())
  ledger.lost(host, [
    { container: 'mail-1', stream: 'docker', atMs: Date.now(), bytes: 4096, cause: 'hold-exceeded' }
  ])
  await page.locator('.row.gap').waitFor()
  await expect
    .poll(() => page.locator('.row.gap').textContent())
    .toContain('4.1 kB lost, too much waited for the hub')
})

test('in Chinese', async () => {
  const page = await open('/prod/orders/logs?from=now-2h&to=now', 'zh')
  await expect.poll(() => page.locator('.notes').textContent()).toContain('1 个缺口，fra-2 上约缺失 1,204 行')
})

test('containers whose settings can lose lines are named, with the way out', async () => {
  const host = await hub.host('ams-1')
  const instance = {
    ...{ container: 'risky-1', name: 'risky-1', app: 'risky', environment: 'prod', image: 'risky:1' },
    ...{ identity: 'compose' as const, labels: {}, state: 'running', startedMs: START_MS },
    ...{ logDriver: 'json-file', logOptions: { mode: 'non-blocking' } }
  }
  hub.fleet().tell(host, [{ kind: 'start', atMs: START_MS, instance }])
  const page = await open('/prod/risky/logs?from=now-30m&to=now')
  await expect
    .poll(() => page.locator('.notes').textContent())
    .toContain('Complete but for 1 container that can not tell.')
  await page.locator('.risks').click()
  const list = page.locator('.risk-list')
  await expect.poll(() => list.textContent()).toContain('risky-1 on ams-1 mode=non-blocking')
  expect(await list.textContent()).toContain('Set max-size=10m and max-file=3')
})

async function open(path: string, language: 'en' | 'zh' = 'en'): Promise<TestPage> {
  const page = await browser.page(hub.url + path, { language })
  await settled(page)
  return page
}

/** Ten minutes are missing between two files. */
async function lose(): Promise<void> {
  const host = await hub.host('fra-2')
  const { ledger } = hub.fleet()
  const came = (generation: string, atMs: number[]) => ({
    ...{ stream: 'docker', generation, file: generation, ended: false, nuls: [] },
    ...{ bytes: 100 * atMs.length, timeMs: atMs, offset: atMs.map((_, i) => i * 100) }
  })
  ledger.arrived(
    host,
    'orders-web-1',
    came(
      'g1',
      lines(0, 30).map(({ atMs }) => atMs)
    )
  )
  ledger.lost(host, [
    {
      ...{ container: 'orders-web-1', stream: 'docker', generation: 'g1', offset: 3000, bytes: 120_400 },
      ...{ before: 'g2', atMs: Date.now(), cause: 'rotated-unread' }
    }
  ])
  await orders.write(lines(40, 60))
  ledger.arrived(
    host,
    'orders-web-1',
    came(
      'g2',
      lines(40, 60).map(({ atMs }) => atMs)
    )
  )
}

/** One a minute. */
function lines(from: number, to: number): { text: string; atMs: number }[] {
  return Array.from({ length: to - from }, (_, i) => ({
    text: `line ${from + i}`,
    atMs: START_MS + (from + i) * MINUTE_MS - 30_000
  }))
}
