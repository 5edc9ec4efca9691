import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser, settled, type TestBrowser, visibleRows } from '../../web/browser.ts'
import { openHub, type TestHub, type Writer } from '../../web/hub.ts'

let browser: TestBrowser
let hub: TestHub
let first: Writer
const START_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000
/** A thousand lines that carry one and the same time. */
const CROWD_MS = START_MS - 600_000

beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub()
  first = await hub.writer('orders', 'ams-1', 'orders-web-1')
  const second = await hub.writer('orders', 'fra-2', 'orders-web-2')
  const crowd = await hub.writer('crowd', 'ams-1', 'crowd-1')
  const evil = await hub.writer('evil', 'ams-1', 'evil-1')
  first.start(START_MS)
  await first.write(
    Array.from({ length: 800 }, (_, i) => ({
      atMs: START_MS + i * 1000,
      level: i % 50 === 0 ? ('error' as const) : ('info' as const),
      text:
        i % 4 === 0
          ? JSON.stringify({ msg: `paid ${i}`, order: 4000 + i, big: 9007199254740993n.toString() })
          : `GET /items/${i} 200`
    }))
  )
  first.end(START_MS + 800_000, 137, true)
  second.start(START_MS + 806_000)
  await second.write(
    Array.from({ length: 400 }, (_, i) => ({
      atMs: START_MS + 806_000 + i * 1000,
      text: `second ${i} timeout`
    }))
  )
  await crowd.write(Array.from({ length: 1000 }, (_, i) => ({ atMs: CROWD_MS, text: `crowd ${i}` })))
  await evil.write([
    { atMs: START_MS, text: '<img src=x onerror="window.hit=1">' },
    {
      atMs: START_MS + 1,
      text: '\u001b]8;;javascript:window.hit=2\u0007click\u001b]8;;\u0007 \u001b[2J\u001b[31mred\u001b[0m\u001b[?1h'
    },
    { atMs: START_MS + 2, text: 'see javascript:alert(1) and https://example.org/a?b=1.' },
    { atMs: START_MS + 3, text: 'rtl \u202Eevil\u202C zero\u200Bwidth \u0007bell' }
  ])
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await hub?.[Symbol.asyncDispose]()
})

const selectedText = '.row.selected .text'

describe('the URL is the state', () => {
  test('query, range, order, columns and record open exactly that view, and a reload changes nothing', async () => {
    const at = `${first.origin.instance}.0.0.`
    const from = new Date(START_MS).toISOString()
    const to = new Date(START_MS + 900_000).toISOString()
    const plain = await browser.page(`${hub.url}/prod/orders/logs?q=paid&from=${from}&to=${to}`)
    await settled(plain)
    const id = await plain.evaluate(
      () => document.querySelectorAll<HTMLElement>('.row[data-key]')[5]?.dataset['key']
    )
    expect(id).toContain(at)
    const url = `${hub.url}/prod/orders/logs?q=paid&from=${from}&to=${to}&order=up&cols=order&at=${id}`
    const page = await browser.page(url)
    await settled(page)
    await page.waitForSelector(selectedText)
    const before = await visibleRows(page)
    expect(before.length).toBeGreaterThan(5)
    expect(before.every((text) => text.includes('paid'))).toBe(true)
    const columns = await page.locator('.row.selected .field').allTextContents()
    expect(columns[0]).toMatch(/^4\d{3}$/)
    const middle = await page.evaluate(() => {
      const frame = document.querySelector('.scroller')?.getBoundingClientRect()
      const row = document.querySelector('.row.selected')?.getBoundingClientRect()
      return frame && row ? Math.abs((row.top + row.bottom) / 2 - (frame.top + frame.bottom) / 2) : 1e9
    })
    expect(middle).toBeLessThan(40)
    await page.waitForTimeout(700)
    const address = page.url()
    await page.reload()
    await settled(page)
    await page.waitForSelector(selectedText)
    await page.waitForTimeout(700)
    expect(page.url()).toBe(address)
    expect(await visibleRows(page)).toEqual(before)
  })

  test('each action is one entry, and Back and Forward bring back text, rows and place', async () => {
    const page = await browser.page(`${hub.url}/prod/orders/logs`)
    await settled(page)
    const snapshot = async () => {
      await settled(page)
      await page.waitForTimeout(700)
      return { url: page.url().split('?')[1], rows: await visibleRows(page) }
    }
    await page.locator('.scroller').hover()
    await page.mouse.wheel(0, -1500)
    const one = await snapshot()
    const setView = (params: string) =>
      page.evaluate((query) => {
        const link = new URL(location.href)
        link.search = query
        history.pushState({ key: query, pushed: true }, '', link)
        dispatchEvent(new PopStateEvent('popstate', { state: history.state }))
      }, params)
    await setView('?q=timeout')
    await page.locator('.scroller').hover()
    await page.mouse.wheel(0, -900)
    const two = await snapshot()
    await page.keyboard.press('M')
    await page.keyboard.press('k')
    for (let i = 0; i < 50; i++) await page.keyboard.press('j')
    const length = await page.evaluate(() => history.length)
    await page.keyboard.press('c')
    const three = await snapshot()
    expect(await page.evaluate(() => history.length)).toBe(length + 1)
    await page.goBack()
    await page.waitForTimeout(300)
    await page.goBack()
    expect((await snapshot()).rows).toEqual(one.rows)
    await page.goForward()
    await page.waitForTimeout(300)
    expect((await snapshot()).url?.split('&')[0]).toBe(two.url?.split('&')[0])
    await page.goForward()
    expect((await snapshot()).rows).toEqual(three.rows)
  })

  test('a link to a record shows it in the middle when container and host are gone', async () => {
    const { origin } = first
    const page = await browser.page(
      `${hub.url}/prod/orders/logs?from=now-7d&to=now&at=${origin.instance}.0.0.0`
    )
    await settled(page)
    expect(await page.locator(selectedText).textContent()).toContain('paid 0')
  })
})

test('a thousand lines of one time are paged and shown as context each once, in file order', async () => {
  const from = new Date(CROWD_MS - 1000).toISOString()
  const to = new Date(CROWD_MS + 1000).toISOString()
  const page = await browser.page(`${hub.url}/prod/crowd/logs?from=${from}&to=${to}`)
  await settled(page)
  const seen = new Set<string>()
  let last = ''
  await page.locator('.scroller').hover()
  for (let i = 0; i < 200; i++) {
    const rows = await visibleRows(page)
    for (const text of rows) seen.add(text)
    const numbers = rows.map((text) => Number(/\d+/.exec(text)?.[0]))
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b))
    if (rows[0] === 'crowd 0' && last === rows[0]) break
    last = rows[0] ?? ''
    await page.mouse.wheel(0, -500)
    await page.waitForTimeout(40)
  }
  expect(seen.size).toBe(1000)
  await page.keyboard.press('j')
  await page.keyboard.press('c')
  await page.waitForSelector('.context-bar')
  await settled(page)
  const context = await visibleRows(page)
  expect(new Set(context).size).toBe(context.length)
})

test('nothing of a line runs, and Raw shows what it really holds', async () => {
  const page = await browser.page(`${hub.url}/prod/evil/logs`)
  await settled(page)
  const rows = await visibleRows(page)
  expect(rows[0]).toBe('<img src=x onerror="window.hit=1">')
  expect(rows[1]).toBe('click red')
  expect(await page.evaluate(() => 'hit' in window)).toBe(false)
  expect(await page.locator('.scroller img').count()).toBe(0)
  await page.locator('.row[data-key]').nth(1).click()
  await page.getByRole('tab', { name: 'Raw' }).click()
  expect(await page.locator('.raw').textContent()).toContain('␛[2J')
  await page.keyboard.press('Escape')
  await page.locator('.row[data-key]').nth(2).click()
  await page.getByRole('tab', { name: 'Raw' }).click()
  await page.getByText('Colours instead').click()
  const links = await page
    .locator('.raw a')
    .evaluateAll((all) => all.map((a) => [a.getAttribute('href'), a.getAttribute('rel')]))
  expect(links).toEqual([['https://example.org/a?b=1', 'noopener noreferrer nofollow']])
})

describe('what is copied', () => {
  test('line, JSON, NDJSON and a curl that gives the record', async () => {
    const page = await browser.page(`${hub.url}/prod/orders/logs?q=paid&at=${first.origin.instance}.0.0.0`)
    await settled(page)
    const copied = () => page.evaluate(() => navigator.clipboard.readText())
    await page.locator('.row.selected').focus()
    await page.keyboard.press('y')
    await expect.poll(copied).toContain('"msg":"paid 0"')
    await page.keyboard.press('J')
    await expect.poll(copied).toContain('"id"')
    const record = JSON.parse(await copied())
    await page.keyboard.press('Enter')
    await page.getByRole('button', { name: 'Copy curl' }).click()
    await expect.poll(copied).toContain('curl')
    const { stdout } = await promisify(execFile)('sh', ['-c', await copied()])
    expect(JSON.parse(stdout.split('\n')[0] ?? '').id).toBe(record.id)
    await page.getByRole('tab', { name: 'JSON' }).click()
    expect(await page.getByRole('treeitem', { name: /big/ }).textContent()).toContain('9007199254740993')
  })
})

test('find reaches rows that are not drawn, and asked again it is the browser’s', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await settled(page)
  await page.keyboard.press('Control+f')
  await page.keyboard.type('second 210 ')
  await page.waitForSelector('mark.current')
  expect(await page.locator('mark.current').textContent()).toBe('second 210 ')
  const isOurs = await page.evaluate(() => {
    const event = new KeyboardEvent('keydown', { key: 'f', ctrlKey: true, bubbles: true, cancelable: true })
    document.querySelector('.find-field')?.dispatchEvent(event)
    return event.defaultPrevented
  })
  expect(isOurs).toBe(false)
})

test('by keys alone: search, row, context, exclude, live and back, with the focus always somewhere', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await settled(page)
  const focused = () => page.evaluate(() => document.activeElement?.tagName ?? '')
  await page.keyboard.press('/')
  await expect.poll(focused).not.toBe('BODY')
  await page.keyboard.type('timeout')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.url()).toContain('q=timeout')
  await settled(page)
  await page.locator('.row[tabindex="0"]').focus()
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.record')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.record', { state: 'detached' })
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row')
  await page.keyboard.press('c')
  await page.waitForSelector('.context-bar')
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.context-bar', { state: 'detached' })
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute('role'))).toBe('row')
  expect(page.url()).toContain('q=timeout')
})
