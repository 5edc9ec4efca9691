import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  closeAll,
  loadedLines,
  openBrowser,
  settled,
  type TestBrowser,
  type TestPage,
  visibleRows
} from '../../web/browser.ts'
import { openHub, type TestHub, type Writer } from '../../web/hub.ts'

let browser: TestBrowser
let hub: TestHub
let first: Writer
let crowd: Writer
const START_MS = Math.floor(Date.now() / 1000) * 1000 - 3_600_000
/** A thousand lines that carry one and the same time. */
const CROWD_MS = START_MS - 600_000

beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub()
  first = await hub.writer('orders', 'ams-1', 'orders-web-1')
  const second = await hub.writer('orders', 'fra-2', 'orders-web-2')
  crowd = await hub.writer('crowd', 'ams-1', 'crowd-1')
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
  await closeAll(browser, hub)
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
    // What is said of the result, and how complete it is, comes a moment behind it.
    await page.waitForTimeout(700)
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
    const address = page.url()
    await page.reload()
    await settled(page)
    await page.waitForSelector(selectedText)
    await page.waitForTimeout(700)
    expect(page.url()).toBe(address)
    expect(await visibleRows(page)).toEqual(before)
  })

  test('query, filter and drag are one entry each; Back and Forward bring back text, rows and place', async () => {
    const from = new Date(START_MS - 60_000).toISOString()
    const to = new Date(START_MS + 1_260_000).toISOString()
    const page = await browser.page(`${hub.url}/prod/orders/logs?from=${from}&to=${to}`)
    const snapshot = async () => {
      await settled(page)
      await page.waitForTimeout(700)
      return {
        params: new URL(page.url()).search.replace(/&?at=[^&]*/, ''),
        text: await page.locator('.cm-content').textContent(),
        rows: await visibleRows(page)
      }
    }
    const scroll = async (by: number) => {
      await settled(page)
      await page.locator('.scroller').hover()
      await page.mouse.wheel(0, by)
    }
    const entries = () => page.evaluate(() => history.length)
    await settled(page)
    const begin = await entries()
    const places = []
    await scroll(-1500)
    places.push(await snapshot())
    await page.keyboard.press('/')
    await page.keyboard.type('-timeout')
    await page.keyboard.press('Enter')
    await scroll(-900)
    places.push(await snapshot())
    await page.locator('.facet-row input[aria-label^="error,"]').click()
    await scroll(-700)
    places.push(await snapshot())
    const plot = await page.locator('.u-over').boundingBox()
    if (!plot) throw new Error('no histogram')
    const y = plot.y + plot.height / 2
    await page.mouse.move(plot.x + plot.width * 0.1, y)
    await page.mouse.down()
    await page.mouse.move(plot.x + plot.width * 0.3, y)
    await page.mouse.move(plot.x + plot.width * 0.5, y)
    await page.mouse.up()
    await expect.poll(entries).toBe(begin + 3)
    await scroll(-400)
    await settled(page)
    await page.locator('.row[tabindex="0"]').focus()
    for (let i = 0; i < 50; i++) await page.keyboard.press('k')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Escape')
    expect(await entries()).toBe(begin + 3)
    places.push(await snapshot())
    for (const place of places.slice(0, 3).toReversed()) {
      await page.goBack()
      expect(await snapshot()).toEqual(place)
    }
    for (const place of places.slice(1)) {
      await page.goForward()
      expect(await snapshot()).toEqual(place)
    }
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
  // the line in the middle of the crowd, 50 to each side of it
  const { records } = await page.evaluate(
    async (asked) => (await fetch(asked)).json(),
    `/api/logs?app=crowd&environment=prod&from=${from}&to=${to}&limit=1000&direction=newer`
  )
  await page.goto(`${hub.url}/prod/crowd/logs?from=${from}&to=${to}&at=${records[500].id}&ctx=instance&n=50`)
  await page.waitForSelector('.context-bar')
  await settled(page)
  const around: string[] = []
  await page.locator('.row[tabindex="0"]').focus()
  await page.keyboard.press('Home')
  await expect.poll(() => visibleRows(page)).toContain('crowd 450')
  for (let i = 0; i < 40; i++) {
    await page.waitForTimeout(60)
    for (const text of await visibleRows(page)) if (!around.includes(text)) around.push(text)
    await page.keyboard.press('PageDown')
  }
  expect(around).toEqual(Array.from({ length: 101 }, (_, i) => `crowd ${450 + i}`))
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

  test('loaded lines as text, NDJSON and CSV', async () => {
    const page = await browser.page(
      `${hub.url}/prod/orders/logs?q=order%3A%5B4000+TO+4040%5D&cols=order&from=now-7d&to=now`
    )
    await settled(page)
    const text = await loadedLines(page)
    expect(text).toHaveLength(11)
    expect(text[0]).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z .*"msg":"paid 0"/)
    const records = (await loadedLines(page, /as NDJSON/)).map((line) => JSON.parse(line))
    expect(records.map((record) => record.fields.order)).toEqual(
      Array.from({ length: 11 }, (_, i) => 4000 + i * 4)
    )
    const [head, ...rows] = (await loadedLines(page, /as CSV/)).map((line) => line.trimEnd())
    expect(head).toBe('time,host,app,instance,level,order,text')
    expect(rows).toHaveLength(11)
    expect(rows[0]).toBe(
      `${records[0].time},ams-1,orders,${first.origin.instance},error,4000,"${records[0].text.replaceAll('"', '""')}"`
    )
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
  const role = () => page.evaluate(() => document.activeElement?.getAttribute('role'))
  const tabTo = async (selector: string) => {
    for (let i = 0; i < 80; i++) {
      if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return
      await page.keyboard.press('Tab')
    }
    throw new Error(`Tab never reached ${selector}`)
  }
  await page.keyboard.press('/')
  await page.keyboard.type('timeout')
  await watchFocus(page)
  await page.keyboard.press('Enter')
  await expect.poll(() => page.url()).toContain('q=timeout')
  await settled(page)
  await tabTo('.row')
  await page.keyboard.press('k')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.record')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.record', { state: 'detached' })
  await expect.poll(role).toBe('row')
  await page.keyboard.press('c')
  await page.waitForSelector('.context-bar')
  await expect.poll(role).toBe('row')
  await page.keyboard.press('Escape')
  await page.waitForSelector('.context-bar', { state: 'detached' })
  await expect.poll(role).toBe('row')
  expect(page.url()).toContain('q=timeout')
  await page.keyboard.press('Enter')
  await page.waitForSelector('.record')
  await tabTo('[data-field="host"] button')
  await page.keyboard.press('-')
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('timeout -host:fra-2')
  await settled(page)
  await page.keyboard.press('/')
  await tabTo('.live-switch')
  await page.keyboard.press('Enter')
  await expect.poll(() => page.url()).toContain('live=1')
  await page.waitForSelector('.live-state.on')
  await page.goBack()
  await expect.poll(() => page.url()).not.toContain('live=1')
  await settled(page)
  await page.goBack()
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('timeout')
  await settled(page)
  expect(await page.evaluate(() => (window as unknown as { fell: string[] }).fell)).toEqual([])
})

/** Notes when the focus lies on nothing for six frames: longer than one list takes to replace another. */
async function watchFocus(page: TestPage): Promise<void> {
  await page.evaluate(() => {
    const fell: string[] = []
    Object.assign(window, { fell })
    let frames = 0
    const look = () => {
      frames = document.activeElement === document.body ? frames + 1 : 0
      if (frames === 6) fell.push(location.href)
      requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
  })
}
