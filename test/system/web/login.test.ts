/** Logging in on the page, a login that ends under it, and logging out. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  closeAll,
  openBrowser,
  type PageOptions,
  settled,
  type TestBrowser,
  type TestPage,
  visibleRows
} from '../../web/browser.ts'
import { openHub, type TestHub, type Writer } from '../../web/hub.ts'

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')
const GUARDED = { DRIFTLOG_PUBLIC_URL: 'http://hub.example:7400' }
/** What the console says of the answers that these tests are about. */
const REFUSED = /status of (?:401|403|429)/

let browser: TestBrowser
let hub: TestHub
let writer: Writer
beforeAll(async () => {
  browser = await openBrowser()
  hub = await openHub({ env: GUARDED })
  writer = await hub.writer('orders', 'ams-1', 'orders-1')
  await writer.write(
    Array.from({ length: 400 }, (_, i) => ({ text: `line ${i}`, atMs: Date.now() - 600_000 + i * 1000 }))
  )
})
afterAll(async () => {
  await closeAll(browser, hub)
})

test.each([
  { theme: 'dark', language: 'en', title: 'This hub asks for a login', wrong: 'This token is unknown here' },
  { theme: 'light', language: 'zh', title: '此服务需要登录', wrong: '此令牌未知' }
] as const)('by keyboard alone, $theme, $language, and no script can see the secret', async (look) => {
  const page = await open('/prod/orders/logs?q=line', look)
  const prompt = page.locator('dialog.login')
  await prompt.waitFor()
  expect(await prompt.getByRole('heading').textContent()).toBe(look.title)
  expect(await violations(page)).toEqual([])
  // Escape leads nowhere: without a login there is nothing behind it.
  await page.keyboard.press('Escape')
  await page.keyboard.type('dlr_wrong')
  await page.keyboard.press('Enter')
  await expect.poll(() => prompt.getByRole('alert').textContent()).toContain(look.wrong)
  expect(await prompt.locator('[name="token"]').getAttribute('aria-invalid')).toBe('true')
  expect(await violations(page)).toEqual([])
  // The wrong token is selected: typing replaces it.
  await page.keyboard.type(hub.token())
  await page.keyboard.press('Enter')
  await prompt.waitFor({ state: 'detached' })
  await settled(page)
  expect((await visibleRows(page)).length).toBeGreaterThan(10)
  expect(new URL(page.url()).search).toContain('q=line')

  const seen = await page.evaluate(() =>
    JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }])
  )
  expect(seen).not.toContain(hub.token().slice(-32))
  expect(seen).not.toContain('driftlog-')
  const [cookie] = await page.context().cookies()
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' })
  // The login is there for the next visit, too.
  await page.reload()
  await settled(page)
  expect(await prompt.count()).toBe(0)
  await page.context().close()
})

test('a token that an earlier page kept is dropped', async () => {
  const page = await open('/')
  await page.evaluate(() => sessionStorage.setItem('driftlog.token', 'dlr_old'))
  await page.reload()
  await page.locator('dialog.login').waitFor()
  expect(await page.evaluate(() => sessionStorage.getItem('driftlog.token'))).toBeNull()
  await page.context().close()
})

test('a token that only joins hosts is told what it lacks', async () => {
  const page = await open('/')
  const { token } = (await admin('POST', '/api/tokens', { name: 'join', scopes: ['agent'] })) as {
    token: string
  }
  await logIn(page, token)
  await expect
    .poll(() => page.locator('dialog.login [role="alert"]').textContent())
    .toContain('lacks the scope "read"')
  await page.context().close()
})

test('a login that ends under a live tail: the lines stay, and those of meanwhile come after the next login', async () => {
  const reader = (await admin('POST', '/api/tokens', { name: 'anna', scopes: ['read'] })) as {
    token: string
    id: string
  }
  const page = await open('/prod/orders/logs?live=1&q=live')
  await logIn(page, reader.token)
  await page.locator('.live-state.on').waitFor()
  await writer.write(['live 1', 'live 2'])
  await expect.poll(() => visibleRows(page)).toEqual(['live 1', 'live 2'])
  const address = page.url()
  await admin('DELETE', `/api/tokens/${reader.id}`)
  const prompt = page.locator('dialog.login')
  await prompt.waitFor()
  expect(await prompt.getByRole('heading').textContent()).toBe('Your login has ended')
  await writer.write(['live 3', 'live 4'])
  expect(await visibleRows(page)).toEqual(['live 1', 'live 2'])
  await logIn(page, hub.token())
  await expect.poll(() => visibleRows(page)).toEqual(['live 1', 'live 2', 'live 3', 'live 4'])
  await page.locator('.live-state.on').waitFor()
  await writer.write(['live 5'])
  await expect.poll(() => visibleRows(page)).toEqual(['live 1', 'live 2', 'live 3', 'live 4', 'live 5'])
  expect(page.url()).toBe(address)
  await page.context().close()
})

test('a login that ends under a reader: the place in the list stays, the failed question is put again', async () => {
  const reader = (await admin('POST', '/api/tokens', { name: 'ben', scopes: ['read'] })) as {
    token: string
    id: string
  }
  const page = await open('/prod/orders/logs')
  await logIn(page, reader.token)
  await settled(page)
  await page.locator('.row[tabindex="0"]').focus()
  for (let i = 0; i < 4; i++) await page.keyboard.press('PageUp')
  await settled(page)
  const before = await visibleRows(page)
  await admin('DELETE', `/api/tokens/${reader.id}`)
  // The page finds out when it asks for something.
  await page.locator('dialog.login').waitFor({ timeout: 30_000 })
  await logIn(page, hub.token())
  await settled(page)
  expect(await visibleRows(page)).toEqual(before)
  await page.context().close()
})

test('logging out takes everything off the page, and ends the login in the other tab as well', async () => {
  const page = await open('/prod/orders/logs')
  await logIn(page, hub.token())
  await settled(page)
  const other = await page.context().newPage()
  await other.goto(`${hub.url}/prod/orders/logs?live=1`)
  await other.locator('.live-state.on').waitFor()
  const [cookie] = await page.context().cookies()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.locator('dialog.login').waitFor()
  expect(await visibleRows(page)).toEqual([])
  expect(await page.context().cookies()).toEqual([])
  await other.locator('dialog.login').waitFor()
  // The cookie that somebody kept opens nothing any more.
  const answer = await fetch(`${hub.url}/api/logs`, {
    headers: { cookie: `${cookie?.name}=${cookie?.value}` }
  })
  expect(answer.status).toBe(401)
  // Back in, in one tab: the other one finds out as soon as it is looked at.
  await logIn(page, hub.token())
  await settled(page)
  await other.evaluate(() => window.dispatchEvent(new Event('focus')))
  await other.locator('dialog.login').waitFor({ state: 'detached' })
  await page.context().close()
})

function open(path: string, options: PageOptions = {}): Promise<TestPage> {
  return browser.page(hub.url + path, { expected: REFUSED, ...options })
}

async function logIn(page: TestPage, token: string): Promise<void> {
  await page.locator('dialog.login [name="token"]').fill(token)
  await page.keyboard.press('Enter')
}

async function admin(method: string, path: string, body?: object): Promise<unknown> {
  const answer = await fetch(hub.url + path, {
    method,
    headers: {
      authorization: `Bearer ${hub.token('admin')}`,
      ...(body ? { 'content-type': 'application/json' } : {})
    },
    ...(body ? { body: JSON.stringify(body) } : {})
  })
  expect(answer.ok).toBe(true)
  return answer.json()
}

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
