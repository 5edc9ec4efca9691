import { expect, test } from 'vitest'
import type { Loss } from '../../../agent/protocol.ts'
import {
  type Account,
  type Came,
  keptAccount,
  linesOf,
  newAccount,
  openAccount,
  rangeOf,
  tellArrival,
  tellLoss,
  totalOf
} from '../../../collector/ledger/account.ts'

const RECORD_BYTES = 100

test('a gap within a file lies between the records around it, and has about so many lines', () => {
  const account = newAccount()
  arrive(account, { generation: 'a', offset: 0, times: [10, 20] })
  lose(account, { generation: 'a', offset: 200, bytes: 1000, before: 'b' })
  expect(account.gaps).toMatchObject([{ fromMs: 20 }])
  expect(account.gaps[0]?.toMs).toBeUndefined()
  arrive(account, { generation: 'b', offset: 0, times: [95, 99] })
  arrive(account, { generation: 'b', offset: 200, times: [120] })
  const [gap] = account.gaps
  expect(gap).toMatchObject({ fromMs: 20, toMs: 95, bytes: 1000, cause: 'rotated-unread' })
  expect(gap && linesOf(account, gap)).toBe(10)
})

test('records of the same delivery that stand before the loss tighten its beginning', () => {
  const account = newAccount()
  lose(account, { generation: 'a', offset: 200, bytes: 50, before: 'b' })
  arrive(account, { generation: 'a', offset: 0, times: [10, 20], ended: true })
  arrive(account, { generation: 'b', offset: 0, times: [30] })
  expect(account.gaps).toMatchObject([{ fromMs: 20, toMs: 30 }])
})

test('a loss in the backlog is bounded by the newer part that came first', () => {
  const account = newAccount()
  arrive(account, { generation: 'old', offset: 0, times: [10] })
  arrive(account, { generation: 'old@5000', offset: 0, times: [500, 600] })
  lose(account, { generation: 'old', offset: 100, bytes: 4900, before: 'old@5000' })
  expect(account.gaps).toMatchObject([{ fromMs: 10, toMs: 500 }])
})

test('files that were never seen lie between those around them', () => {
  const account = newAccount()
  arrive(account, { generation: 'a', offset: 0, times: [10] })
  lose(account, { after: 'a', before: 'b' })
  arrive(account, { generation: 'a', offset: 100, times: [15], ended: true })
  arrive(account, { generation: 'b', offset: 0, times: [40] })
  expect(account.gaps).toMatchObject([{ fromMs: 15, toMs: 40 }])
  expect(totalOf(account)).toEqual({ count: 1, bytes: 0, unknown: 1 })
})

test('where the beginning is missing nothing stands before it', () => {
  const account = newAccount()
  lose(account, { before: 'a', atMs: 1000 })
  arrive(account, { generation: 'a', offset: 0, times: [40] })
  const [gap] = account.gaps
  expect(gap?.fromMs).toBeUndefined()
  expect(gap && rangeOf(gap)).toEqual({ fromMs: 40, toMs: 40 })
})

test('files that are lost in a row are one gap', () => {
  const account = newAccount()
  arrive(account, { generation: 'a', offset: 0, times: [10] })
  lose(account, { generation: 'a', offset: 100, bytes: 900, before: 'b', cause: 'hold-exceeded' })
  lose(account, { generation: 'b', offset: 0, bytes: 1000, after: 'a', before: 'c', cause: 'hold-exceeded' })
  lose(account, { generation: 'c', offset: 0, bytes: 1000, after: 'b', before: 'd', cause: 'hold-exceeded' })
  arrive(account, { generation: 'd', offset: 0, times: [90] })
  expect(account.gaps).toMatchObject([{ bytes: 2900, count: 3, fromMs: 10, toMs: 90, through: 'c' }])
})

test('a loss told again never counts twice: by the same process, by one that began anew, in part', () => {
  const account = newAccount()
  expect(lose(account, { generation: 'a', offset: 100, bytes: 100, atMs: 1 })).toBe(true)
  expect(lose(account, { generation: 'a', offset: 100, bytes: 100, atMs: 1 })).toBe(false)
  expect(lose(account, { generation: 'a', offset: 100, bytes: 100, atMs: 2 })).toBe(false)
  // What was prepared came back, and is lost, too.
  expect(lose(account, { generation: 'a', offset: 50, bytes: 50, atMs: 3 })).toBe(true)
  expect(lose(account, { generation: 'a', offset: 60, bytes: 80, atMs: 4 })).toBe(false)
  // After its restart the agent only knows that there is something.
  expect(lose(account, { generation: 'a', offset: 50, atMs: 5 })).toBe(false)
  expect(account.gaps).toMatchObject([{ offset: 50, bytes: 150 }])
  for (const atMs of [1, 2, 3]) lose(account, { after: 'a', before: 'b', atMs })
  expect(totalOf(account)).toEqual({ count: 2, bytes: 150, unknown: 1 })
})

test('a loss of which nothing is known but its moment counts once for each moment', () => {
  const account = newAccount()
  for (const atMs of [1, 2, 2, 1]) lose(account, { bytes: 10, atMs })
  expect(totalOf(account)).toEqual({ count: 2, bytes: 20, unknown: 0 })
})

test('zeros are a gap between the records around them, also over chunks, each byte once', () => {
  const account = newAccount()
  const nuls = [{ offset: 200, bytes: 4000, row: 2 }]
  arrive(account, { generation: 'a', offset: 0, times: [10, 20], nuls })
  arrive(account, { generation: 'a', offset: 4200, times: [70], nuls: [{ offset: 4200, bytes: 96, row: 0 }] })
  // The hub was killed before it had written the records: the bytes come again.
  arrive(account, { generation: 'a', offset: 0, times: [10, 20], nuls })
  expect(account.gaps).toMatchObject([{ cause: 'nul', offset: 200, bytes: 4096, fromMs: 20, toMs: 70 }])
})

test('a file that was truncated under its writer begins with zeros that were never a log', () => {
  const account = newAccount()
  arrive(account, { generation: 'a', offset: 0, times: [10] })
  const nuls = [{ offset: 0, bytes: 5000, row: 0 }]
  arrive(account, { generation: 'b', offset: 0, times: [20], nuls })
  expect(account.gaps).toEqual([])
  arrive(account, { generation: 'c', offset: 0, times: [30], nuls, file: '8:9:9' })
  expect(account.gaps).toMatchObject([{ generation: 'c', bytes: 5000, fromMs: 20, toMs: 30 }])
})

test('what was taken for removed unread, and is read on all the same, is no gap', () => {
  const account = newAccount()
  arrive(account, { generation: 'a', offset: 0, times: [10] })
  lose(account, { after: 'a', cause: 'removed-unread' }, true)
  expect(account.gaps).toMatchObject([{ fromMs: 10 }])
  arrive(account, { generation: 'a', offset: 100, times: [20] })
  expect(account.gaps).toEqual([])
})

test('what an agent tells as removed unread stays a gap when the rest of the file before it comes after all', () => {
  const account = newAccount()
  arrive(account, { generation: 'a', offset: 0, times: [10] })
  lose(account, { after: 'a', cause: 'removed-unread' }, true)
  lose(account, { after: 'a', cause: 'removed-unread' })
  arrive(account, { generation: 'a', offset: 100, times: [20] })
  expect(account.gaps).toMatchObject([{ cause: 'removed-unread', after: 'a', fromMs: 20 }])
})

test('thousands of gaps stay a bounded list whose sums are exact', () => {
  const account = newAccount()
  for (let i = 0; i < 3000; i++) lose(account, { generation: `g${i}`, offset: 7, bytes: 10, atMs: i })
  expect(account.gaps).toHaveLength(1000)
  expect(account.earlier).toMatchObject({ count: 2000, bytes: 20_000, fromMs: 0, toMs: 1999 })
  expect(totalOf(account)).toEqual({ count: 3000, bytes: 30_000, unknown: 0 })
})

test('what is kept gives the same account', () => {
  const account = newAccount()
  arrive(account, { generation: 'a', offset: 0, times: [10, 20] })
  lose(account, { generation: 'a', offset: 200, bytes: 1000, before: 'b' })
  const again = openAccount(JSON.parse(JSON.stringify(keptAccount(account))))
  expect(again).toEqual(account)
  expect(lose(again, { generation: 'a', offset: 200, bytes: 1000, before: 'b' })).toBe(false)
})

function lose(account: Account, loss: Partial<Loss>, assumed = false): boolean {
  const whole: Loss = { container: 'c', stream: 'docker', atMs: 1000, cause: 'rotated-unread', ...loss }
  return tellLoss(account, whole, 0, assumed)
}

function arrive(
  account: Account,
  {
    generation,
    offset,
    times,
    nuls = [],
    ended = false,
    file = '8:1:1'
  }: { generation: string; offset: number; times: number[] } & Partial<Pick<Came, 'nuls' | 'ended' | 'file'>>
): void {
  const hole = nuls.reduce((sum, { row, bytes }) => (row === 0 ? sum + bytes : sum), 0)
  const came: Came = {
    stream: 'docker',
    generation,
    file,
    ended,
    bytes: times.length * RECORD_BYTES + nuls.reduce((sum, { bytes }) => sum + bytes, 0),
    timeMs: times,
    offset: times.map((_, i) => offset + hole + i * RECORD_BYTES),
    nuls
  }
  tellArrival(account, came, 5000)
}
