import type { ErrorJson } from '../api/error.ts'
import type { PageInfo, RecordJson, SearchAnswer } from '../api/logs.ts'
import type { HubClient, Question } from './client.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { clock, type LineLook, recordLine } from './records.ts'
import type { Progress } from './terminal.ts'

export interface SearchOptions {
  query: string
  app?: string
  env?: string
  from: string
  to: string
  limit: number
  /** The oldest matches instead of the newest. */
  oldest: boolean
  /** Newest first instead of oldest first. */
  reverse: boolean
  /** Every match, oldest first, without limit. */
  all: boolean
  json: boolean
}

export interface Output {
  write(text: string): void
  /** Remarks for a person; standard output stays free for records. */
  remark(text: string): void
  look: LineLook
  progress: Progress
}

/** The hub gives at most this many records at once. */
const PAGE = 1000

/** What is on its way for less than this is not worth a remark. */
const BEHIND_MS = 2000

/** Reads oldest to newest, as the page does, whatever end of the range was asked for. */
export async function search(
  hub: HubClient,
  options: SearchOptions,
  out: Output,
  signal: AbortSignal
): Promise<ExitCode> {
  const question: Question = {
    q: options.query,
    app: options.app,
    environment: options.env,
    from: options.from,
    to: options.to
  }
  const look = { ...out.look, withApp: options.app === undefined }
  const write = (record: RecordJson) =>
    out.write(options.json ? `${JSON.stringify(record)}\n` : recordLine(record, look))
  if (options.all) return everything(hub, question, write, out, signal)

  const direction = options.oldest ? 'newer' : 'older'
  const backwards = options.oldest === options.reverse
  const held: RecordJson[] = []
  let found = 0
  let page: PageInfo | undefined
  do {
    const limit = Math.min(PAGE, options.limit - found)
    const asked: Question = { ...question, limit, direction, after: page?.cursor }
    if (page) Object.assign(asked, { from: page.from, to: page.to })
    const answer: SearchAnswer = await hub.json('/api/logs', asked, signal)
    if (!page) for (const { message } of answer.page.warnings) out.remark(`note: ${message}`)
    found += answer.records.length
    page = answer.page
    if (backwards) held.push(...answer.records)
    else answer.records.forEach(write)
    out.progress.say(`${found} lines found …`)
    if (answer.records.length < limit) break
  } while (page.cursor !== undefined && found < options.limit)
  out.progress.done()
  held.reverse().forEach(write)
  remarkOn(page, found, options, out)
  return found > 0 ? EXIT.ok : EXIT.found
}

/** Streams the export: nothing is held in memory. */
async function everything(
  hub: HubClient,
  question: Question,
  write: (record: RecordJson) => void,
  out: Output,
  signal: AbortSignal
): Promise<ExitCode> {
  let found = 0
  for await (const value of hub.lines('/api/logs/export', { ...question, limit: 10_000_000 }, signal)) {
    const problem = problemIn(value)
    if (problem)
      throw new CliError(EXIT.failed, `The answer is not complete: ${problem.message} (${problem.code})`)
    if (!isRecord(value)) continue
    found++
    write(value)
    if (found % PAGE === 0) out.progress.say(`${found} lines …`)
  }
  out.progress.done()
  return found > 0 ? EXIT.ok : EXIT.found
}

function remarkOn(page: PageInfo, found: number, options: SearchOptions, out: Output): void {
  const { coverage } = page
  const time = (text: string) => clock(text, out.look.utc)
  if (found === 0)
    out.remark(
      `Nothing found from ${time(page.from)} to ${time(page.to)}. Reach further back with --from now-7d.`
    )
  else if (page.cursor !== undefined && found >= options.limit) {
    out.remark(`${found} lines shown, there are more: --limit ${options.limit * 10}, or --all.`)
  }
  if (coverage.searchedTo !== undefined) {
    out.remark(
      `The search ran out of time at ${time(coverage.searchedTo)}: ask for a shorter time or more precisely.`
    )
  }
  for (const { part, reason } of coverage.unreadable)
    out.remark(`Not searched, because it can't be read: ${part} (${reason})`)
  for (const { hostName, behindMs } of coverage.behind) {
    if (behindMs < BEHIND_MS) continue
    out.remark(`${hostName} has not delivered its last ${Math.ceil(behindMs / 1000)} s yet.`)
  }
}

/** The last line of an export that was cut short. */
function problemIn(value: unknown): ErrorJson | undefined {
  if (typeof value !== 'object' || value === null || !('error' in value) || 'text' in value) return undefined
  return value.error as ErrorJson
}

function isRecord(value: unknown): value is RecordJson {
  return typeof value === 'object' && value !== null && 'id' in value && 'text' in value
}
