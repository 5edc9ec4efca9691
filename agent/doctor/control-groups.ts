/** Where the stats of containers come from: control groups, or else the engine. */
import type { Inspected } from '../docker/engine.ts'
import { counted, type Finding, ok, warn } from './finding.ts'
import type { Machine } from './machine.ts'

const MOUNT = '/sys/fs/cgroup'

export function checkControlGroups(containers: readonly Inspected[], machine: Machine): Finding {
  const check = 'control groups'
  const version = machine.exists(`${MOUNT}/cgroup.controllers`) ? 2 : 1
  if (version === 1 && !machine.exists(`${MOUNT}/memory`) && !machine.exists(`${MOUNT}/cpuacct`)) {
    return warn(
      check,
      `there are none at ${MOUNT}: figures of containers are asked of the engine, which costs more`,
      `mount them: -v ${MOUNT}:${MOUNT}:ro`
    )
  }
  const running = containers.find(({ State }) => State.Running)
  if (!running) return ok(check, `version ${version}; no container runs that could be looked for`)
  const folders = version === 2 ? [MOUNT] : [`${MOUNT}/memory`, `${MOUNT}/cpuacct`]
  const usual = [`system.slice/docker-${running.Id}.scope`, `docker/${running.Id}`]
  const seen = folders.some((folder) => usual.some((place) => machine.exists(`${folder}/${place}`)))
  if (seen) return ok(check, `version ${version}; those of the containers can be read`)
  const name = running.Name.replace(/^\//, '')
  const remedies = machine.inContainer
    ? [`add to the agent's container: -v ${MOUNT}:${MOUNT}:ro --cgroupns host`]
    : []
  return warn(
    check,
    `version ${version}, but not that of ${name}: its figures are asked of the engine, which costs more`,
    ...remedies
  )
}

/** Only where a container logs to the journal; the engine reads it for the agent. */
export function checkJournal(containers: readonly Inspected[], machine: Machine): Finding[] {
  const logging = containers.filter(({ HostConfig }) => HostConfig.LogConfig.Type === 'journald').length
  if (logging === 0) return []
  const folder = ['/var/log/journal', '/run/log/journal'].find((path) => machine.exists(path))
  const seen = folder === undefined ? 'is not to be seen from here' : `lies in ${folder}`
  const text = `it ${seen}; the engine is asked for what ${counted(logging, 'container')} wrote there`
  return [ok('journal', text)]
}
