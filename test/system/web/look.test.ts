/** The whole page as everybody meets it: assistive technology, two themes, two languages, wide and narrow. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { faultsOf, tooSmall } from '../../web/axe.ts'
import { closeAll, openBrowser, settled, type TestBrowser, type TestPage } from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let hub: TestHub
let browser: TestBrowser
const startMs = Date.now() - 50 * 60_000

const WIDE = { viewport: { width: 1280, height: 800 } }
const NARROW = { viewport: { width: 390, height: 844 }, hasTouch: true }

beforeAll(async () => {
  hub = await openHub()
  const before = await hub.writer('orders', 'ams-1', 'orders-1')
  const after = await hub.writer('orders', 'fra-2', 'orders-2')
  before.start(startMs)
  await before.write(
    Array.from({ length: 200 }, (_, i) => ({
      atMs: startMs + i * 5000,
      level: (['info', 'error', 'warn', 'debug', 'trace', 'fatal'] as const)[i % 6] ?? ('info' as const),
      text:
        i % 4
          ? `GET /api/items/${i} \u001b[32mok\u001b[0m 用户登录失败`
          : JSON.stringify({ msg: 'paid', order: i % 9 })
    }))
  )
  before.end(startMs + 20 * 60_000, 137, true)
  after.start(startMs + 21 * 60_000)
  await after.write(
    Array.from({ length: 100 }, (_, i) => ({
      atMs: startMs + 21 * 60_000 + i * 5000,
      text: `listening ${i}`
    }))
  )
  browser = await openBrowser()
})

afterAll(async () => {
  await closeAll(browser, hub)
})

describe.each(['dark', 'light'] as const)('%s', (theme) => {
  describe.each(['en', 'zh'] as const)('%s', (language) => {
    test('wide: nothing that axe finds wrong, in the page, its menus and dialogs', async () => {
      const page = await browser.page(`${hub.url}/prod/orders/logs?q=-level%3Atrace`, {
        theme,
        language,
        ...WIDE
      })
      await ready(page)
      expect(await page.evaluate(() => document.documentElement.lang)).toBe(
        language === 'en' ? 'en-GB' : 'zh-CN'
      )
      expect(await faultsOf(page), 'page').toEqual([])
      await page.locator('.time-open').click()
      await page.locator('.time-choice form').waitFor()
      expect(await faultsOf(page), 'time').toEqual([])
      await page.keyboard.press('Escape')
      await page.locator('.facets .value').first().click()
      await page.locator('[role="menuitem"]').first().waitFor()
      expect(await faultsOf(page), 'menu').toEqual([])
      await page.keyboard.press('Escape')
      await page.locator('.cm-content').click()
      await page.keyboard.type(' (')
      await page.keyboard.press('Enter')
      await page.locator('.query-says .wrong').waitFor()
      expect(await faultsOf(page), 'wrong query').toEqual([])
      for (const dialog of ['help', 'jump'] as const) {
        if (dialog === 'jump') await page.keyboard.press('Control+k')
        else await page.locator('.header > button').last().click()
        await page.locator('dialog[open]').waitFor()
        expect(await faultsOf(page), dialog).toEqual([])
        await page.keyboard.press('Escape')
        await page.locator('dialog').waitFor({ state: 'detached' })
      }
      expect(page.faults).toEqual([])
      await page.context().close()
    })

    test('narrow: nothing that axe finds wrong, in the page and its sheets; targets are big enough', async () => {
      const page = await browser.page(`${hub.url}/prod/orders/logs`, { theme, language, ...NARROW })
      await ready(page)
      expect(await faultsOf(page), 'page').toEqual([])
      const bar = page.locator('.tool-bar > button')
      for (const button of [bar.first(), bar.last()]) {
        await button.click()
        await page.locator('dialog.sheet').waitFor()
        await page.waitForTimeout(400)
        expect(await faultsOf(page), 'sheet').toEqual([])
        await page.keyboard.press('Escape')
        await page.locator('dialog').waitFor({ state: 'detached' })
      }
      expect(await tooSmall(page)).toEqual([])
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
      await page.context().close()
    })
  })
})

test('400 % zoom, reduced motion and forced colours keep everything in reach', async () => {
  const options = {
    viewport: { width: 320, height: 256 },
    reducedMotion: 'reduce',
    forcedColors: 'active'
  } as const
  const page = await browser.page(`${hub.url}/prod/orders/logs`, options)
  await ready(page)
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320)
  const list = page.locator('.list-place')
  await list.scrollIntoViewIfNeeded()
  expect((await list.boundingBox())?.height).toBeGreaterThan(150)
  await page.locator('.tool-bar > button').first().click()
  await page.locator('dialog.sheet').waitFor()
  expect(page.faults).toEqual([])
  await page.context().close()
})

test('theme, language, zone and pane widths are kept; focus stays in a dialog and comes back', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`, WIDE)
  await ready(page)
  await page.getByRole('button', { name: '中文' }).click()
  await page.getByRole('button', { name: '中文', pressed: true }).waitFor()
  await page.locator('.header > button').nth(-2).click()
  const handle = page.locator('.resizer.vertical').first()
  await handle.focus()
  await page.keyboard.press('ArrowRight')
  const width = await handle.getAttribute('aria-valuenow')
  await page.locator('.zone-open').click()
  await page.locator('.zones input').fill('kathmandu')
  await page.keyboard.press('Enter')
  await page.reload()
  await ready(page)
  expect(await page.locator('.zone-open').textContent()).toContain('UTC+05:45 Kathmandu')
  expect(await handle.getAttribute('aria-valuenow')).toBe(width)
  expect(
    await page.evaluate(() => [document.documentElement.lang, document.documentElement.dataset.theme])
  ).toEqual(['zh-CN', 'dark'])
  const help = page.locator('.header > button').last()
  await help.focus()
  await page.keyboard.press('Enter')
  await page.locator('dialog[open]').waitFor()
  for (let i = 0; i < 12; i++) {
    await page.keyboard.press('Tab')
    const where = await page.evaluate(() => {
      const at = document.activeElement
      return at === document.body ? 'browser' : at?.closest('dialog') ? 'dialog' : 'page'
    })
    expect(where).not.toBe('page')
  }
  await page.keyboard.press('Escape')
  await page.locator('dialog').waitFor({ state: 'detached' })
  expect(await help.evaluate((element) => element === document.activeElement)).toBe(true)
  await page.context().close()
})

test('words that are 40 % longer cut nothing of the shell', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`, WIDE)
  await ready(page)
  const cut = await page.evaluate(() => {
    const parts =
      '.header button, .header a, .ask button, .facet-head h2, .histogram-head .key, .histogram-head strong'
    const words = [...document.querySelectorAll<HTMLElement>(parts)]
    for (const element of words) {
      const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT)
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const text = node.textContent ?? ''
        if (text.trim() !== '') node.textContent = text + 'x'.repeat(Math.ceil(text.trim().length * 0.4))
      }
    }
    const out = words.filter((element) => {
      const place = element.getBoundingClientRect()
      return element.scrollWidth > element.clientWidth + 1 || place.right > innerWidth + 1
    })
    return out.map((element) => element.textContent)
  })
  expect(cut).toEqual([])
  await page.context().close()
})

async function ready(page: TestPage): Promise<void> {
  page.setDefaultTimeout(20_000)
  await settled(page)
  await page.locator('.u-over').waitFor()
  await page.locator('.cm-content').waitFor()
  await page.waitForFunction(() => document.querySelectorAll('[aria-busy="true"]').length === 0)
}
