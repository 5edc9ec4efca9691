/** A headless Chromium and pages in it, for tests that look at the built page (`node build.mjs` makes it). */
import { existsSync } from 'node:fs'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Long for a busy machine, short enough to be told what was not found. */
const WAIT_MS = 15_000

const CHROMIUM = process.env['DRIFTLOG_CHROMIUM'] ?? '/usr/bin/chromium'

export interface TestBrowser extends AsyncDisposable {
  /** A page of its own context at `url`; errors that reach its console are kept in `faults`. */
  page(url: string, options?: PageOptions): Promise<TestPage>
}

export interface PageOptions extends BrowserContextOptions {
  theme?: 'dark' | 'light'
  language?: 'en' | 'zh'
  /** As the page stores them. */
  settings?: Record<string, unknown>
}

export type TestPage = Page & { faults: string[] }

export async function openBrowser(): Promise<TestBrowser> {
  if (!existsSync(CHROMIUM)) throw new Error(`No browser at ${CHROMIUM}; set DRIFTLOG_CHROMIUM`)
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync'
    ]
  })
  return {
    async page(url, { theme = 'dark', language = 'en', settings = {}, ...options } = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        timezoneId: 'Europe/Berlin',
        locale: language === 'zh' ? 'zh-CN' : 'en-GB',
        colorScheme: theme,
        permissions: ['clipboard-read', 'clipboard-write'],
        ...options
      })
      await context.addInitScript((stored) => {
        if (localStorage.getItem('driftlog.settings') === null)
          localStorage.setItem('driftlog.settings', stored)
      }, JSON.stringify(settings))
      const page = (await context.newPage()) as TestPage
      page.faults = []
      page.setDefaultTimeout(WAIT_MS)
      page.on('pageerror', (error) => page.faults.push(String(error.stack ?? error)))
      page.on('console', (message) => {
        if (message.type() === 'error') page.faults.push(message.text())
      })
      await page.goto(url)
      return page
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
    }
  }
}

/** Texts of the rows that can be seen, from top to bottom. */
export async function visibleRows(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const frame = document.querySelector('.scroller')?.getBoundingClientRect()
    if (!frame) return []
    return [...document.querySelectorAll<HTMLElement>('.row[data-key] .text, .row.divider')]
      .map((element) => ({ element, place: element.getBoundingClientRect() }))
      .filter(({ place }) => place.bottom > frame.top + 1 && place.top < frame.bottom - 1)
      .sort((a, b) => a.place.top - b.place.top)
      .map(({ element }) => element.textContent ?? '')
  })
}

/** Waits until the list has rows and asks for nothing. */
export async function settled(page: Page): Promise<void> {
  await page.waitForSelector('.row[data-key], .empty', { state: 'attached' })
  await page.waitForFunction(
    () => document.querySelector('[role="grid"]')?.getAttribute('aria-busy') !== 'true'
  )
}
