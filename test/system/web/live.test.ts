import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openBrowser, settled, type TestBrowser, type TestPage } from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let browser: TestBrowser
let hub: TestHub
beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub()
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
  await hub?.[Symbol.asyncDispose]()
})

/** Numbers of the lines `… n` that a page was shown since it was opened, drawn or not. */
async function watchNumbers(page: TestPage): Promise<() => Promise<number[]>> {
  return () =>
    page.evaluate(async () => {
      const scroller = document.querySelector<HTMLElement>('.scroller')
      const found = new Set<number>()
      const take = () => {
        for (const row of document.querySelectorAll('.row[data-key] .text')) {
          const match = /^line (\d+)$/.exec(row.textContent ?? '')
          if (match) found.add(Number(match[1]))
        }
      }
      if (!scroller) return []
      for (let top = 0; top < scroller.scrollHeight; top += scroller.clientHeight) {
        scroller.scrollTop = top
        await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
        take()
      }
      return [...found].sort((a, b) => a - b)
    })
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

test('following at 2,000 lines a second misses nothing, shows nothing twice and ends at the last line', async () => {
  const writer = await hub.writer('fast', 'ams-1', 'fast-1')
  const page = await browser.page(`${hub.url}/prod/fast/logs?live=1`)
  await settled(page)
  let written = 0
  for (const endMs = Date.now() + 5000; Date.now() < endMs; ) {
    await writer.write(Array.from({ length: 200 }, () => `line ${written++}`))
    await new Promise((done) => setTimeout(done, 100))
  }
  await page.waitForFunction(
    (last) => [...document.querySelectorAll('.row .text')].some((row) => row.textContent === last),
    `line ${written - 1}`
  )
  await page.keyboard.press('f')
  const shown = await (await watchNumbers(page))()
  expect(shown).toEqual(numbers(written))
})

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

test('a stream that is cut at any byte, and a hub that starts again, lose and double nothing', async () => {
  await using link = await cuttingLink(Number(new URL(hub.url).port))
  const writer = await hub.writer('cut', 'ams-1', 'cut-1')
  const page = await browser.page(`http://127.0.0.1:${link.port}/prod/cut/logs?live=1`)
  await settled(page)
  let written = 0
  for (let cut = 0; cut < 12; cut++) {
    await writer.write(Array.from({ length: 40 }, () => `line ${written++}`))
    if (cut === 6) await hub.restart()
    else link.cutAfter(Math.floor(Math.random() * 8000))
    await new Promise((done) => setTimeout(done, 150))
    await page
      .getByRole('button', { name: 'Try again' })
      .click({ timeout: 300 })
      .catch(() => {})
  }
  link.cutAfter(Number.POSITIVE_INFINITY)
  await writer.write([`line ${written++}`])
  await page.waitForFunction(
    (last) => [...document.querySelectorAll('.row .text')].some((row) => row.textContent === last),
    `line ${written - 1}`,
    { timeout: 40_000 }
  )
  await page.keyboard.press('f')
  const shown = await (await watchNumbers(page))()
  expect(shown).toEqual(numbers(written))
  expect(await page.locator('.summary').textContent()).toContain(String(written))
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
  await other.write(Array.from({ length: 1800 }, (_, i) => ({ text: `line ${i}`, atMs: nowMs - 50_000 + i })))
  const row = page.locator('.row.divider.late')
  await row.waitFor()
  await expect.poll(() => row.textContent()).toContain('1,800 older lines')
  await row.getByRole('button').click()
  await row.waitFor({ state: 'detached' })
  await page.keyboard.press('f')
  expect(await (await watchNumbers(page))()).toEqual(numbers(1800))
})

interface Link extends AsyncDisposable {
  port: number
  /** Cuts the longest connection after so many more bytes from the hub. */
  cutAfter(bytes: number): void
}

/** A way to the hub that breaks where it is told to. */
async function cuttingLink(port: number): Promise<Link> {
  const sockets = new Set<Socket>()
  let left = Number.POSITIVE_INFINITY
  const server: Server = createServer((client) => {
    const hubSide = connect(port, '127.0.0.1')
    sockets.add(client).add(hubSide)
    let isTail = false
    client.on('data', (data) => {
      isTail ||= data.includes('/api/tail')
      hubSide.write(data)
    })
    hubSide.on('data', (data) => {
      if (isTail && data.length >= left) {
        client.write(data.subarray(0, left))
        left = Number.POSITIVE_INFINITY
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
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((done) => server.close(done))
    }
  }
}
