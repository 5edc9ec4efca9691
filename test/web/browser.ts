/** A headless Chromium and pages in it, for tests that look at the built page. */
import { existsSync } from 'node:fs'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'

/** Long for a busy machine, short enough to be told what was not found. */
const WAIT_MS = 15_000

/** What the console says of a connection that a test breaks, or a hub that it stops, on purpose. */
export const CUT_OFF = /Failed to load resource: (?:net::ERR_|.* status of 503)/

const CHROMIUM = process.env['DRIFTLOG_CHROMIUM'] ?? '/usr/bin/chromium'

/** Disposal throws where a page was not clean: an error on its console, a fault of a script, a broken policy. */
export interface TestBrowser extends AsyncDisposable {
  /** A page of its own context at `url`; errors that reach its console are kept in `faults`. */
  page(url: string, options?: PageOptions): Promise<TestPage>
  /** Closes every page. */
  leave(): Promise<void>
}

export interface PageOptions extends BrowserContextOptions {
  theme?: 'dark' | 'light'
  language?: 'en' | 'zh'
  /** As the page stores them. */
  settings?: Record<string, unknown>
  /** Console errors that belong to the test: a request that it breaks on purpose. */
  expected?: RegExp
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
  const faults: string[] = []
  return {
    async page(url, { theme = 'dark', language = 'en', settings = {}, expected, ...options } = {}) {
      const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        timezoneId: 'Europe/Berlin',
        locale: language === 'zh' ? 'zh-CN' : 'en-GB',
        colorScheme: theme,
        permissions: ['clipboard-read', 'clipboard-write'],
        ...options
      })
      await context.addInitScript((stored) => {
        // an empty page has no storage
        if (location.protocol !== 'about:' && localStorage.getItem('driftlog.settings') === null)
          localStorage.setItem('driftlog.settings', stored)
      }, JSON.stringify(settings))
      const page = (await context.newPage()) as TestPage
      page.faults = []
      const note = (fault: string) => {
        if (expected?.test(fault)) return
        page.faults.push(fault)
        faults.push(`${page.url()}: ${fault}`)
      }
      page.setDefaultTimeout(WAIT_MS)
      page.on('pageerror', (error) => note(String(error.stack ?? error)))
      page.on('console', (message) => {
        if (message.type() === 'error') note(`${message.text()} ${message.location().url}`)
      })
      await page.goto(url)
      return page
    },
    async leave() {
      await Promise.all(browser.contexts().map((context) => context.close()))
    },
    async [Symbol.asyncDispose]() {
      await browser.close()
      if (faults.length > 0) throw new Error(`Pages were not clean:\n${faults.join('\n')}`)
    }
  }
}

/** Closes one after the other, whatever a page that was not clean has to say. */
export async function closeAll(...all: (AsyncDisposable | undefined)[]): Promise<void> {
  const ends: PromiseSettledResult<void>[] = []
  for (const one of all) if (one) ends.push(...(await Promise.allSettled([one[Symbol.asyncDispose]()])))
  for (const end of ends) if (end.status === 'rejected') throw end.reason
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

/** Every line that the list holds, drawn or not: as the page's own menu copies them. */
export async function loadedLines(page: Page, name: string | RegExp = /as text|为文本/): Promise<string[]> {
  await page.locator('.notes .spring + button').click()
  await page.getByRole('menuitem', { name }).click()
  const text = await page.evaluate(() => navigator.clipboard.readText())
  return text.split('\n')
}

/** Begins to count the browser's tasks of more than 50 ms. */
export async function countLongTasks(page: Page): Promise<void> {
  await page.evaluate(() => {
    const counted = { count: 0 }
    Object.assign(globalThis, { counted })
    new PerformanceObserver((list) => (counted.count += list.getEntries().length)).observe({
      type: 'longtask'
    })
  })
}

export function longTasks(page: Page): Promise<number> {
  return page.evaluate(() => (globalThis as unknown as { counted: { count: number } }).counted.count)
}
