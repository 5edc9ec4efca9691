/** Every class of query that the design sets a bar for, asked of a filled store. */
import { parse } from '../../collector/query/grammar.ts'
import type { LogStore, Query } from '../../collector/store/store.ts'

export interface Question {
  name: string
  /** Asks it; `turn` varies what is asked for where that makes a difference. */
  ask(turn: number): Promise<unknown>
  /** The design's bar for a warm store, and for a cold one where there is one. */
  warmMs: number
  coldMs?: number
  /** Why it takes as long as it does, from profiles. */
  cause?: string
}

const WHOLE_TEXTS =
  'The texts of every block in the range are decompressed (half of the time) and searched (a quarter), because blocks hold whole texts; the bar was reached with texts split into templates and variables, which a later issue brings.'
const NO_ROLL_UPS =
  'Level and time of every record in the range are decoded and counted; minute roll-ups, which a later issue brings, make this a look-up.'

const DAY_MS = 86_400_000
const BOUNDS = { budgetMs: 60_000 }
const APPS = 'checkout auth orders users reports database broker sshd audit legacy'.split(' ')

export interface Asked {
  /** The store holds the day before. */
  endMs: number
  /** Stands in one record. */
  needle: string
  /** Id of the record whose surroundings are asked for. */
  middle: string
}

export function questions(logs: LogStore, { endMs, needle, middle }: Asked): Question[] {
  const range = (text: string, spanMs = DAY_MS) => queryOf(text, endMs - spanMs, endMs + 1)
  const rows = (query: Query) => logs.search(query, { limit: 200, direction: 'older' }, BOUNDS)
  const minutes = (query: Query) => logs.histogram(query, { ns: 60_000_000_000n, origin: 0n }, BOUNDS)
  const both = async (query: Query) => [await rows(query), await minutes(query)]
  const app = (turn: number) => `app:${APPS[turn % APPS.length]}`
  const around = { before: 50, after: 50, scope: 'instance' } as const
  return [
    {
      name: 'Q1 newest 200 of an app, 15 min',
      ask: (turn) => rows(range(app(turn), 900_000)),
      warmMs: 20,
      coldMs: 100
    },
    {
      name: 'Q2 newest 200 errors of an app',
      ask: (turn) => rows(range(`${app(turn)} level:error`)),
      warmMs: 100
    },
    { name: 'Q3 word, first 200', ask: () => rows(range('timeout')), warmMs: 150, cause: WHOLE_TEXTS },
    { name: 'Q3 word, 200 and total', ask: () => both(range('timeout')), warmMs: 600, cause: WHOLE_TEXTS },
    {
      name: 'Q3 phrase, 200 and total',
      ask: () => both(range('"connection refused"')),
      warmMs: 600,
      cause: WHOLE_TEXTS
    },
    { name: 'Q4 request id as a word', ask: () => rows(range(needle)), warmMs: 100 },
    {
      name: 'Q4 inner substring',
      ask: () => rows(range(`/${needle.slice(3, 14)}/`)),
      warmMs: 1500,
      cause: WHOLE_TEXTS
    },
    { name: 'Q5 per minute and level', ask: () => minutes(range('')), warmMs: 150, cause: NO_ROLL_UPS },
    { name: 'Q5 with a word', ask: () => minutes(range('timeout')), warmMs: 400, cause: WHOLE_TEXTS },
    { name: 'Q6 context, 50 + 50', ask: () => logs.context(middle, around, BOUNDS), warmMs: 20, coldMs: 100 },
    {
      name: 'Q7 regex with a literal, total',
      ask: () => minutes(range('/upstream request timeout after (29|30)000 ms/')),
      warmMs: 1000,
      cause: WHOLE_TEXTS
    },
    {
      name: 'Q7 regex without a literal, total',
      ask: () => minutes(range('/" 50[0-4] \\d+ "-" "[a-z]+\\//')),
      warmMs: 4000,
      cause: WHOLE_TEXTS
    },
    { name: 'Q8 first and last per origin', ask: () => logs.origins(), warmMs: 20 }
  ]
}

/** A record in the midst of an app's newest. */
export async function middleOf(logs: LogStore, endMs: number): Promise<string> {
  const query = queryOf('app:orders', endMs - DAY_MS, endMs + 1)
  const { records } = await logs.search(query, { limit: 200, direction: 'older' }, BOUNDS)
  return records[records.length >> 1]?.id ?? ''
}

export function queryOf(text: string, fromMs: number, toMs: number): Query {
  const parsed = parse(text)
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error.message}`)
  return {
    where: parsed.expression,
    from: BigInt(Math.floor(fromMs)) * 1_000_000n,
    to: BigInt(Math.floor(toMs)) * 1_000_000n
  }
}
