/** What a person meets first: a hub without hosts, a played fleet, a hub that asks for a token. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { openBrowser, settled, visibleRows } from '../../web/browser.ts'
import { openHub } from '../../web/hub.ts'

const GUARDED = { DRIFTLOG_PUBLIC_URL: 'http://hub.example:7400' }
const REFUSED = /status of 401/

test('an empty hub without a host says what to do, in both languages', async () => {
  await using hub = await openHub()
  await using browser = await openBrowser()
  for (const [language, words] of [
    ['en', 'No host has joined yet, and other machines can not reach this hub.'],
    ['zh', '还没有主机接入，其他机器也无法访问此服务。']
  ] as const) {
    const page = await browser.page(hub.url, { language })
    await page.locator('.empty .command').waitFor()
    expect(await page.locator('.empty').textContent()).toContain(words)
    expect(await page.locator('.empty .command').textContent()).toBe('driftlog up --host 0.0.0.0')
    expect(await page.locator('.demo').count()).toBe(0)
  }
  await browser.leave()
})

test('where other hosts can join, an admin reads the very command, and others whom to ask', async () => {
  await using hub = await openHub({ env: GUARDED })
  await using browser = await openBrowser()
  for (const [token, words] of [
    [hub.token(), 'shown to readers with an admin token'],
    [hub.token('admin'), 'Run this on a Docker host:']
  ] as const) {
    const page = await browser.page(hub.url, { expected: REFUSED })
    await page.locator('dialog.login').getByLabel('Token').fill(token)
    await page.keyboard.press('Enter')
    await expect.poll(() => page.locator('.empty').textContent()).toContain(words)
    const command = page.locator('.empty .command')
    if (token === hub.token()) expect(await command.count()).toBe(0)
    else expect(await command.textContent()).toMatch(/driftlog agent --hub http:\/\/hub\.example:7400$/)
  }
  await browser.leave()
})

test('a played fleet is marked as such, with the reason, in a wide window and in a narrow one', async () => {
  await using hub = await openHub({ demo: { reason: 'No Docker Engine answers.' } })
  await using browser = await openBrowser()
  const writer = await hub.writer('orders', 'ams-1', 'orders-1')
  await writer.write(['played'])
  for (const width of [1280, 390]) {
    const page = await browser.page(hub.url, { viewport: { width, height: 800 } })
    await settled(page)
    await page.locator('.demo').waitFor()
    expect(await page.locator('.demo').textContent()).toContain('No Docker Engine answers.')
    expect(await page.locator('.demo').isVisible()).toBe(true)
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width)
  }
  await browser.leave()
})

test('a guarded hub asks for a token, says where one is, and shows what was asked for', async () => {
  await using hub = await openHub({ env: GUARDED })
  await using browser = await openBrowser()
  const writer = await hub.writer('orders', 'ams-1', 'orders-1')
  await writer.write(['guarded line'])
  const page = await browser.page(`${hub.url}/prod/orders/logs?q=guarded`, { expected: REFUSED })
  const prompt = page.locator('dialog.login')
  await prompt.waitFor()
  expect(await prompt.textContent()).toContain('tokens/read')
  await prompt.getByLabel('Token').fill('dlr_wrong')
  await page.keyboard.press('Enter')
  await expect.poll(() => prompt.textContent()).toContain('unknown here')
  await prompt.getByLabel('Token').fill(hub.token())
  await page.keyboard.press('Enter')
  await prompt.waitFor({ state: 'detached' })
  await settled(page)
  await expect.poll(() => visibleRows(page)).toEqual(['guarded line'])
  // the copied command names the token, it does not hold it
  await page.locator('.row .text').click()
  await page.getByRole('button', { name: 'Copy curl' }).click()
  await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain('$DRIFTLOG_TOKEN')
  const command = await page.evaluate(() => navigator.clipboard.readText())
  expect(command).not.toContain(hub.token())
  const { stdout } = await promisify(execFile)('sh', ['-c', command], {
    env: { ...process.env, DRIFTLOG_TOKEN: hub.token() }
  })
  expect(JSON.parse(stdout.split('\n')[0] ?? '').text).toBe('guarded line')
  await browser.leave()
})
