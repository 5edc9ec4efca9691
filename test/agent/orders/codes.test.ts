import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { ORDER_CODES } from '../../../agent/orders/codes.ts'

test('every code stands in docs/deploys.md, with what it means', async () => {
  const page = await readFile(new URL('../../../docs/deploys.md', import.meta.url), 'utf8')
  for (const [code, meaning] of Object.entries(ORDER_CODES))
    expect(page).toContain(`| \`${code}\` | ${meaning} |`)
})
