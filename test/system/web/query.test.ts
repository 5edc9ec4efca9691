/** The query box in a real browser, over the hub's real face. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { closeAll, openBrowser, settled, type TestBrowser, type TestPage } from '../../web/browser.ts'
import { openHub, type TestHub } from '../../web/hub.ts'

let hub: TestHub
let browser: TestBrowser
const startMs = Date.now() - 30 * 60_000

/** Values that must survive their way through the text of the query. */
const AWKWARD = [
  'say "no"',
  'C:\\dir\\x',
  'a:b',
  'two words',
  '用户登录',
  '🔥 hot',
  '(half',
  'OR',
  '-minus',
  '/slash/',
  'x*y'
]

beforeAll(async () => {
  hub = await openHub()
  const writer = await hub.writer('orders', 'ams-1', 'orders-1')
  await writer.write([
    ...Array.from({ length: 60 }, (_, i) => ({
      atMs: startMs + i * 1000,
      level: (['info', 'warn', 'error'] as const)[i % 3] ?? ('info' as const),
      text: `request ${i} timeout`
    })),
    ...AWKWARD.map((value, i) => ({
      atMs: startMs + 100_000 + i,
      level: 'info' as const,
      text: JSON.stringify({ msg: `awkward ${i}`, tag: value })
    }))
  ])
  browser = await openBrowser()
})

afterAll(async () => {
  await closeAll(browser, hub)
})

test('a slash that comes just when the editor takes the place of the text area is not lost', async () => {
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  await page.addInitScript(() => {
    const observer = new MutationObserver(() => {
      if (!document.querySelector('.query-box .cm-editor')) return
      observer.disconnect()
      document.body.dispatchEvent(new KeyboardEvent('keydown', { key: '/', bubbles: true, cancelable: true }))
    })
    observer.observe(document, { childList: true, subtree: true })
  })
  await page.reload()
  await page.waitForSelector('.query-plain', { state: 'detached' })
  await expect.poll(() => page.evaluate(() => document.activeElement?.className)).toContain('cm-content')
  await page.keyboard.type('out')
  await page.keyboard.press('Enter')
  await expect.poll(() => new URL(page.url()).searchParams.get('q')).toBe('out')
  await page.context().close()
})

/** Text, the part that must be underlined, a piece of what is said in both languages. */
const BAD: [text: string, wrong: string, english: string, chinese: string][] = [
  ['"open', '"open', 'never closed', '没有闭合'],
  ['a "b c', '"b c', 'never closed', '没有闭合'],
  ['(a b', '(a b', 'never closed', '没有闭合'],
  ['(a (b)', '(a (b)', 'never closed', '没有闭合'],
  ['a)', ')', 'No bracket is open', '没有对应'],
  ['a b))', ')', 'No bracket is open', '没有对应'],
  ['()', '()', 'Nothing stands between', '没有内容'],
  ['a ()', '()', 'Nothing stands between', '没有内容'],
  ['""', '""', 'Nothing stands between', '没有内容'],
  ['//', '//', 'empty', '空的'],
  ['/a(/', '/a(/', 'not valid', '无效'],
  ['/[z-a]/', '/[z-a]/', 'not valid', '无效'],
  ['/a(b)/gx', 'gx', 'only the flag i', '只能写标志 i'],
  ['level:loud', 'loud', 'is no level', '不是日志级别'],
  ['level>=verylow', 'verylow', 'is no level', '不是日志级别'],
  ['x level:lod y', 'lod', 'is no level', '不是日志级别'],
  ['host>=web', 'host>=web', 'has no order', '没有大小顺序'],
  ['a OR', 'OR', 'needs a term', '需要条件'],
  ['OR a', 'OR', 'needs a term', '需要条件'],
  ['a AND', 'AND', 'needs a term', '需要条件'],
  ['a AND OR b', 'AND', 'needs a term', '需要条件'],
  ['NOT', 'NOT', 'needs a term behind', '需要一个条件'],
  ['a -', '-', 'needs a term behind', '需要一个条件'],
  ['(a OR)', 'OR', 'needs a term', '需要条件'],
  ['status:[400 499]', '[400 499]', 'A range reads', '范围的写法'],
  ['status:[400 TO', '[400 TO', 'never closed', '没有'],
  ['order:', 'order:', 'value is missing', '缺少值'],
  ['order>=', 'order>=', 'value is missing', '缺少值'],
  ['level:(warn host:x)', 'host', 'not another field', '不能写别的字段'],
  ['x=>5', '=>', 'is no operator', '不是运算符']
]

describe.each(['en', 'zh'] as const)('in %s', (language) => {
  test('30 bad queries: the place is underlined, the reason said, the old result kept', async () => {
    const page = await browser.page(`${hub.url}/prod/orders/logs`, { language })
    page.setDefaultTimeout(10_000)
    await settled(page)
    const newest = await page.locator('.row[data-key] .text').last().textContent()
    const asked: string[] = []
    page.on('request', (request) => {
      if (request.url().includes('/api/logs?')) asked.push(request.url())
    })
    expect(BAD).toHaveLength(30)
    for (const [text, wrong, english, chinese] of BAD) {
      await write(page, text)
      await page.keyboard.press('Enter')
      const said = page.locator('.query-says .wrong')
      await said.waitFor()
      expect(await said.textContent(), text).toContain(language === 'en' ? english : chinese)
      const marked = (await page.locator('.query-wrong').allInnerTexts()).join('')
      expect(marked, text).toBe(wrong)
      const describedBy = await page.locator('.cm-content').getAttribute('aria-describedby')
      expect(await page.locator(`[id="${describedBy}"] .wrong`).count()).toBe(1)
    }
    expect(asked).toEqual([])
    expect(await page.locator('.row[data-key] .text').last().textContent()).toBe(newest)
    expect(page.faults).toEqual([])
    await page.context().close()
  })
})

test('a fix is one press away, and runs', async () => {
  const page = await open()
  await write(page, '"pool exhausted')
  await page.keyboard.press('Enter')
  await page.locator('.query-says button').click()
  await asks(page, '"pool exhausted"')
  expect(await text(page)).toBe('"pool exhausted"')
  await page.context().close()
})

test('Enter with suggestions open searches what was typed; Tab takes one; Escape closes', async () => {
  const page = await open()
  await write(page, 'lev')
  await page.locator('.query-suggestions li').first().waitFor()
  expect(await page.locator('.query-suggestions li[aria-selected="true"]').count()).toBe(0)
  await page.keyboard.press('Enter')
  await asks(page, 'lev')
  await write(page, 'lev')
  await page.locator('.query-suggestions li').first().waitFor()
  await page.keyboard.press('Tab')
  expect(await text(page)).toBe('level:')
  await page.locator('.query-suggestions li', { hasText: 'error' }).waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.query-suggestions').waitFor({ state: 'detached' })
  expect(await text(page)).toBe('level:')
  await page.context().close()
})

test('values come with their counts, and narrow by what is typed', async () => {
  const page = await open()
  await write(page, 'level:wa')
  const options = page.locator('.query-suggestions li')
  await options.first().waitFor()
  expect(await options.allInnerTexts()).toEqual([expect.stringMatching(/warn\s*20/)])
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  await asks(page, 'level:warn')
  await page.context().close()
})

test('while a word is composed nothing is suggested and Enter searches nothing', async () => {
  const page = await open()
  await page.locator('.cm-content').click()
  const session = await page.context().newCDPSession(page)
  const before = page.url()
  for (const part of ['d', 'de', 'denglu']) {
    await session.send('Input.imeSetComposition', {
      text: part,
      selectionStart: part.length,
      selectionEnd: part.length
    })
    await page.waitForTimeout(250)
    expect(await page.locator('.query-suggestions').count()).toBe(0)
  }
  await page.locator('.cm-content').dispatchEvent('keydown', {
    key: 'Enter',
    code: 'Enter',
    keyCode: 229,
    isComposing: true,
    bubbles: true
  })
  expect(page.url()).toBe(before)
  await session.send('Input.insertText', { text: '登录' })
  expect(await text(page)).toBe('登录')
  await page.keyboard.press('Enter')
  await asks(page, '登录')
  await page.context().close()
})

test('include and exclude of awkward values find what they say', async () => {
  const page = await open()
  for (const [i, value] of AWKWARD.entries()) {
    await write(page, `awkward ${i}`)
    await page.keyboard.press('Enter')
    await asks(page, `awkward ${i}`)
    await settled(page)
    await page.locator('.facet button[aria-expanded]', { hasText: /^tag/ }).waitFor()
    const field = page.locator('.facet button[aria-expanded]', { hasText: /^tag/ })
    if ((await field.getAttribute('aria-expanded')) === 'false') await field.click()
    await page.locator('.facet-values .value', { hasText: value }).first().click()
    await page.getByRole('menuitem', { name: 'Only this' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.row[data-key]').length === 1)
    await page.locator('.facet-values .value', { hasText: value }).first().click()
    await page.getByRole('menuitem', { name: 'Exclude' }).click()
    await page.waitForFunction(() => document.querySelector('.empty') !== null)
    expect(page.faults, value).toEqual([])
  }
  await page.context().close()
})

test('an unchecked box is in the query, and Back brings both back', async () => {
  const page = await open()
  const box = page.getByRole('checkbox', { name: /^warn/ })
  await box.click()
  await asks(page, '-level:warn')
  expect(await text(page)).toBe('-level:warn')
  expect(await box.isChecked()).toBe(false)
  await page.goBack()
  await asks(page, '')
  expect(await box.isChecked()).toBe(true)
  expect(await text(page)).toBe('')
  await page.context().close()
})

test('an arrow up in the empty box brings the last query; a saved one is found by Jump', async () => {
  const page = await open()
  await write(page, 'level:error')
  await page.keyboard.press('Enter')
  await asks(page, 'level:error')
  await page.getByRole('button', { name: 'Save this query' }).click()
  await page.getByLabel('Name of the saved query').fill('only errors')
  await page.keyboard.press('Enter')
  await write(page, '')
  await page.keyboard.press('ArrowUp')
  expect(await text(page)).toBe('level:error')
  await write(page, '')
  await page.keyboard.press('Enter')
  await asks(page, '')
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /Jump/ }).fill('only err')
  await page.keyboard.press('Enter')
  await asks(page, 'level:error')
  await page.context().close()
})

async function open(): Promise<TestPage> {
  const page = await browser.page(`${hub.url}/prod/orders/logs`)
  page.setDefaultTimeout(10_000)
  await settled(page)
  await page.locator('.cm-content').waitFor()
  return page
}

/** Waits until the URL holds this query. */
async function asks(page: TestPage, q: string): Promise<void> {
  await page.waitForFunction((asked) => (new URLSearchParams(location.search).get('q') ?? '') === asked, q)
}

async function write(page: TestPage, typed: string): Promise<void> {
  await page.locator('.query-box [aria-label]').first().click()
  await page.locator('.cm-content').waitFor()
  await page.keyboard.press('Control+a')
  await page.keyboard.press('Delete')
  if (typed !== '') await page.keyboard.type(typed)
}

async function text(page: TestPage): Promise<string> {
  return page.locator('.cm-content').evaluate((element) =>
    [...element.querySelectorAll('.cm-line')]
      .map((line) => {
        const copy = line.cloneNode(true) as HTMLElement
        for (const placeholder of copy.querySelectorAll('.cm-placeholder')) placeholder.remove()
        return copy.textContent ?? ''
      })
      .join('\n')
  )
}
