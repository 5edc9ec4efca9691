/** A deploy begun on the page, over a real hub whose hosts carry orders out in memory. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { AppDefinition } from '../../../server/deploys/definition.ts'
import { faultsOf, tooSmall } from '../../web/axe.ts'
import {
  CUT_OFF,
  closeAll,
  openBrowser,
  type PageOptions,
  type TestBrowser,
  type TestPage
} from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let hub: TestHub
let browser: TestBrowser
const BY = { kind: 'token', name: 'ci' } as const

beforeAll(async () => {
  hub = await openHub({ env: { DRIFTLOG_DEPLOY_IMAGES: 'shop/*' } })
  for (const name of ['ams-1', 'fra-2']) await hub.deployHost(name)
  browser = await openBrowser()
})

afterAll(async () => {
  await closeAll(browser, hub)
})

test('by keys: form, plan, deploy; a second press begins no other one', async () => {
  await define('web', { rollout: { breakpoint: 'first' } })
  const page = await openForm('/staging/web/deploys')
  const form = page.locator('form.begin')
  await form.filter({ hasText: 'No deploy has succeeded there yet.' }).waitFor()
  await form.filter({ hasText: 'It pauses after the first instance.' }).waitFor()
  expect(await image(page).getAttribute('placeholder')).toBe('shop/orders')
  expect(await button(page, 'Deploy').count()).toBe(0)
  await image(page).fill('1')
  await page.keyboard.press('Enter')
  await form.filter({ hasText: '2 instances would change.' }).waitFor()
  expect(await form.locator('.slots li').allTextContents()).toEqual([
    expect.stringMatching(/#1 on (ams-1|fra-2).*planned: added/),
    expect.stringMatching(/#2 on (ams-1|fra-2).*planned: added/)
  ])
  // A plan is that of one question: it goes when another one is asked, and Enter deploys nothing.
  await image(page).pressSequentially('0')
  expect(await button(page, 'Deploy').count()).toBe(0)
  await page.keyboard.press('Backspace')
  await page.keyboard.press('Enter')
  expect(await begun('web')).toBe(0)

  await button(page, 'Deploy').dblclick()
  await page.getByRole('heading', { name: 'web 1 to staging' }).waitFor()
  await page.locator('.deploy-state[data-state="paused"]').waitFor()
  expect(await begun('web')).toBe(1)

  // Another one is told of the one that is under way, and finds it.
  await page.goto(`${hub.url}/staging/web/deploys`)
  await page.getByRole('button', { name: 'Deploy…' }).click()
  await page
    .locator('dialog[open]')
    .getByRole('link', { name: 'web 1 to staging is under way there' })
    .click()
  await page.getByRole('button', { name: 'Resume' }).waitFor()
  expect(await page.locator('dialog[open]').count()).toBe(0)
  await page.context().close()
})

test('a refused image is told at its field, and nothing that was filled in is lost', async () => {
  await define('api', { environments: { prod: { rollout: { from: 'staging' } }, staging: {} } })
  const page = await openForm('/-/api/definition', { expected: /status of 4\d\d/ })
  await page.getByLabel('Reason').fill('release 1')
  for (const [named, why] of [
    ['elsewhere/orders:1', /may not be deployed by this hub/],
    ['Shop/Orders:1', /is no image/]
  ] as const) {
    await image(page).fill(named)
    await button(page, 'Show the plan').click()
    await page.getByRole('alert').filter({ hasText: why }).waitFor()
    expect(await image(page).getAttribute('aria-invalid')).toBe('true')
    const told = await image(page).getAttribute('aria-describedby')
    expect(await page.locator(`[id="${told}"]`).textContent()).toMatch(why)
    expect(await image(page).inputValue()).toBe(named)
  }
  // The environment that takes promotions alone is not the first, and says why it is none.
  const environment = page.locator('form.begin').getByLabel('Environment')
  expect(await environment.inputValue()).toBe('staging')
  await image(page).fill('1')
  await environment.selectOption('prod')
  await page.keyboard.press('Tab')
  await button(page, 'Show the plan').click()
  await page.getByRole('alert').filter({ hasText: 'promote a deploy from there' }).waitFor()
  expect(await environment.getAttribute('aria-invalid')).toBe('true')
  expect(await page.getByLabel('Reason').inputValue()).toBe('release 1')
  await page.keyboard.press('Escape')
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Deploy…')
  await page.context().close()
})

test('an answer that was lost: pressed again, it is the deploy that began', async () => {
  await define('mail', {})
  const page = await openForm('/staging/mail/deploys', { expected: CUT_OFF })
  await image(page).fill('2')
  await button(page, 'Show the plan').click()
  let lost = 0
  await page.route('**/api/deploys', async (route) => {
    if (route.request().headers()['idempotency-key'] === undefined || lost++ > 0) return route.continue()
    await route.fetch()
    return route.abort()
  })
  await button(page, 'Deploy').click()
  await page.locator('form.begin').filter({ hasText: 'it begins once' }).waitFor()
  await button(page, 'Deploy').click()
  await page.getByRole('heading', { name: 'mail 2 to staging' }).waitFor()
  await page.locator('.deploy-state[data-state="succeeded"]').waitFor()
  expect([lost, await begun('mail')]).toEqual([2, 1])
  await page.context().close()
})

test('an app without a definition says how it gets one', async () => {
  const page = await openForm('/prod/unknown/deploys')
  const dialog = page.locator('dialog[open]')
  await dialog.filter({ hasText: 'There is no definition of unknown yet.' }).waitFor()
  await dialog.locator('pre').filter({ hasText: 'driftlog app put unknown.yaml' }).waitFor()
  await page.context().close()
})

test.each([
  ['wide', 'en', { theme: 'dark' }],
  ['narrow', 'zh', { theme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true }]
] as const)('%s: nothing that axe finds wrong', async (name, language, look) => {
  await define(`look-${name}`, { rollout: { approval: true } })
  const page = await openForm(`/-/look-${name}/deploys`, { language, ...look })
  await page.locator('form.begin [type="submit"]').click()
  await page.locator('form.begin .slots').waitFor()
  expect(await faultsOf(page)).toEqual([])
  expect(await tooSmall(page)).toEqual([])
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true)
  await page.context().close()
})

function define(app: string, more: Partial<AppDefinition>) {
  const definition = { image: 'shop/orders', replicas: 2, environments: { staging: {} }, ...more }
  return hub.deploys().definitions.put(app, definition, BY)
}

async function begun(app: string): Promise<number> {
  return (await hub.deploys().deploys.list({ app, limit: 10 })).length
}

async function openForm(path: string, options?: PageOptions): Promise<TestPage> {
  const page = await browser.page(hub.url + path, options)
  await page.getByRole('button', { name: /^(Deploy…|部署…)$/ }).click()
  await page.locator('dialog[open] .confirm > *').first().waitFor()
  return page
}

function image(page: TestPage) {
  return page.getByLabel(/^Image/)
}

function button(page: TestPage, name: string) {
  return page.locator('form.begin').getByRole('button', { name, exact: true })
}
