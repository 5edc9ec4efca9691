/** How hosts stand in Zabbix, on the page and on the command line, over a real hub that registers them in a small Zabbix. */
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { command } from '../../server/cli/command.ts'
import { type SmallZabbix, startSmallZabbix, TOKEN } from '../../server/zabbix/small-zabbix.ts'
import { faultsOf } from '../../web/axe.ts'
import { closeAll, openBrowser, settled, type TestBrowser } from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let zabbix: SmallZabbix
let hub: TestHub
let browser: TestBrowser
const LATEST =
  'https://zabbix.example.org/zabbix.php?action=latest.view&hostids%5B%5D=10084&filter_name=&filter_set=1'

beforeAll(async () => {
  zabbix = await startSmallZabbix()
  zabbix.refusals.set('fra-2', 'Host name is not to my taste.')
  hub = await openHub({
    env: {
      DRIFTLOG_ZABBIX_URL: zabbix.api.url.href,
      DRIFTLOG_ZABBIX_PUBLIC_URL: 'https://zabbix.example.org',
      DRIFTLOG_ZABBIX_SERVER: `127.0.0.1:${zabbix.trapper.port}`,
      DRIFTLOG_ZABBIX_TOKEN: TOKEN,
      DRIFTLOG_ZABBIX_INTERVAL_SECONDS: '10'
    }
  })
  for (const host of ['ams-1', 'fra-2']) {
    const writer = await hub.writer('orders', host, `orders-${host}`)
    writer.start(Date.now())
    await writer.write([`hello from ${host}`])
  }
  browser = await openBrowser()
  await until({ 'ams-1': 'enabled', 'fra-2': 'refused' })
})

afterAll(async () => {
  await closeAll(browser, hub, zabbix)
})

const WORDS = {
  en: {
    there: 'ams-1: in Zabbix. Opens its latest data there.',
    refused: 'fra-2: refused by Zabbix: Host name is not to my taste.',
    row: 'in Zabbix · Latest data'
  },
  zh: {
    there: 'ams-1：已纳入 Zabbix。打开其在 Zabbix 中的最新数据。',
    refused: 'fra-2：被 Zabbix 拒绝：Host name is not to my taste.',
    row: '已纳入 Zabbix · 最新数据'
  }
}

describe.each([
  ['en', 'dark'],
  ['en', 'light'],
  ['zh', 'dark'],
  ['zh', 'light']
] as const)('%s, %s', (language, theme) => {
  test('each host says how it stands in Zabbix, and leads there', async () => {
    const words = WORDS[language]
    const page = await browser.page(`${hub.url}/prod/orders/logs?q=ams`, { language, theme })
    await settled(page)
    const mark = page.getByRole('link', { name: words.there }).first()
    await mark.waitFor()
    expect(await mark.getAttribute('href')).toBe(LATEST)
    expect(await mark.getAttribute('rel')).toBe('noopener noreferrer')
    await page.getByText(words.refused).waitFor()
    await page.locator('.row[data-key]').first().click()
    const row = page.locator('.identity tr').filter({ hasText: 'Zabbix' })
    expect(await row.locator('td').textContent()).toBe(words.row)
    expect(await row.getByRole('link').getAttribute('href')).toBe(LATEST)
    await page.waitForFunction(() => document.querySelectorAll('[aria-busy="true"]').length === 0)
    expect(await faultsOf(page)).toEqual([])
    const shots = process.env['DRIFTLOG_SHOTS']
    if (shots) await page.screenshot({ path: `${shots}/zabbix-${language}-${theme}.png` })
    await page.context().close()
  })
})

test('the command line says how many hosts Zabbix has, and what is wrong', async () => {
  const said = await command(['status', '--hub', hub.url])
  expect(said).toMatchObject({ code: 1, stderr: '' })
  expect(said.stdout).toContain('Zabbix: 1 of 2 hosts, ')
  expect(said.stdout).toContain('Zabbix refuses fra-2: Host name is not to my taste.')
  expect(said.stdout).toMatch(/^HOST .*ZABBIX$/m)
  expect(said.stdout).toMatch(/^ams-1 .*enabled$/m)
})

test('while Zabbix is away nobody knows, and the way to what it had is still there', async () => {
  zabbix.isAway = true
  await until({ 'ams-1': 'unknown', 'fra-2': 'unknown' })
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await settled(page)
  const mark = page.getByRole('link', { name: /^ams-1: standing in Zabbix unknown: .* it answers 502/ })
  await mark.waitFor()
  expect(await mark.getAttribute('href')).toBe(LATEST)
  expect(await faultsOf(page)).toEqual([])
  const said = await command(['status', '--hub', hub.url])
  expect(said).toMatchObject({ code: 1 })
  expect(said.stdout).toContain("Hosts can't be kept in line there: ")
})

/** The hub looks once in each interval. */
async function until(states: Record<string, string>): Promise<void> {
  await vi.waitFor(
    async () => {
      const answer = await fetch(`${hub.url}/api/hosts`)
      const { hosts } = (await answer.json()) as { hosts: { name: string; zabbix?: { state: string } }[] }
      expect(Object.fromEntries(hosts.map((host) => [host.name, host.zabbix?.state]))).toEqual(states)
    },
    { timeout: 60_000, interval: 500 }
  )
}
