/** Search, one record, and what stands around it. */
import { type FastifyPluginAsyncTypebox, Type } from '@fastify/type-provider-typebox'
import { placeOf } from '../../collector/record.ts'
import { cursorOf, type Direction, type Page } from '../../collector/store/store.ts'
import { ErrorJson } from '../api/error.ts'
import {
  ContextAnswer,
  ContextQuery,
  type PageInfo,
  RecordJson,
  SearchAnswer,
  SearchQuery
} from '../api/logs.ts'
import type { Asker } from '../asker.ts'
import { RecordIdError, RecordNotFoundError } from '../errors.ts'
import { goneSignal } from '../gone.ts'
import { checkCursor, questionOf } from '../question.ts'
import { recordJson } from '../records.ts'
import { formatMs, formatTime } from '../times.ts'

/** A page ends early where its texts are longer than this together; its cursor leads on. Bytes, about. */
const PAGE_TEXT_LIMIT = 8 * 1024 * 1024
const NDJSON = 'application/x-ndjson'

const ById = Type.Object({ id: Type.String({ maxLength: 64, description: 'id of a record' }) })

const routes: FastifyPluginAsyncTypebox<{ asker: Asker }> = async (app, { asker }) => {
  app.get(
    '/logs',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Searches records',
        tags: ['logs'],
        querystring: SearchQuery,
        response: {
          200: {
            description: 'One page of records, and how far it can be trusted to be everything',
            content: {
              'application/json': { schema: SearchAnswer },
              [NDJSON]: { schema: Type.String({ description: 'One record a line, then a line {"page": …}' }) }
            }
          },
          '4xx': ErrorJson
        }
      }
    },
    async (request, reply) => {
      const startedMs = performance.now()
      const { limit, direction, after } = request.query
      const { query, warnings } = questionOf(request.query, asker.nowMs())
      checkCursor(after)
      const found = await asker.ask(goneSignal(reply), (logs, bounds) =>
        logs.search(query, { limit, direction, ...(after ? { after } : {}) }, bounds)
      )
      const page = shortened(found)
      const cursor = cursorBehind(page, direction)
      const info: PageInfo = {
        ...(cursor === undefined ? {} : { cursor }),
        from: formatTime(query.from),
        to: formatTime(query.to),
        tookMs: tookMs(startedMs),
        hubTime: formatMs(asker.nowMs()),
        coverage: asker.coverage(page.coverage),
        warnings
      }
      const records = page.records.map(recordJson)
      if (!request.headers.accept?.includes(NDJSON)) return { records, page: info }
      const lines = [...records, { page: info }].map((line) => `${JSON.stringify(line)}\n`)
      return reply.type(NDJSON).send(lines.join(''))
    }
  )

  app.get(
    '/logs/:id',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'One record',
        tags: ['logs'],
        params: ById,
        response: { 200: RecordJson, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      checkId(id)
      const record = await asker.ask(goneSignal(reply), (logs, bounds) => logs.find(id, bounds))
      if (!record) throw new RecordNotFoundError(id)
      return recordJson(record)
    }
  )

  app.get(
    '/logs/:id/context',
    {
      config: { demand: 'read' },
      schema: {
        summary: 'Records before and after one, of its instance or of its whole app',
        tags: ['logs'],
        params: ById,
        querystring: ContextQuery,
        response: { 200: ContextAnswer, '4xx': ErrorJson }
      }
    },
    async (request, reply) => {
      const { id } = request.params
      checkId(id)
      const context = await asker.ask(goneSignal(reply), (logs, bounds) =>
        logs.context(id, request.query, bounds)
      )
      if (!context) throw new RecordNotFoundError(id)
      return {
        before: context.before.map(recordJson),
        record: recordJson(context.record),
        after: context.after.map(recordJson)
      }
    }
  )
}

export default routes

/** Milliseconds since `startedMs` of the process clock, to a tenth. */
export function tookMs(startedMs: number): number {
  return Math.round((performance.now() - startedMs) * 10) / 10
}

/**
 * Where the next page begins; undefined when nothing is left. A search that ran out of time goes on at the
 * instant that it reached, even if it found nothing on the way.
 */
export function cursorBehind({ records, coverage, more }: Page, direction: Direction): string | undefined {
  const last = records.at(-1)
  if (more && last) return cursorOf(last)
  const { searchedTo } = coverage
  if (coverage.complete || searchedTo === undefined) return undefined
  if (last && last.time === searchedTo) return cursorOf(last)
  const edge = direction === 'older' ? LAST_PLACE : FIRST_PLACE
  return `${searchedTo}_${edge}`
}

/** Ids before and behind all that share an instant. */
const FIRST_PLACE = '0000000000000000.0.0.0'
const LAST_PLACE = 'ffffffffffffffff.999999999.999999999.999999999999999'

function shortened(page: Page): Page {
  let length = 0
  const fits = page.records.findIndex((record, index) => {
    length += record.text.length
    return index > 0 && length > PAGE_TEXT_LIMIT
  })
  return fits < 0 ? page : { ...page, records: page.records.slice(0, fits), more: true }
}

function checkId(id: string): void {
  if (!placeOf(id)) throw new RecordIdError(id)
}
