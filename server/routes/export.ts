/** Everything that matches, as one stream of NDJSON, at the pace of the one who reads it. */
import { Readable } from 'node:stream'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import type { LogRecord } from '../../collector/record.ts'
import type { Page, Query } from '../../collector/store/store.ts'
import { ErrorJson } from '../api/error.ts'
import { ExportQuery } from '../api/logs.ts'
import type { Asker } from '../asker.ts'
import {
  AccessEndedError,
  BusyError,
  ExportLimitError,
  ExportStuckError,
  UnreadableError
} from '../errors.ts'
import { Gate } from '../gate.ts'
import { goneSignal } from '../gone.ts'
import { refusalOf } from '../plugins/errors.ts'
import { questionOf } from '../question.ts'
import { recordJson } from '../records.ts'
import { whileWelcome } from '../welcome.ts'
import { cursorBehind } from './logs.ts'

/** Records of the first page; the ones behind it are as large as their texts allow. */
const FIRST_PAGE_RECORDS = 500
const LARGEST_PAGE_RECORDS = 5000
/** Texts of a page together, about. */
const PAGE_LENGTH = 4 * 1024 * 1024
/** Records that are turned into text before others get a turn. */
const CHUNK_RECORDS = 200
/** Exports that run at the same time; each holds one page in memory. */
const MOST_EXPORTS = 8
/** People who search go first: an export that finds the hub busy comes back after this time. */
const BUSY_PAUSE_MS = 250

const routes: FastifyPluginAsyncTypebox<{ asker: Asker }> = async (app, { asker }) => {
  const gate = new Gate({ concurrent: MOST_EXPORTS, waiting: 0 })

  app.get(
    '/logs/export',
    {
      config: { demand: 'read', streams: true },
      exposeHeadRoute: false,
      schema: {
        summary: 'All records that match, oldest first; a last line {"error": …} where it is cut short',
        tags: ['logs'],
        querystring: ExportQuery,
        response: {
          200: {
            description: 'One record a line',
            content: {
              'application/x-ndjson': {
                schema: Type.Unsafe<Readable>(Type.String({ description: 'One record a line' }))
              }
            }
          },
          '4xx': ErrorJson
        }
      }
    },
    async (request, reply) => {
      const { query } = questionOf(request.query, asker.nowMs())
      const gone = goneSignal(reply)
      using welcome = whileWelcome(app, request.caller)
      const signal = AbortSignal.any([gone, welcome.signal])
      // The first page is found before the answer begins, so that a refusal still has its status.
      const first = await pageBehind(asker, query, { after: undefined, limit: FIRST_PAGE_RECORDS }, signal)
      await gate.run(signal, async () => {
        const lines = Readable.from(exported(asker, query, first, request.query.limit, signal), {
          objectMode: false
        })
        reply
          .type('application/x-ndjson')
          .header('content-disposition', 'attachment; filename="driftlog.ndjson"')
        reply.send(lines)
        await new Promise<void>((resolve) => lines.once('close', resolve))
      })
      return reply
    }
  )
}

export default routes

async function* exported(asker: Asker, query: Query, first: Page, limit: number, signal: AbortSignal) {
  const unreadable = new Set<string>()
  let left = limit
  let pageRecords = FIRST_PAGE_RECORDS
  let cursor: string | undefined
  try {
    for (
      let page = first;
      ;
      page = await pageWhenFree(asker, query, { after: cursor, limit: pageRecords }, signal)
    ) {
      const records = page.records.slice(0, left)
      left -= records.length
      pageRecords = nextPage(records, pageRecords)
      for (const { part } of page.coverage.unreadable) unreadable.add(part)
      yield* chunksOf(records)
      const more = page.more || records.length < page.records.length
      const next = cursorBehind({ ...page, records, more }, 'newer')
      if (next === undefined) break
      if (next === cursor) throw new ExportStuckError()
      cursor = next
      if (left <= 0) throw new ExportLimitError(limit)
    }
    if (unreadable.size > 0) {
      const names = [...unreadable].slice(0, 10).join(', ')
      throw new UnreadableError(unreadable.size, names)
    }
  } catch (error) {
    const reason = signal.aborted ? signal.reason : error
    // Nobody reads on.
    if (signal.aborted && !(reason instanceof AccessEndedError)) return
    yield `${JSON.stringify({ error: refusalOf(reason), ...(cursor === undefined ? {} : { cursor }) })}\n`
  }
}

async function* chunksOf(records: LogRecord[]): AsyncGenerator<string> {
  for (let at = 0; at < records.length; at += CHUNK_RECORDS) {
    if (at > 0) await setImmediate()
    const chunk = records.slice(at, at + CHUNK_RECORDS)
    yield chunk.map((record) => `${JSON.stringify(recordJson(record))}\n`).join('')
  }
}

/** So many records of the length of these that a page is neither small nor a burden. */
function nextPage(records: LogRecord[], asked: number): number {
  if (records.length === 0) return asked
  const length = records.reduce((sum, record) => sum + record.text.length, records.length)
  return Math.min(LARGEST_PAGE_RECORDS, Math.max(1, Math.floor((records.length * PAGE_LENGTH) / length)))
}

interface PageWanted {
  after: string | undefined
  limit: number
}

async function pageWhenFree(
  asker: Asker,
  query: Query,
  wanted: PageWanted,
  signal: AbortSignal
): Promise<Page> {
  for (;;) {
    try {
      return await pageBehind(asker, query, wanted, signal)
    } catch (error) {
      if (!(error instanceof BusyError)) throw error
      await setTimeout(BUSY_PAUSE_MS, undefined, { signal })
    }
  }
}

function pageBehind(asker: Asker, query: Query, wanted: PageWanted, signal: AbortSignal): Promise<Page> {
  const { after, limit } = wanted
  const asked = { limit, direction: 'newer' as const, ...(after === undefined ? {} : { after }) }
  return asker.ask(signal, (logs, bounds) => logs.search(query, asked, bounds))
}
