/** What the parts of the contract share: stores under test, and records to put into them. */
import type { LogRecord } from '../../../collector/record.ts'
import { cursorOf, type LogStore } from '../../../collector/store/store.ts'
import { ALL_TIME, BOUNDS, batch, DAY, everything, origin } from './corpus.ts'

export interface StoreUnderTest extends AsyncDisposable {
  store: LogStore
  /** Moves records to where they rest (for an engine that seals); resolves when that is done. */
  settle?(): Promise<void>
  /** Ends the store as if the process had died, without any good-bye, and opens it again. */
  reopen?(): Promise<void>
}

export interface Holding {
  form: string
  /** Opens a store that holds these appends in the given form; undefined for forms that the engine has not. */
  holding(...appends: Parameters<LogStore['append']>[0][]): Promise<StoreUnderTest | undefined>
}

export const second = 1_000_000_000n
export const orders = origin('orders')
export const cart = origin('cart', 'h2')
export const some = [
  batch(orders, [
    { text: 'first Timeout of 10.0.0.1', time: DAY + 1n, level: 'warn' },
    { text: 'second', time: DAY + second },
    { text: '{"user":"ann","ms":12}', time: DAY + 2n * second, level: 'error', output: 'stderr' }
  ]),
  batch(cart, [
    { text: 'other user=bob ms=7', time: DAY + second },
    { text: 'read.timeout', time: DAY + 3n * second, level: 'unknown', output: '' }
  ])
]

/** Texts of all matches, oldest first. */
export async function textsOf(store: LogStore, where = everything): Promise<string[]> {
  const page = await store.search({ where, ...ALL_TIME }, { limit: 1000, direction: 'newer' }, BOUNDS)
  return page.records.map((record) => record.text)
}

export async function allPages(
  store: LogStore,
  direction: 'older' | 'newer',
  limit: number,
  where = everything
): Promise<LogRecord[]> {
  const found: LogRecord[] = []
  let after: string | undefined
  for (;;) {
    const page = await store.search(
      { where, ...ALL_TIME },
      { limit, direction, ...(after ? { after } : {}) },
      BOUNDS
    )
    found.push(...page.records)
    const last = page.records.at(-1)
    if (!page.more || !last) return found
    after = cursorOf(last)
  }
}
