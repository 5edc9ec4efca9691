/** From a line to what belongs to it: marked text, neighbours, the instance's name, the move before it. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  closeAll,
  openBrowser,
  settled,
  type TestBrowser,
  type TestPage,
  visibleRows
} from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let browser: TestBrowser
let hub: TestHub
const START_MS = Date.now() - 3_600_000

beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub()
  const before = await hub.writer('orders', 'ams-1', 'orders-web-1')
  const after = await hub.writer('orders', 'fra-2', 'orders-web-2')
  const payments = await hub.writer('payments', 'fra-2', 'payments-1')
  before.start(START_MS)
  await before.write(
    Array.from({ length: 400 }, (_, i) => ({ atMs: START_MS + i * 1000, text: `early ${i}` }))
  )
  before.end(START_MS + 400_000, 137, true)
  after.start(START_MS + 406_000)
  await after.write([
    ...Array.from({ length: 900 }, (_, i) => ({
      atMs: START_MS + 407_000 + i * 1000,
      text: `order ${i} "a b" refused by stock`
    })),
    { atMs: START_MS + 1_400_000, text: '{"msg":"order paid","trace_id":"7f3a-01"}' }
  ])
  await payments.write([{ atMs: START_MS + 1_400_010, text: '{"msg":"charged","trace_id":"7f3a-01"}' }])
})
afterEach(() => browser.leave())
afterAll(async () => {
  await closeAll(browser, hub)
})

test('text that is marked in a line is searched for, or left out', async () => {
  for (const [choice, query] of [
    ['Search for this', '"refused by stock"'],
    ['Exclude', '-"refused by stock"']
  ] as const) {
    const page = await browser.page(`${hub.url}/prod/orders/logs`)
    await settled(page)
    const menu = page.getByRole('toolbar', { name: 'Marked text' })
    // rows may still move under the hand while the page settles
    for (let tries = 0; tries < 5 && !(await menu.isVisible()); tries++) {
      await markText(page, 'refused by stock')
      await menu.waitFor({ timeout: 2000 }).catch(() => {})
    }
    await menu.getByRole('button', { name: choice }).click()
    await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe(query)
    await settled(page)
    const rows = await visibleRows(page)
    expect(rows.length).toBeGreaterThan(1)
    expect(rows.some((text) => text.includes('refused by stock'))).toBe(choice === 'Search for this')
    expect(await page.getByRole('toolbar', { name: 'Marked text' }).count()).toBe(0)
  }
})

test('a record leads to the lines of its request in every app, and to those of its instance', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs?q=trace_id%3A7f3a-01`)
  await settled(page)
  await page.locator('.row .text').click()
  await page.locator('.neighbours button').first().click()
  await expect.poll(() => new URL(page.url()).pathname).toBe('/prod/-/logs')
  await settled(page)
  const rows = await visibleRows(page)
  expect(rows).toHaveLength(2)
  expect(rows.join()).toMatch(/order paid.*charged/)
  await page.goBack()
  await settled(page)
  if ((await page.locator('.record').count()) === 0) await page.locator('.row .text').click()
  await page.locator('.neighbours button', { hasText: 'all lines of orders-web-2 on fra-2' }).click()
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toMatch(/^instance:[0-9a-f]{16}$/)
  await settled(page)
  expect((await visibleRows(page)).some((text) => text.startsWith('order 89'))).toBe(true)
})

test('instances are called by container and host, and a box leaves one out', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await settled(page)
  const box = page.getByRole('checkbox', { name: /^orders-web-1 · ams-1, 400 lines/ })
  await box.click()
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toMatch(/^-instance:[0-9a-f]{16}$/)
})

test('M finds a move that is not loaded yet and shows it with its surroundings', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await settled(page)
  await page.keyboard.press('M')
  const move = page.locator('.row.divider.move.selected')
  await move.waitFor()
  expect(await move.textContent()).toMatch(/ams-1 → fra-2.*exit 137/)
  const rows = await visibleRows(page)
  expect(rows).toContain('early 399')
  expect(rows.some((text) => text.startsWith('order 0 '))).toBe(true)
})

/** Marks this text in the last line that holds it, as a hand would. */
async function markText(page: TestPage, text: string): Promise<void> {
  const [from, to] = await page.evaluate((wanted) => {
    // a press on what is marked already would drag it
    document.getSelection()?.removeAllRanges()
    const frame = document.querySelector('.scroller')?.getBoundingClientRect()
    const lines = [...document.querySelectorAll('.row .text')].filter((line) => {
      const place = line.getBoundingClientRect()
      return frame && place.top > frame.top + 60 && place.bottom < frame.bottom - 10
    })
    const line = lines.findLast((one) => one.textContent?.includes(wanted))
    const node = line && document.createTreeWalker(line, NodeFilter.SHOW_TEXT).nextNode()
    const at = node?.textContent?.indexOf(wanted) ?? -1
    if (!node || at < 0) throw new Error('no such line')
    const range = document.createRange()
    range.setStart(node, at)
    range.setEnd(node, at + wanted.length)
    const place = range.getBoundingClientRect()
    const y = (place.top + place.bottom) / 2
    return [
      { x: place.left + 1, y },
      { x: place.right - 1, y }
    ]
  }, text)
  if (!from || !to) throw new Error('nothing to mark')
  await page.mouse.move(from.x, from.y)
  await page.mouse.down()
  await page.mouse.move((from.x + to.x) / 2, from.y)
  await page.mouse.move(to.x, to.y)
  await page.mouse.up()
}
