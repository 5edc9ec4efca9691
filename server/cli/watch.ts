/** `driftlog status --watch`: hosts and running instances with their numbers, again and again. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { StatsHostJson, StatsLatestAnswer } from '../api/stats.ts'
import { type HubClient, PassingError } from './client.ts'
import { EXIT, type ExitCode } from './exit.ts'
import { clock } from './records.ts'
import type { Output } from './search.ts'
import { bytesText, durationText, type Paint, safeText, table, widthOf } from './terminal.ts'

export interface Screen {
  columns: number
  rows: number
}

const EVERY_MS = 2000
/** The alternate screen is another page of the terminal: what stood there before is there again at the end. */
const ENTER = '\u001b[?1049h\u001b[?25l'
const LEAVE = '\u001b[?25h\u001b[?1049l'
/** From the top; each line is wiped behind its end, and what is below the last one. */
const TOP = '\u001b[H'
const REST_OF_LINE = '\u001b[K'
const REST_OF_SCREEN = '\u001b[J'

/** Until `signal` aborts. `screen` is asked before each drawing; undefined where there is no terminal to draw on. */
export async function watch(
  hub: HubClient,
  json: boolean,
  out: Output,
  screen: () => Screen | undefined,
  signal: AbortSignal
): Promise<ExitCode> {
  // Asked before the screen is taken over: a refusal must be read on it.
  let latest = await hub.json<StatsLatestAnswer>('/api/stats/latest', {}, signal)
  const drawn = !json && screen() !== undefined
  if (drawn) out.write(ENTER)
  try {
    for (let trouble: string | undefined; ; ) {
      const size = drawn ? screen() : undefined
      if (json) out.write(`${JSON.stringify(latest)}\n`)
      else if (size) out.write(drawing(latest, size, out, hub.url, trouble))
      else out.write(lines(latest, out))
      await sleep(EVERY_MS, undefined, { signal })
      try {
        latest = await hub.json<StatsLatestAnswer>('/api/stats/latest', {}, signal)
        trouble = undefined
      } catch (error) {
        if (!(error instanceof PassingError)) throw error
        trouble = error.message.split('\n', 1)[0]
        if (!drawn) out.remark(`${trouble}`)
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
    return EXIT.ok
  } finally {
    if (drawn) out.write(LEAVE)
  }
}

/** As much as the screen has room for; the rest is said, not scrolled away. */
function drawing(
  latest: StatsLatestAnswer,
  { columns, rows }: Screen,
  out: Output,
  url: string,
  trouble: string | undefined
): string {
  const { paint, utc } = out.look
  const head = `${paint('bold', 'Driftlog')} ${url}  ${clock(latest.hubTime, utc)}  ${paint('dim', 'Ctrl-C ends')}`
  const text = [
    trouble === undefined ? head : paint('red', trouble),
    '',
    ...tableLines(hostRows(latest.hosts), paint),
    '',
    ...tableLines(instanceRows(latest), paint)
  ]
  const shown = text.slice(0, rows - 1)
  if (shown.length < text.length) {
    shown[shown.length - 1] = paint(
      'dim',
      `… ${text.length - shown.length + 1} more: a taller window shows them`
    )
  }
  const drawn = shown.map((line) => `${cut(line, columns)}${REST_OF_LINE}`)
  return `${TOP}${drawn.join('\n')}\n${REST_OF_SCREEN}`
}

/** For pipes: everything once more, each line with its time. */
function lines(latest: StatsLatestAnswer, { look }: Output): string {
  const at = clock(latest.hubTime, look.utc)
  const plain = (rows: string[][]) => tableLines(rows, (_, text) => text).map((line) => `${at}  ${line}\n`)
  return [...plain(hostRows(latest.hosts)), ...plain(instanceRows(latest))].join('')
}

function tableLines(rows: string[][], paint: Paint): string[] {
  return rows.length < 2 ? [] : table(rows, paint).trimEnd().split('\n')
}

function hostRows(hosts: StatsHostJson[]): string[][] {
  const rows = hosts.map(({ hostName, live, values }) => [
    name(hostName),
    live ? 'live' : 'silent',
    percentOf(values['cpu']),
    ofLimit(values['memory'], values['memoryLimit']),
    values['load1']?.toFixed(2) ?? '',
    pair(values['netRx'], values['netTx']),
    pair(values['diskRead'], values['diskWrite']),
    ofLimit(values['dockerUsed'], values['dockerTotal']),
    values['uptime'] === undefined ? '' : durationText(values['uptime'] * 1000)
  ])
  return [
    ['HOST', 'STATE', 'CPU', 'MEMORY', 'LOAD', 'NET IN/OUT', 'DISK R/W', 'DOCKER’S DISK', 'UP'],
    ...rows
  ]
}

function instanceRows({ instances, hubTime }: StatsLatestAnswer): string[][] {
  const rows = instances.map(({ app, environment, hostName, containerName, state, values, ...one }) => [
    name(app),
    name(environment),
    name(hostName),
    name(containerName),
    one.health ?? state,
    percentOf(values['cpu']),
    ofLimit(values['memory'], values['memoryLimit']),
    pair(values['netRx'], values['netTx']),
    pair(values['diskRead'], values['diskWrite']),
    values['pids']?.toFixed(0) ?? '',
    String(one.restarts ?? ''),
    one.started ? durationText(Date.parse(hubTime) - Date.parse(one.started)) : ''
  ])
  const head = ['APP', 'ENV', 'HOST', 'CONTAINER', 'STATE', 'CPU', 'MEMORY', 'NET IN/OUT', 'DISK R/W']
  return [[...head, 'PIDS', 'RESTARTS', 'UP'], ...rows]
}

/** As `docker stats`: 100 % is one core. */
function percentOf(cores: number | undefined): string {
  return cores === undefined ? '' : `${(cores * 100).toFixed(1)} %`
}

function ofLimit(used: number | undefined, limit: number | undefined): string {
  if (used === undefined) return ''
  const share = limit ? ` (${Math.round((used / limit) * 100)} %)` : ''
  return `${bytesText(Math.round(used))}${share}`
}

function pair(one: number | undefined, other: number | undefined): string {
  if (one === undefined || other === undefined) return ''
  return `${bytesText(Math.round(one))}/s ${bytesText(Math.round(other))}/s`
}

/** Names are what people wrote: they must not steer the terminal. Long ones are swarm's. */
function name(text: string): string {
  const safe = safeText(text, false)
  return safe.length > 32 ? `${safe.slice(0, 31)}…` : safe
}

/** To the width of the screen; colours take none of it. */
function cut(line: string, columns: number): string {
  let width = 0
  let kept = ''
  for (const piece of line.split(/(\u001b\[[\d;]*m)/)) {
    if (piece.startsWith('\u001b[')) kept += piece
    else {
      for (const character of piece) {
        width += widthOf(character)
        if (width <= columns) kept += character
      }
    }
  }
  return kept
}
