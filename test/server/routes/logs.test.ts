import { Check } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { LEVELS } from '../../../collector/record.ts'
import {
  ContextAnswer,
  FacetsAnswer,
  HistogramAnswer,
  RecordJson,
  SearchAnswer
} from '../../../server/api/logs.ts'
import { batch, DAY, type Line, origin } from '../../collector/store/corpus.ts'
import { openFace, range } from '../face.ts'

const SECOND = 1_000_000_000n
const day = range(DAY, DAY + 86_400n * SECOND)

function lines(
  count: number,
  timeOf: (index: number) => bigint = (index) => DAY + BigInt(index) * SECOND
): Line[] {
  return Array.from({ length: count }, (_, index) => ({ text: `line ${index}`, time: timeOf(index) }))
}

describe.each(['memory', 'embedded'] as const)('%s', (engine) => {
  test('an answer holds what its schema promises', async () => {
    const text = '{"level":"warn","msg":"slow","ms":1200,"deep":{"ok":true}}'
    await using face = await openFace({
      engine,
      batches: [
        batch(origin('orders'), [{ text, time: DAY + 1_234_567_890n, level: 'warn', output: 'stderr' }])
      ]
    })
    const { status, body, headers } = await face.get(`/api/logs?${day}`)
    expect(status).toBe(200)
    expect(Check(SearchAnswer, body), JSON.stringify(body)).toBe(true)
    expect(body.records[0]).toMatchObject({
      time: '2026-11-23T00:00:01.234567890Z',
      level: 'warn',
      app: 'orders',
      environment: 'production',
      output: 'stderr',
      text,
      fields: { level: 'warn', msg: 'slow', ms: 1200, 'deep.ok': true }
    })
    expect(body.page).toMatchObject({
      from: '2026-11-23T00:00:00.000000000Z',
      to: '2026-11-24T00:00:00.000000000Z',
      coverage: { complete: true, behind: [] },
      warnings: []
    })
    expect(body.page.cursor).toBeUndefined()
    expect(headers.get('cache-control')).toBe('no-store')
  })

  test.each(['older', 'newer'])('1,000 records of one instant come once each, %s', async (direction) => {
    const [a, b] = [origin('orders'), origin('orders', 'h2')]
    await using face = await openFace({
      engine,
      batches: [
        batch(
          a,
          lines(600, () => DAY)
        ),
        batch(
          b,
          lines(400, () => DAY)
        )
      ]
    })
    const seen: string[] = []
    let cursor = ''
    do {
      const { body } = await face.get(
        `/api/logs?${day}&limit=37&direction=${direction}${cursor && `&after=${cursor}`}`
      )
      seen.push(...body.records.map((record: RecordJson) => record.id))
      cursor = body.page.cursor ?? ''
    } while (cursor)
    expect(seen).toHaveLength(1000)
    expect(new Set(seen).size).toBe(1000)
  })

  test('both directions read the same records in opposite order', async () => {
    await using face = await openFace({
      engine,
      batches: [batch(origin('orders'), lines(50))]
    })
    const older = (await face.get(`/api/logs?${day}`)).body.records
    const newer = (await face.get(`/api/logs?${day}&direction=newer`)).body.records
    expect(newer).toEqual(older.toReversed())
  })

  test('app, environment and text narrow together', async () => {
    await using face = await openFace({
      engine,
      batches: [
        batch(origin('orders'), [
          { text: 'connection refused', time: DAY },
          { text: 'all is well', time: DAY }
        ]),
        batch(origin('orders', 'h2', 'o-2', { environment: 'staging' }), [
          { text: 'connection refused', time: DAY }
        ]),
        batch(origin('billing'), [{ text: 'connection refused', time: DAY }])
      ]
    })
    const found = async (more: string) => (await face.get(`/api/logs?${day}&${more}`)).body.records.length
    expect(await found('q=refused')).toBe(3)
    expect(await found('q=refused&app=orders')).toBe(2)
    expect(await found('q=refused&app=ORDERS&environment=production')).toBe(1)
    expect(await found('app=orders')).toBe(3)
    expect(await found(`q=${encodeURIComponent('refused OR well')}&app=billing`)).toBe(1)
    expect(await found('q=-refused')).toBe(1)
  })

  test('NDJSON has one record a line and ends with the page', async () => {
    await using face = await openFace({
      engine,
      batches: [batch(origin('orders'), lines(5))]
    })
    const response = await fetch(`${face.url}/api/logs?${day}&limit=3`, {
      headers: { accept: 'application/x-ndjson' }
    })
    expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8')
    const rows = (await response.text())
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(rows.slice(0, 3).every((row) => Check(RecordJson, row))).toBe(true)
    expect(rows).toHaveLength(4)
    expect(rows[3].page.cursor).toMatch(/^\d+_/)
  })

  test('a page of very long lines ends early and leads on', async () => {
    const long = 'x'.repeat(900_000)
    await using face = await openFace({
      engine,
      batches: [
        batch(
          origin('orders'),
          Array.from({ length: 20 }, (_, i) => ({ text: long, time: DAY + BigInt(i) }))
        )
      ]
    })
    let count = 0
    let cursor = ''
    let pages = 0
    do {
      const { body } = await face.get(`/api/logs?${day}&limit=1000${cursor && `&after=${cursor}`}`)
      count += body.records.length
      cursor = body.page.cursor ?? ''
      pages++
    } while (cursor)
    expect([count, pages]).toEqual([20, 3])
  })

  test('one record, and what stands around it', async () => {
    await using face = await openFace({
      engine,
      batches: [
        batch(origin('orders'), lines(21)),
        batch(
          origin('orders', 'h2'),
          lines(21, (index) => DAY + BigInt(index) * SECOND + 1n)
        )
      ]
    })
    const { records } = (
      await face.get(
        `/api/logs?${day}&limit=1&after=&q=${encodeURIComponent('"line 10" host:web-h1')}`.replace(
          '&after=',
          ''
        )
      )
    ).body
    const [record] = records
    expect((await face.get(`/api/logs/${record.id}`)).body).toEqual(record)

    const instance = (await face.get(`/api/logs/${record.id}/context?before=2&after=3`)).body
    expect(Check(ContextAnswer, instance)).toBe(true)
    expect(instance.before.map((row: RecordJson) => row.text)).toEqual(['line 8', 'line 9'])
    expect(instance.after.map((row: RecordJson) => row.text)).toEqual(['line 11', 'line 12', 'line 13'])
    const app = (await face.get(`/api/logs/${record.id}/context?before=2&after=1&scope=app`)).body
    expect(app.before.map((row: RecordJson) => `${row.host} ${row.text}`)).toEqual(['h1 line 9', 'h2 line 9'])
    expect(app.after.map((row: RecordJson) => `${row.host} ${row.text}`)).toEqual(['h2 line 10'])

    const missing = await face.get(`/api/logs/${'0'.repeat(16)}.0.0.0/context`)
    expect(missing).toMatchObject({ status: 404, body: { code: 'DRIFTLOG_RECORD_NOT_FOUND' } })
  })

  test('the histogram counts each record once, by level, in round steps', async () => {
    await using face = await openFace({
      engine,
      batches: [
        batch(
          origin('orders'),
          lines(3600).map((line, index) => ({ ...line, level: LEVELS[index % 7] ?? 'info' }))
        )
      ]
    })
    const { body } = await face.get(`/api/logs/histogram?${range(DAY, DAY + 3600n * SECOND)}&buckets=60`)
    expect(Check(HistogramAnswer, body), JSON.stringify(body).slice(0, 500)).toBe(true)
    expect(body).toMatchObject({ stepMs: 60_000, total: 3600, to: '2026-11-23T01:00:00.000000000Z' })
    expect(body.buckets).toHaveLength(60)
    expect(
      body.buckets.every(({ counts }: { counts: number[] }) => counts.reduce((a, b) => a + b) === 60)
    ).toBe(true)
  })

  test('days of a zone have 25 hours in autumn, and no record is counted twice', async () => {
    const from = BigInt(Date.parse('2026-10-23T22:00:00Z')) * 1_000_000n
    await using face = await openFace({
      engine,
      batches: [
        batch(
          origin('orders'),
          lines(73 * 4, (index) => from + BigInt(index) * 900n * SECOND)
        )
      ]
    })
    const { body } = await face.get(
      `/api/logs/histogram?${range(from, from + 73n * 3600n * SECOND)}&buckets=4&zone=Europe/Berlin`
    )
    expect(body.total).toBe(292)
    expect(
      body.buckets.map(({ from, counts }: { from: string; counts: number[] }) => [from, counts[3]])
    ).toEqual([
      ['2026-10-23T22:00:00.000000000Z', 96],
      ['2026-10-24T22:00:00.000000000Z', 100],
      ['2026-10-25T23:00:00.000000000Z', 96]
    ])
  })

  test('facets count values and find fields', async () => {
    await using face = await openFace({
      engine,
      batches: [
        batch(origin('orders'), [
          { text: '{"status":200,"path":"/a"}', time: DAY },
          { text: '{"status":500,"path":"/a"}', time: DAY, level: 'error' }
        ]),
        batch(origin('orders', 'h2'), [{ text: 'plain', time: DAY }])
      ]
    })
    const { body } = await face.get(`/api/logs/facets?${day}&fields=level,host,status&discover=true`)
    expect(Check(FacetsAnswer, body), JSON.stringify(body)).toBe(true)
    expect(body.facets).toEqual([
      {
        field: 'level',
        values: [
          { value: 'info', count: 2 },
          { value: 'error', count: 1 }
        ],
        others: 0
      },
      {
        field: 'host',
        values: [
          { value: 'web-h1', count: 2 },
          { value: 'web-h2', count: 1 }
        ],
        others: 0
      },
      {
        field: 'status',
        values: [
          { value: '200', count: 1 },
          { value: '500', count: 1 }
        ],
        others: 0
      }
    ])
    expect(body.fields).toEqual([
      { value: 'path', count: 2 },
      { value: 'status', count: 2 }
    ])
    expect(body.matched).toBe(3)
  })
})
