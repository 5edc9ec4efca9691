/** Deploys in a real browser, over a real hub whose hosts carry orders out in memory. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AppDefinition } from '../../../server/deploys/definition.ts'
import type { Deploy } from '../../../server/deploys/deploy.ts'
import { faultsOf, tooSmall } from '../../web/axe.ts'
import {
  CUT_OFF,
  closeAll,
  openBrowser,
  type PageOptions,
  settled,
  type TestBrowser,
  type TestPage
} from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let hub: TestHub
let browser: TestBrowser
const BY = { kind: 'token', name: 'ci' } as const
const MINUTE_MS = 60_000
/** Instances with this in their environment never become healthy. */
const sick = new Set<string>()

beforeAll(async () => {
  hub = await openHub()
  for (const name of ['ams-1', 'fra-2']) {
    await hub.deployHost(name, { isHealthy: ({ env }) => !sick.has(String(env['LOOK'])) })
  }
  browser = await openBrowser()
})

afterAll(async () => {
  await closeAll(browser, hub)
})

test('a deploy is followed step by step, promoted behind its check, resumed at its breakpoint, and taken back', async () => {
  const { deploys } = hub.deploys()
  const rollout = { from: 'staging', checks: ['unit-tests'], breakpoint: 'first' }
  await define('web', { environments: { staging: {}, prod: { rollout } } })
  const staging = await begin('web', 'staging', '1')
  const page = await open(`/-/-/deploys/${staging.id}`, { expected: /status of 409/ })
  await stands(page, 'succeeded')
  expect(await page.locator('h1').textContent()).toBe('web 1 to staging')
  expect(await page.locator('.slots').first().locator('li').allTextContents()).toEqual([
    expect.stringMatching(/#1 on (ams-1|fra-2).*new.*added/),
    expect.stringMatching(/#2 on (ams-1|fra-2).*new.*added/)
  ])
  const steps = await page.locator('.steps li strong').allTextContents()
  for (const step of ['Plan', 'Pull', 'Create', 'Start', 'Health check', 'Switch', 'End'])
    expect(steps).toContain(step)
  // What a host does for all of its slots names the host.
  const pulls = page.locator('.steps li').filter({ hasText: 'Pull' }).locator('.quiet')
  for (const place of await pulls.allTextContents()) expect(place).toMatch(/^(#\d on )?(ams-1|fra-2)$/)

  // Its check is missing: the hub's sentence stands in the dialog, and the dialog stays.
  const dialog = page.locator('dialog[open]')
  await page.getByRole('button', { name: 'Promote' }).click()
  await expect.poll(() => dialog.locator('select').inputValue()).toBe('prod')
  await dialog.locator('button.primary').click()
  await dialog.getByRole('alert').filter({ hasText: 'unit-tests' }).waitFor()
  await deploys.report(staging.id, { name: 'unit-tests', passed: true, atMs: Date.now(), by: BY })
  await dialog.locator('input').fill('release 1')
  await dialog.locator('button.primary').click()
  await stands(page, 'paused')
  const prod = idIn(page)
  expect(prod).not.toBe(staging.id)
  expect(await deploys.get(prod)).toMatchObject({ promotedFrom: staging.id, reason: 'release 1' })
  const states = page.locator('.slots').first().locator('.slot-state')
  await expect.poll(() => states.allTextContents()).toEqual(['● new', '○ not there'])

  await confirm(page, 'Resume')
  await stands(page, 'succeeded')
  expect((await deploys.get(prod)).image?.digest).toBe((await deploys.get(staging.id)).image?.digest)

  const next = await begin('web', 'staging', '2')
  await ended(next)
  await page.goto(`${hub.url}/-/-/deploys/${next.id}`)
  await confirm(page, 'Roll back')
  await page.waitForFunction((old) => !location.pathname.endsWith(old), next.id)
  await stands(page, 'succeeded')
  expect(await deploys.get(idIn(page))).toMatchObject({ takesBack: next.id })
  await page.context().close()
})

test('one that fails takes itself back and says why in the history; retry begins another one', async () => {
  sick.add('pale')
  await define('api', { env: { LOOK: 'pale' } })
  const { id } = await begin('api', 'staging', '3')
  const page = await open('/staging/api/deploys')
  const row = page.locator('.deploy-list li').first()
  await row.filter({ hasText: /rolled back|cancelled/ }).waitFor()
  expect(await row.locator('.deploy-why').textContent()).toMatch(/DRIFTLOG_UNHEALTHY|healthy/)
  sick.clear()
  await row.getByRole('link').click()
  await page.getByRole('heading', { name: 'api 3 to staging' }).waitFor()
  expect(await page.evaluate(() => document.activeElement?.tagName)).toBe('H1')
  await confirm(page, 'Retry')
  await page.waitForFunction((old) => !location.pathname.endsWith(old), id)
  await stands(page, 'succeeded')
  // It has one environment alone, and the dialog says so.
  await page.getByRole('button', { name: 'Promote' }).click()
  await page.locator('dialog[open]').filter({ hasText: 'names no other environment' }).waitFor()
  await page.keyboard.press('Escape')
  // Back leads through what was looked at.
  await page.goBack()
  expect(idIn(page)).toBe(id)
  await page.keyboard.press('Escape')
  await page.locator('.deploy-list').waitFor()
  expect(page.url()).toBe(`${hub.url}/staging/api/deploys`)
  await page.context().close()
})

test('what one does another one sees; stop needs no second press', async () => {
  await define('cron', { rollout: { breakpoint: 'each', approval: true } })
  const { id } = await begin('cron', 'staging', '1')
  const page = await open(`/-/-/deploys/${id}`)
  const other = await open(`/-/-/deploys/${id}`)
  await stands(page, 'waits for an approval')
  await confirm(page, 'Approve')
  await stands(other, 'paused')
  await other.locator('.facts').filter({ hasText: 'Approved by' }).waitFor()
  await confirm(other, 'Roll back')
  await stands(page, 'rolled back')
  await page.context().close()
  const next = await begin('cron', 'staging', '2')
  await other.goto(`${hub.url}/-/-/deploys/${next.id}`)
  await other.getByRole('button', { name: 'Stop' }).click()
  await stands(other, 'cancelled')
  await other.context().close()
})

test('a definition is read in any version, compared, and rendered for an environment', async () => {
  await define('shop', { env: { LOG: 'info' }, environments: { staging: {}, prod: { replicas: 3 } } })
  await define('shop', { env: { LOG: 'warn' }, environments: { staging: {}, prod: { replicas: 3 } } })
  const page = await open('/prod/shop/deploys')
  await page.getByRole('link', { name: 'Definition of shop' }).click()
  await page.getByRole('heading', { name: 'Definition of shop' }).waitFor()
  await page.getByLabel('Compared with').selectOption('1')
  expect(await page.locator('.diff li').allTextContents()).toEqual(['env.LOG− "info"+ "warn"'])
  await page.getByRole('button', { name: 'Copy Compose file for prod' }).click()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  expect(copied).toContain('services:')
  expect(copied).toContain('LOG: warn')
  await page.getByLabel('Version', { exact: true }).selectOption('1')
  await page.locator('pre').first().filter({ hasText: '"LOG": "info"' }).waitFor()
  expect(page.url()).toBe(`${hub.url}/prod/shop/definition?version=1&against=1`)
  await page.reload()
  await page.locator('pre').first().filter({ hasText: '"LOG": "info"' }).waitFor()
  await page.context().close()
})

test('a flag stands in the histogram and a row in the list; errors before and after are one press away', async () => {
  await define('orders', { environments: { prod: {} } })
  const { id, startedMs: atMs = 0 } = await ended(await begin('orders', 'prod', '2'))
  const writer = await hub.writer('orders', 'ams-1', 'orders-1')
  writer.start(atMs - 40 * MINUTE_MS)
  await writer.write([
    ...Array.from({ length: 60 }, (_, i) => ({
      atMs: atMs - 29 * MINUTE_MS + i * 20_000,
      level: 'error' as const,
      text: `before ${i}`
    })),
    { atMs: atMs + 5, level: 'error' as const, text: 'after' },
    { atMs: atMs + 6, level: 'info' as const, text: 'well' }
  ])
  const page = await open('/prod/orders/logs')
  await settled(page)
  const name = 'orders 2 to prod'
  await page.getByRole('button', { name: new RegExp(`^${name} deployed at .*: succeeded$`) }).click()
  await page.getByRole('heading', { name }).waitFor()
  await page.goBack()
  await settled(page)
  await page.locator('.row.divider.deploy').filter({ hasText: name }).getByRole('button').click()
  await page.getByRole('heading', { name }).waitFor()
  expect(idIn(page)).toBe(id)

  await page.locator('.errors-around').waitFor()
  expect(await page.locator('.errors-around dd').allTextContents()).toEqual([
    '2 a minute (60 lines)',
    expect.stringMatching(/\(1 line\)$/)
  ])
  await page.getByRole('button', { name: /^Show the errors of 30 minutes/ }).click()
  await settled(page)
  const url = new URL(page.url())
  expect(url.pathname).toBe('/prod/orders/logs')
  expect(url.searchParams.get('q')).toBe('level>=error')
  const ends = ['from', 'to'].map((end) => Date.parse(url.searchParams.get(end) ?? ''))
  expect(ends).toEqual([atMs - 30 * MINUTE_MS, atMs + 30 * MINUTE_MS])
  await page.locator('.histogram-head strong').filter({ hasText: '61 lines' }).waitFor()
  await page.context().close()
})

test('keys alone: to the deploys, into one from the list of lines, and back', async () => {
  const page = await open('/prod/orders/logs')
  await settled(page)
  await page.locator('.row.divider.deploy').first().waitFor()
  await page.locator('[role="grid"]').focus()
  await page.keyboard.press('m')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'orders 2 to prod' }).waitFor()
  await page.keyboard.press('Escape')
  await settled(page)
  await page.keyboard.press('g')
  await page.keyboard.press('d')
  await page.locator('.deploy-list').waitFor()
  await page.keyboard.press('g')
  await page.keyboard.press('l')
  await settled(page)
  expect(new URL(page.url()).pathname).toBe('/prod/orders/logs')
  await page.context().close()
})

test('in live mode a deploy stands in the list at once, and says how it goes on', async () => {
  const page = await open('/prod/orders/logs?live=1', { expected: CUT_OFF })
  await settled(page)
  await begin('orders', 'prod', '3')
  const row = page.locator('.row.divider.deploy').filter({ hasText: 'orders 3 to prod' })
  await row.filter({ hasText: 'succeeded' }).waitFor()
  expect(await row.count()).toBe(1)
  // What began while the tail was away stands there, too, once it is back.
  await page.context().setOffline(true)
  await hub.restart()
  await ended(await begin('orders', 'prod', '1'))
  await page.context().setOffline(false)
  const missed = page.locator('.row.divider.deploy').filter({ hasText: 'orders 1 to prod' })
  await missed.filter({ hasText: 'succeeded' }).waitFor()
  await page.context().close()
})

test('a connection that was lost is taken up again: no step is missed, none comes twice', async () => {
  await define('mail', { rollout: { breakpoint: 'first' } })
  const { id } = await begin('mail', 'staging', '1')
  const page = await open(`/-/-/deploys/${id}`, { expected: /ERR_|Failed to load resource/ })
  await stands(page, 'paused')
  await page.context().setOffline(true)
  await hub.restart()
  await hub.deploys().deploys.resume(id, BY)
  await ended({ id })
  await page.context().setOffline(false)
  await stands(page, 'succeeded')
  const kept = (await hub.deploys().deploys.steps(id)).length
  await expect.poll(() => page.locator('.steps li').count()).toBe(kept)
  await page.context().close()
})

describe.each(['dark', 'light'] as const)('%s', (theme) => {
  test.each([
    ['wide', 'en', { viewport: { width: 1280, height: 800 } }],
    ['narrow', 'zh', { viewport: { width: 390, height: 844 }, hasTouch: true }]
  ] as const)('%s: nothing that axe finds wrong', async (name, language, size) => {
    const { deploys } = hub.deploys()
    const app = `look-${theme}-${name}`
    await define(app, { environments: { staging: {}, prod: { rollout: { from: 'staging' } } } })
    const { id } = await ended(await begin(app, 'staging', '1'))
    const check = { atMs: Date.now(), by: BY, url: 'https://ci.example.org/7', text: 'long words' }
    for (const passed of [true, false]) await deploys.report(id, { name: `is-${passed}`, passed, ...check })
    const page = await open(`/-/${app}/deploys`, { theme, language, ...size })
    await page.locator('.deploy-list').waitFor()
    expect(await faultsOf(page), 'history').toEqual([])
    await page.goto(`${hub.url}/-/-/deploys/${id}`)
    await page.locator('.errors-around').waitFor()
    expect(await faultsOf(page), 'one').toEqual([])
    expect(await tooSmall(page)).toEqual([])
    await page.locator('.deploy-actions button').first().click()
    await page.locator('dialog[open] option').first().waitFor({ state: 'attached' })
    expect(await faultsOf(page), 'promote').toEqual([])
    await page.keyboard.press('Escape')
    await page.goto(`${hub.url}/-/${app}/definition?against=1`)
    await page.locator('pre').nth(1).waitFor()
    expect(await faultsOf(page), 'definition').toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
    await page.context().close()
  })
})

test('who may only read finds everything but the buttons', async () => {
  await using guarded = await openHub({ env: { DRIFTLOG_LISTEN_HOST: '0.0.0.0' } })
  await guarded.deployHost('ams-1')
  await guarded.deploys().definitions.put('web', definitionOf({}), BY)
  const { deploys } = guarded.deploys()
  const { id } = await deploys.begin({ app: 'web', environment: 'staging', image: '1', by: BY })
  for (const [scope, buttons] of [
    ['read', 0],
    ['admin', 2]
  ] as const) {
    const page = await browser.page(`${guarded.url}/-/-/deploys/${id}`, { expected: /status of 401/ })
    await page.locator('dialog.login [name="token"]').fill(guarded.token(scope))
    await page.keyboard.press('Enter')
    await stands(page, 'succeeded')
    await expect.poll(() => page.locator('.deploy-actions button').count()).toBe(buttons)
    await page.goto(`${guarded.url}/-/web/deploys`)
    await page.locator('.deploy-list').waitFor()
    expect(await page.getByRole('button', { name: 'Deploy…' }).count()).toBe(buttons === 0 ? 0 : 1)
    await page.context().close()
  }
})

test('a deploy that is not there is told in a sentence, a scope without deploys says how to begin', async () => {
  const page = await open('/-/-/deploys/nothing', { expected: /status of 404/ })
  await page.getByRole('alert').filter({ hasText: 'This deploy could not be read' }).waitFor()
  await page.goto(`${hub.url}/-/Some.App/deploys`)
  await page.locator('.deploys-none pre').filter({ hasText: 'driftlog app put' }).waitFor()
  await page.context().close()
})

function definitionOf(more: Partial<AppDefinition>): AppDefinition {
  return { image: 'shop/orders', replicas: 2, environments: { staging: {} }, ...more }
}

function define(app: string, more: Partial<AppDefinition>) {
  return hub.deploys().definitions.put(app, definitionOf(more), BY)
}

function begin(app: string, environment: string, image: string): Promise<Deploy> {
  return hub.deploys().deploys.begin({ app, environment, image, by: BY })
}

async function ended({ id }: Pick<Deploy, 'id'>): Promise<Deploy> {
  for (;;) {
    const deploy = await hub.deploys().deploys.get(id)
    if (deploy.endedMs !== undefined) return deploy
    await sleep(20)
  }
}

/** Waits until the page says that its deploy stands so. */
function stands(page: TestPage, word: string): Promise<void> {
  return page.locator('.deploy-stand .deploy-state').filter({ hasText: word }).waitFor()
}

async function confirm(page: TestPage, name: string): Promise<void> {
  await page.getByRole('button', { name }).click()
  await page.locator('dialog[open] button.primary').click()
}

function idIn(page: TestPage): string {
  return new URL(page.url()).pathname.split('/').at(-1) ?? ''
}

function open(path: string, options: PageOptions = {}): Promise<TestPage> {
  return browser.page(hub.url + path, options)
}
