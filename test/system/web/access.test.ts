import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { closeAll, openBrowser, settled, type TestBrowser, type TestPage } from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

let browser: TestBrowser
let hub: TestHub
beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub()
  const one = await hub.writer('orders', 'ams-1', 'orders-1')
  const two = await hub.writer('orders', 'fra-2', 'orders-2')
  const nowMs = Date.now()
  one.start(nowMs - 900_000)
  await one.write(
    Array.from({ length: 60 }, (_, i) => ({
      atMs: nowMs - 900_000 + i * 1000,
      level: (['info', 'warn', 'error', 'debug', 'fatal', 'trace'] as const)[i % 6] ?? 'info',
      text:
        i % 3 === 0
          ? JSON.stringify({ msg: `paid ${i}`, order: i, none: null })
          : `\u001b[33mGET\u001b[0m /items/${i}\n  more`
    }))
  )
  one.end(nowMs - 800_000, 1)
  two.start(nowMs - 799_000)
  await two.write(
    Array.from({ length: 10 }, (_, i) => ({ atMs: nowMs - 799_000 + i * 1000, text: `line ${i}` }))
  )
})
afterAll(async () => {
  await closeAll(browser, hub)
})

/** What axe finds, as `rule: element`. */
async function violations(page: TestPage): Promise<string[]> {
  await page.evaluate(`${AXE};0`)
  return page.evaluate(async () => {
    const { axe } = window as unknown as {
      axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> }
    }
    const found = await axe.run()
    return found.violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)}`)
    )
  })
}

const WIDTHS = [1280, 390]
const LOOKS = [
  { theme: 'dark', language: 'en' },
  { theme: 'dark', language: 'zh' },
  { theme: 'light', language: 'en' },
  { theme: 'light', language: 'zh' }
] as const

for (const width of WIDTHS) {
  for (const look of LOOKS) {
    test(`axe finds nothing at ${width} px, ${look.theme}, ${look.language}`, async () => {
      const page = await browser.page(`${hub.url}/prod/orders/logs`, {
        ...look,
        viewport: { width, height: 800 }
      })
      await settled(page)
      expect(await violations(page)).toEqual([])
      await page.locator('.row[tabindex="0"]').focus()
      await page.keyboard.press('E')
      await page.keyboard.press('Enter')
      await page.waitForTimeout(400)
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('c')
      await page.waitForSelector('.context-bar')
      await settled(page)
      expect(await violations(page)).toEqual([])
      await page.goto(`${hub.url}/prod/orders/logs?live=1`)
      await settled(page)
      await page.waitForSelector('.live-state.on')
      expect(await violations(page)).toEqual([])
      await page.keyboard.press('f')
      await page.waitForSelector('.pill')
      expect(await violations(page)).toEqual([])
      await page.context().close()
    })
  }
}

test('the grid counts its rows and the tail speaks at most once in five seconds', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs?live=1`)
  await settled(page)
  await page.evaluate(() => {
    const said: number[] = []
    Object.assign(window, { said })
    const speaker = document.querySelector('[data-speaker]')
    if (speaker)
      new MutationObserver(() => said.push(Date.now())).observe(speaker, {
        childList: true,
        characterData: true,
        subtree: true
      })
  })
  const writer = await hub.writer('orders', 'fra-2', 'orders-3')
  const begunMs = Date.now()
  for (let i = 0; i < 24; i++) {
    await writer.write([`spoken ${i}`])
    await page.waitForTimeout(250)
  }
  const said = await page.evaluate(() => (window as unknown as { said: number[] }).said.length)
  expect(said).toBeGreaterThan(0)
  expect(said).toBeLessThanOrEqual(Math.ceil((Date.now() - begunMs) / 5000))
  const rows = await page.locator('[role="grid"] > [role="row"]').count()
  expect(rows).toBeGreaterThan(5)
})
