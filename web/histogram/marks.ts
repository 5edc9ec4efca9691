import { useEffect, useState } from 'react'
import type { InstanceJson, MoveJson } from '../../server/api/fleet.ts'
import type { Deploy } from '../../server/deploys/deploy.ts'
import { wasAborted } from '../api/client.ts'
import { deploysBetween } from '../deploys/ask-many.ts'
import { beganMs } from '../deploys/began.ts'
import { usePage, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'

/** Something that happened to an instance or an app, at its place over the histogram. */
export type Mark =
  | { kind: 'move'; ms: number; instance: string; move: MoveJson }
  | { kind: 'end'; ms: number; instance: string; ended: InstanceJson }
  | { kind: 'deploy'; ms: number; instance: ''; deploy: Deploy }

/** Marks that would overlap stand together. */
export interface MarkGroup {
  /** 0 … 1 of the range. */
  at: number
  marks: Mark[]
}

/** Deploys, moves, and ends with an exit code that is not 0 or for lack of memory, within a range of ms. */
export function useMarks(range: { fromMs: number; toMs: number } | undefined): Mark[] {
  const { client, search, fleet } = usePage()
  const { app, environment } = useView()
  const run = useStore(search, (asked) => asked.run)
  // A move that the live tail tells of changes the fleet.
  const apps = useStore(fleet, (known) => known.apps)
  const [marks, setMarks] = useState<Mark[]>([])
  const fromMs = range?.fromMs
  const toMs = range?.toMs

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again with every question and change of the fleet.
  useEffect(() => {
    if (fromMs === undefined || toMs === undefined) return
    const stop = new AbortController()
    const asked = { app, environment, from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() }
    // Where deploys can not be read the others are drawn all the same.
    const deploys = deploysBetween(client, { app, environment }, fromMs, toMs, stop.signal).catch(
      (): Deploy[] => []
    )
    Promise.all([client.moves(asked, stop.signal), client.instances(asked, stop.signal), deploys]).then(
      ([{ moves }, { instances }, known]) => setMarks(marksOf(moves, instances, known, fromMs, toMs)),
      (error: unknown) => {
        if (!wasAborted(error)) setMarks([])
      }
    )
    return () => stop.abort()
  }, [client, app, environment, fromMs, toMs, run, apps])
  return marks
}

export function marksOf(
  moves: readonly MoveJson[],
  instances: readonly InstanceJson[],
  deploys: readonly Deploy[],
  fromMs: number,
  toMs: number
): Mark[] {
  const within = (mark: Mark) => mark.ms >= fromMs && mark.ms < toMs
  const moved = moves.map(
    (move): Mark => ({ kind: 'move', ms: Date.parse(move.at), instance: move.toInstance, move })
  )
  const ended = instances
    .filter((known) => known.finished !== undefined && (known.oomKilled || (known.exitCode ?? 0) !== 0))
    .map(
      (known): Mark => ({
        kind: 'end',
        ms: Date.parse(known.finished ?? ''),
        instance: known.instance,
        ended: known
      })
    )
  const deployed = deploys.map(
    (deploy): Mark => ({ kind: 'deploy', ms: beganMs(deploy), instance: '', deploy })
  )
  return [...moved, ...ended, ...deployed].filter(within).sort((a, b) => a.ms - b.ms)
}

/** @param apart Smallest distance of two groups, as a part of the range. */
export function groupsOf(marks: readonly Mark[], fromMs: number, toMs: number, apart: number): MarkGroup[] {
  const groups: MarkGroup[] = []
  for (const mark of marks) {
    const at = (mark.ms - fromMs) / Math.max(1, toMs - fromMs)
    const last = groups.at(-1)
    if (last && at - last.at < apart) last.marks.push(mark)
    else groups.push({ at, marks: [mark] })
  }
  return groups
}
