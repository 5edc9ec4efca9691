/** A list of 100,000 rows, and records of every awkward size: right, and answering to the reader's hand. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  closeAll,
  countLongTasks,
  longTasks,
  openBrowser,
  settled,
  type TestBrowser,
  type TestPage,
  visibleRows
} from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let browser: TestBrowser
let hub: TestHub
const LINES = 100_000
const START_MS = Date.now() - 2 * 3_600_000
const STEP_MS = 50

beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub()
  const many = await hub.writer('many', 'ams-1', 'many-1')
  for (let at = 0; at < LINES; at += 10_000)
    await many.write(
      Array.from({ length: 10_000 }, (_, i) => ({
        atMs: START_MS + (at + i) * STEP_MS,
        text: `line ${at + i} ${'of many words '.repeat((at + i) % 23)}用户`
      }))
    )
  const heavy = await hub.writer('heavy', 'ams-1', 'heavy-1')
  const fields = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`field_${i}`, i]))
  const frames = Array.from({ length: 500 }, (_, i) => `    at Pay.step${i} (/app/src/pay.ts:${i}:7)`)
  await heavy.write([
    { atMs: START_MS, text: `mebibyte ${'some words and 用户 '.repeat(50_000)}`.slice(0, 1 << 20) },
    { atMs: START_MS + 1, text: JSON.stringify({ msg: 'ten thousand fields', ...fields }) },
    { atMs: START_MS + 2, text: ['Error: 500 frames', ...frames].join('\n') },
    { atMs: START_MS + 3, text: `word ${'x'.repeat(100_000)}` },
    ...Array.from({ length: 200 }, (_, i) => ({ atMs: START_MS + 10 + i, text: `after ${i}` }))
  ])
})
afterEach(() => browser.leave())
afterAll(async () => {
  await closeAll(browser, hub)
})

test('100,000 rows: jumps, wheel, Home and End show the right lines', async () => {
  const page = await browser.page(`${hub.url}/prod/many/logs`)
  await settled(page)
  await loadAll(page)
  expect(await page.locator('[role="grid"]').getAttribute('aria-rowcount')).toBe(String(LINES))
  await countLongTasks(page)
  const answers: number[] = []
  for (const share of [0.5, 0.02, 0.93, 0.31, 0.77, 0.11, 0.64]) {
    const { top, tookMs } = await page.evaluate(async (part) => {
      const scroller = document.querySelector('.scroller')
      if (!scroller) return { top: 0, tookMs: 0 }
      const startMs = performance.now()
      scroller.scrollTop = scroller.scrollHeight * part
      await new Promise((done) => requestAnimationFrame(() => setTimeout(done)))
      return {
        top: scroller.scrollTop / scroller.scrollHeight,
        tookMs: Math.round(performance.now() - startMs)
      }
    }, share)
    expect(Math.abs(top - share)).toBeLessThan(0.01)
    answers.push(tookMs)
    await expectInOrder(page)
    const numbers = await lineNumbers(page)
    expect(Math.abs((numbers[0] ?? 0) / LINES - share)).toBeLessThan(0.05)
  }
  await page.locator('.scroller').hover()
  for (let i = 0; i < 40; i++) await page.mouse.wheel(0, i % 2 ? -900 : 1700)
  await expectInOrder(page)
  await page.locator('.row[tabindex="0"]').focus()
  await page.keyboard.press('Home')
  await expect.poll(async () => (await lineNumbers(page))[0]).toBe(0)
  await page.keyboard.press('End')
  await expect.poll(async () => (await lineNumbers(page)).at(-1)).toBe(LINES - 1)
  await expectInOrder(page)
  console.info(
    `100,000 rows: tasks over 50 ms ${await longTasks(page)}; frame after a jump, slowest ${Math.max(...answers)} ms`
  )
})

test('a record of 1 MiB, 10,000 fields, 500 frames and a word of 100 kB are drawn, opened and left', async () => {
  const page = await browser.page(`${hub.url}/prod/heavy/logs`)
  await settled(page)
  await page.locator('.row[tabindex="0"]').focus()
  await page.keyboard.press('Home')
  await expect.poll(async () => (await visibleRows(page))[0]).toContain('mebibyte')
  const drawn = await page.evaluate(() =>
    [...document.querySelectorAll('.row .text')].map((row) => row.textContent?.length ?? 0)
  )
  // no more of a record stands in the list than a reader can take in
  expect(Math.max(...drawn)).toBeLessThan(9000)
  await countLongTasks(page)
  const open = async (says: string) => {
    await expect.poll(() => page.locator('.row.selected .text').textContent()).toContain(says)
    await page.keyboard.press('Enter')
    await page.locator('.record').waitFor()
  }
  const close = async () => {
    await page.keyboard.press('Escape')
    await page.locator('.record').waitFor({ state: 'detached' })
    await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row')
    await page.keyboard.press('j')
  }
  await open('mebibyte')
  await page.getByRole('tab', { name: 'Raw' }).click()
  await page.getByRole('button', { name: /more characters/ }).click()
  expect((await page.locator('.raw').textContent())?.length).toBeGreaterThan(90_000)
  await close()
  await open('ten thousand fields')
  await expect.poll(() => page.locator('.record .fields').first().locator('tr').count()).toBe(200)
  await page.getByPlaceholder('Filter fields').fill('field_42')
  await expect.poll(() => page.locator('.record .fields').first().locator('tr').count()).toBeLessThan(200)
  expect(await page.locator('.record .fields').first().textContent()).toContain('field_42')
  await page.getByRole('tab', { name: 'JSON' }).click()
  await page.getByRole('treeitem').first().waitFor()
  await close()
  await open('500 frames')
  await close()
  await open('word xxx')
  await close()
  await page.keyboard.press('End')
  await expect.poll(async () => (await visibleRows(page)).at(-1)).toBe('after 199')
  console.info(`heavy records: tasks over 50 ms ${await longTasks(page)}`)
})

/** Scrolls to the oldest end until every line is loaded. */
async function loadAll(page: TestPage): Promise<void> {
  await page.evaluate(async () => {
    const scroller = document.querySelector('.scroller')
    scroller?.dispatchEvent(new WheelEvent('wheel', { deltaY: -1, bubbles: true }))
    while (scroller && document.querySelector('[role="grid"]')?.getAttribute('aria-rowcount') === '-1') {
      scroller.scrollTop = 0
      await new Promise((done) => setTimeout(done, 10))
    }
  })
}

async function lineNumbers(page: TestPage): Promise<number[]> {
  return (await visibleRows(page)).map((text) => Number(/line (\d+)/.exec(text)?.[1] ?? Number.NaN))
}

async function expectInOrder(page: TestPage): Promise<void> {
  await page.waitForTimeout(50)
  const numbers = await lineNumbers(page)
  expect(numbers.length).toBeGreaterThan(3)
  expect(numbers).toEqual(numbers.map((_, i) => (numbers[0] ?? 0) + i))
}
