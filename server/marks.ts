/** What happened to apps that people should see beside their numbers. */
import { createHash } from 'node:crypto'
import type { Fleet, FleetMove } from '../collector/fleet/fleet.ts'

export interface Mark {
  /** The same for ever, also after a restart; letters, digits and hyphens. */
  id: string
  kind: 'move' | 'deploy'
  atMs: number
  /** Absent where it has no duration. */
  endMs?: number
  app: string
  environment: string
  /** Names of the hosts that have to do with it. */
  hosts?: readonly string[]
  /** A sentence for people. */
  text: string
}

/** Marks at or after `sinceMs`. What may still change, or is not over, is not among them yet. */
export type MarkSource = (sinceMs: number) => readonly Mark[] | Promise<readonly Mark[]>

/** Agents that were cut off for a moment tell what they saw within this time, and a move may turn out to be none. */
export const SETTLED_MS = 30_000

/** Of all sources, oldest first. */
export async function marksSince(sources: readonly MarkSource[], sinceMs: number): Promise<Mark[]> {
  const lists = await Promise.all(sources.map((source) => source(sinceMs)))
  return lists.flat().sort((a, b) => a.atMs - b.atMs || (a.id < b.id ? -1 : 1))
}

/** The fleet's moves, but for those of played hosts. */
export function moveMarks(fleet: Pick<Fleet, 'moves' | 'host'>, nowMs: () => number): MarkSource {
  return (sinceMs) =>
    fleet
      .moves({ fromMs: sinceMs, toMs: nowMs() - SETTLED_MS })
      .filter(({ toHost }) => fleet.host(toHost)?.pretended !== true)
      .map(markOf)
}

function markOf(move: FleetMove): Mark {
  const { app, environment, atMs, fromHostName, toHostName } = move
  return {
    ...{ id: idOf(move), kind: 'move', atMs, app, environment },
    hosts: [...new Set([fromHostName, toHostName])],
    text: sentenceOf(move)
  }
}

/** By where it went: where it came from may be found out better later. */
function idOf({ toInstance, atMs }: FleetMove): string {
  return createHash('sha256').update(`move/${toInstance}/${atMs}`).digest('hex').slice(0, 16)
}

function sentenceOf(move: FleetMove): string {
  const { app, fromHostName, toHostName, awayMs, exitCode, oomKilled, sameImage } = move
  const seconds = Math.round(Math.abs(awayMs) / 1000)
  const parts = [
    `${app} moved from ${fromHostName} to ${toHostName}`,
    awayMs < 0 ? `both ran for ${seconds} s` : `away for ${seconds} s`,
    ...(oomKilled === true ? ['out of memory'] : []),
    ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]),
    ...(sameImage ? [] : ['with another image'])
  ]
  return parts.join(', ')
}
