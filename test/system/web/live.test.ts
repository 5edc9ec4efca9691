import { connect, createServer, type Server, type Socket } from 'node:net'
import type { Locator } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import {
  CUT_OFF,
  closeAll,
  countLongTasks,
  loadedLines,
  longTasks,
  openBrowser,
  settled,
  type TestBrowser,
  type TestPage
} from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let browser: TestBrowser
let hub: TestHub
beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub()
})
// a page that is still open would complain of the hub that starts again
afterEach(() => browser.leave())
afterAll(async () => {
  await closeAll(browser, hub)
})

/** Numbers of the lines `line n` that the list holds, in its order, drawn or not. */
async function shownNumbers(page: TestPage): Promise<number[]> {
  const lines = await loadedLines(page)
  return lines.flatMap((line) => {
    const match = /line (\d+)$/.exec(line)
    return match ? [Number(match[1])] : []
  })
}

/** The last line that was written is drawn. */
async function drawn(page: TestPage, text: string, timeout = 15_000): Promise<void> {
  await page.waitForFunction(
    (wanted) => [...document.querySelectorAll('.row .text')].some((row) => row.textContent === wanted),
    text,
    { timeout }
  )
}

function numbers(count: number, from = 0): number[] {
  return Array.from({ length: count }, (_, i) => from + i)
}

const FOLLOWED_MS = 60_000

test('following at 2,000 lines a second misses nothing, shows nothing twice and ends at the last line', async () => {
  const writer = await hub.writer('fast', 'ams-1', 'fast-1')
  const page = await browser.page(`${hub.url}/prod/fast/logs?live=1`)
  await settled(page)
  await countLongTasks(page)
  let written = 0
  let seen = 0
  const startMs = Date.now()
  for (let round = 0; Date.now() < startMs + FOLLOWED_MS; round++) {
    const dueMs = startMs + round * 100
    await writer.write(Array.from({ length: 200 }, () => `line ${written++}`))
    // the list keeps the newest 20,000: looked at this often, every line is seen while it is there
    if (round % 60 === 59) {
      const shown = await shownNumbers(page)
      expect(shown).toEqual(numbers(shown.length, shown[0]))
      expect(shown[0]).toBeLessThanOrEqual(seen)
      seen = (shown.at(-1) ?? 0) + 1
    }
    await new Promise((done) => setTimeout(done, Math.max(0, dueMs + 100 - Date.now())))
  }
  await drawn(page, `line ${written - 1}`, 40_000)
  const shown = await shownNumbers(page)
  expect(shown).toEqual(numbers(shown.length, shown[0]))
  expect(shown[0]).toBeLessThanOrEqual(seen)
  expect(shown.at(-1)).toBe(written - 1)
  const perSecond = Math.round((written * 1000) / (Date.now() - startMs))
  console.info(`followed ${written} lines at ${perSecond}/s; tasks over 50 ms: ${await longTasks(page)}`)
})

test('text that is marked while lines come in stays marked, and is what is copied', async () => {
  const writer = await hub.writer('mark', 'ams-1', 'mark-1')
  await writer.write(Array.from({ length: 60 }, (_, i) => `mark${i} and more`))
  const page = await browser.page(`${hub.url}/prod/mark/logs?live=1`)
  await settled(page)
  const line = page.locator('.row .text', { hasText: 'mark50 ' })
  const place = await standing(line)
  const y = place.y + place.height / 2
  await page.mouse.move(place.x + 1, y)
  await page.mouse.down()
  await page.mouse.move(place.x + 30, y)
  // six characters of 7.83 px
  await page.mouse.move(place.x + 48, y)
  await page.mouse.up()
  const marked = () => page.evaluate(() => document.getSelection()?.toString().trim())
  expect(await marked()).toBe('mark50')
  for (let i = 0; i < 10; i++) {
    await writer.write(Array.from({ length: 100 }, (_, k) => `new ${i * 100 + k}`))
    await new Promise((done) => setTimeout(done, 100))
  }
  await page.waitForSelector('.pill-count[data-waiting="1000"]')
  expect(await marked()).toBe('mark50')
  expect(await page.locator('.pill').textContent()).toContain('because text is marked')
  await page.keyboard.press('Control+c')
  expect((await page.evaluate(() => navigator.clipboard.readText())).trim()).toBe('mark50')
  await page.keyboard.press('End')
  await drawn(page, 'new 999')
})

/** Where the line stands once it stands still: the histogram comes after the list and moves it. */
async function standing(line: Locator) {
  for (let before = ''; ; await new Promise((done) => setTimeout(done, 300))) {
    const place = await line.boundingBox()
    if (place && before === JSON.stringify(place)) return place
    before = JSON.stringify(place)
  }
}

test('scrolled up, the row under the eye stands still, the pill counts exactly, and End goes on', async () => {
  const writer = await hub.writer('eye', 'ams-1', 'eye-1')
  await writer.write(Array.from({ length: 150 }, (_, i) => `old ${i}`))
  const page = await browser.page(`${hub.url}/prod/eye/logs?live=1`)
  await settled(page)
  await page.locator('.scroller').hover()
  await page.mouse.wheel(0, -800)
  await page.waitForSelector('.pill')
  await page.waitForTimeout(300)
  const row = page
    .locator('.row[data-key]')
    .filter({ hasText: /old 1[01]\d$/ })
    .first()
  const text = await row.textContent()
  const place = async () =>
    (
      await page
        .locator('.row', { hasText: text ?? '' })
        .first()
        .boundingBox()
    )?.y
  const before = await place()
  for (let i = 0; i < 10; i++) {
    await writer.write(Array.from({ length: 300 }, (_, k) => `new ${i * 300 + k}`))
    await new Promise((done) => setTimeout(done, 50))
  }
  await page.waitForSelector('.pill-count[data-waiting="3000"]')
  expect(await place()).toBe(before)
  await page.keyboard.press('End')
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.row .text')].some((line) => line.textContent === 'new 2999')
  )
  // more than could wait stand behind a row that loads them
  const range = page.locator('.row.divider.range')
  await page.keyboard.press('f')
  await page.evaluate(() => document.querySelector('.scroller')?.scrollTo(0, 0))
  await page.waitForTimeout(300)
  const load = range.getByRole('button')
  if ((await load.count()) === 0) {
    for (let top = 0; top < 100_000 && (await load.count()) === 0; top += 700) {
      await page.evaluate((y) => document.querySelector('.scroller')?.scrollTo(0, y), top)
      await page.waitForTimeout(30)
    }
  }
  expect(await range.textContent()).toContain('1,000 lines')
  await load.click()
  await range.waitFor({ state: 'detached' })
  expect(await page.locator('.summary').textContent()).toContain('3,150')
})

test('a move during the tail stands as a divider, and the new host’s lines follow without input', async () => {
  const one = await hub.writer('mover', 'ams-1', 'mover-1')
  const two = await hub.writer('mover', 'fra-2', 'mover-2')
  one.start(Date.now() - 60_000)
  await one.write(['before'])
  const page = await browser.page(`${hub.url}/prod/mover/logs?live=1`)
  await settled(page)
  one.end(Date.now(), 137, true)
  two.start(Date.now() + 1)
  await two.write(['after'])
  await page.waitForSelector('.row.divider.move')
  await page.waitForFunction(() =>
    [...document.querySelectorAll('.row .text')].some((row) => row.textContent === 'after')
  )
  expect(await page.locator('.row.divider.move').textContent()).toMatch(/ams-1 → fra-2.*137/)
})

const CUTS = 50
const RESTARTS = 5

test('a stream that is cut at 50 bytes, and a hub that starts again 5 times, lose and double nothing', async () => {
  await using link = await cuttingLink(Number(new URL(hub.url).port))
  const writer = await hub.writer('cut', 'ams-1', 'cut-1')
  const page = await browser.page(`http://127.0.0.1:${link.port}/prod/cut/logs?live=1`, { expected: CUT_OFF })
  await settled(page)
  let written = 0
  const again = page.getByRole('button', { name: 'Try again' })
  let restarts = 0
  for (let round = 1; link.cuts() < CUTS || restarts < RESTARTS; round++) {
    if (round % (CUTS / RESTARTS) === 0 && restarts++ < RESTARTS) await hub.restart()
    else link.cutAfter(Math.floor(Math.random() * 12_000))
    await writer.write(Array.from({ length: 40 }, () => `line ${written++}`))
    await again.waitFor({ timeout: 1500 }).catch(() => {})
    await again.click({ timeout: 200 }).catch(() => {})
  }
  expect(link.cuts()).toBe(CUTS)
  link.cutAfter(Number.POSITIVE_INFINITY)
  await writer.write([`line ${written++}`])
  await drawn(page, `line ${written - 1}`, 40_000)
  expect(await shownNumbers(page)).toEqual(numbers(written))
  expect(await page.locator('.summary').textContent()).toContain(written.toLocaleString('en'))
})

test('a place that the hub can no longer replay leaves a row that closes the hole', async () => {
  await using link = await cuttingLink(Number(new URL(hub.url).port))
  const writer = await hub.writer('old', 'ams-1', 'old-1')
  const page = await browser.page(`http://127.0.0.1:${link.port}/prod/old/logs?live=1`, { expected: CUT_OFF })
  await settled(page)
  await writer.write(['line 0', 'line 1'])
  await drawn(page, 'line 1')
  let letGo = () => {}
  const isWritten = new Promise<void>((done) => {
    letGo = done
  })
  let resumed = false
  await page.route('**/api/tail*', async (route) => {
    const headers = route.request().headers()
    if (!resumed) headers['last-event-id'] = '00000000-0-0-0'
    resumed = true
    await isWritten
    await route.continue({ headers })
  })
  const again = page.waitForRequest('**/api/tail*')
  link.cutNow()
  await again
  await writer.write(Array.from({ length: 300 }, (_, i) => `line ${i + 2}`))
  letGo()
  const hole = page.locator('.row.divider.range')
  await hole.waitFor()
  await writer.write(['line 302'])
  await drawn(page, 'line 302')
  await hole.getByRole('button').click()
  await hole.waitFor({ state: 'detached' })
  expect(await shownNumbers(page)).toEqual(numbers(303))
})

test('a backlog becomes one row, what is read does not move, and “Show” sorts it in', async () => {
  const writer = await hub.writer('late', 'ams-1', 'late-1')
  const other = await hub.writer('late', 'ams-9', 'late-9')
  const nowMs = Date.now()
  await writer.write(
    Array.from({ length: 60 }, (_, i) => ({ text: `now ${i}`, atMs: nowMs - 60_000 + i * 1000 }))
  )
  const page = await browser.page(`${hub.url}/prod/late/logs?live=1`)
  await settled(page)
  await other.write(
    Array.from({ length: 18_000 }, (_, i) => ({ text: `line ${i}`, atMs: nowMs - 50_000 + i }))
  )
  const row = page.locator('.row.divider.late')
  await row.waitFor()
  await expect.poll(() => row.textContent()).toContain('18,000 older lines')
  await row.getByRole('button').click()
  await row.waitFor({ state: 'detached' })
  expect((await shownNumbers(page)).sort((a, b) => a - b)).toEqual(numbers(18_000))
})

interface Link extends AsyncDisposable {
  port: number
  /** Cuts the longest connection after so many more bytes from the hub. */
  cutAfter(bytes: number): void
  cutNow(): void
  /** How often a connection was cut. */
  cuts(): number
}

/** A way to the hub that breaks where it is told to. */
async function cuttingLink(port: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let left = Number.POSITIVE_INFINITY
  let cuts = 0
  const tails = new Set<Socket>()
  const server: Server = createServer((client) => {
    const hubSide = connect(port, '127.0.0.1')
    sockets.add(client).add(hubSide)
    let isTail = false
    client.on('data', (data) => {
      isTail ||= data.includes('/api/tail')
      if (isTail) tails.add(client)
      hubSide.write(data)
    })
    hubSide.on('data', (data) => {
      if (isTail && data.length >= left) {
        client.write(data.subarray(0, left))
        left = Number.POSITIVE_INFINITY
        cuts++
        client.destroySoon()
        hubSide.destroy()
        return
      }
      if (isTail) left -= data.length
      client.write(data)
    })
    for (const [from, to] of [
      [client, hubSide],
      [hubSide, client]
    ] as const) {
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        tails.delete(from)
        to.destroySoon()
      })
    }
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    cutAfter(bytes) {
      left = bytes
    },
    cutNow() {
      for (const tail of tails) tail.destroy()
    },
    cuts: () => cuts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    }
  }
}
