import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from '../../../collector/query/grammar.ts'
import { matcher } from '../../../collector/query/match.ts'
import { DEPTH_LIMIT, TERM_LIMIT, TEXT_LIMIT } from '../../../collector/query/parse.ts'
import { REGEX_LIMIT } from '../../../collector/query/scan.ts'
import { WORD_LIMIT } from '../../../collector/query/text-term.ts'
import { Random, randomRecord } from './random.ts'

const page = await readFile(new URL('../../../docs/query.md', import.meta.url), 'utf8')

/** Blocks of a query and the lines that it finds (+) or not (-), parted by empty lines. */
const examples = [...page.matchAll(/^```query\n(.*?)^```/gms)].flatMap(([, block = '']) =>
  block
    .trim()
    .split('\n\n')
    .map((example) => example.split('\n'))
)

test.each(examples.map(([query = '', ...lines]) => ({ query, lines })))(
  'docs/query.md: $query',
  ({ query, lines }) => {
    const parsed = parse(query)
    if (!parsed.ok) throw new Error(parsed.error.message)
    expect(parsed.warnings).toEqual([])
    expect(lines.length).toBeGreaterThan(0)
    for (const line of lines) {
      const record = { ...randomRecord(new Random(1)), text: line.slice(2) }
      expect(`${matcher(parsed.expression)(record) ? '+' : '-'} ${record.text}`).toBe(line)
    }
  }
)

test('docs/query.md: the queries of its tables are read without a warning', () => {
  const table = page.slice(page.indexOf('| Example |'), page.indexOf('## Fields'))
  const queries = [...table.matchAll(/^\| `(.+?)` \|/gm)].map(([, query = '']) =>
    query.replaceAll('\\|', '|')
  )
  expect(queries.length).toBeGreaterThan(15)
  for (const query of queries) expect(parse(query), query).toMatchObject({ ok: true, warnings: [] })
})

test('docs/query.md: the limits are those of the code', () => {
  const limits = [TEXT_LIMIT, TERM_LIMIT, WORD_LIMIT, DEPTH_LIMIT, REGEX_LIMIT].map((limit) =>
    limit.toLocaleString('en-US')
  )
  const table = page.slice(page.indexOf('| Limit |'))
  expect([...table.matchAll(/\| ([\d,]+)/g)].map(([, limit]) => limit)).toEqual(limits)
})
