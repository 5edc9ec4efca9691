/** Where the stats of containers come from: control groups, or else the engine. */
import type { Inspected } from '../docker/engine.ts'
import type { Cgroup } from '../stats/cgroup.ts'
import { counted, type Finding, ok, warn } from './finding.ts'
import type { Machine } from './machine.ts'

export interface GroupsAsked {
  cgroupDir: string
  /** Undefined where the groups of the container are not to be seen from here. */
  find: (container: string, pid: number | undefined) => Cgroup | undefined
}

const CHECK = 'control groups'

export function checkControlGroups(
  containers: readonly Inspected[],
  { cgroupDir, find }: GroupsAsked,
  machine: Machine
): Finding {
  const running = containers.filter(({ State }) => State.Running)
  if (running.length === 0) return ok(CHECK, 'no container runs that could be looked for')
  const seen = running.map(({ Id, State }) => find(Id, State.Pid)).filter((group) => group !== undefined)
  const version = seen[0]?.kind ?? 'not to be seen'
  if (seen.length === running.length) {
    return ok(CHECK, `${version}; those of ${counted(seen.length, 'container')} can be read in ${cgroupDir}`)
  }
  const unseen = counted(running.length - seen.length, 'container')
  const text = `figures of ${unseen} are asked of the engine, which costs more: their groups are not in ${cgroupDir}`
  if (!machine.inContainer) return warn(CHECK, text)
  return warn(
    CHECK,
    text,
    "add to the agent's container: -v /sys/fs/cgroup:/host/cgroup:ro -e DRIFTLOG_CGROUP_DIR=/host/cgroup"
  )
}
