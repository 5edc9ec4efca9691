/** Whether the containers' logs, and the files in their writable layers, can be read from here. */
import { join } from 'node:path'
import type { Inspected } from '../docker/engine.ts'
import type { LogAccess } from '../facts.ts'
import { counted, type Finding, fail, ok, warn } from './finding.ts'
import type { Machine } from './machine.ts'
import { mountOf, whereForbidden, whereNotThere } from './ways-out.ts'

export interface LogPlaces {
  /** Docker's data folder as the engine sees it. */
  rootDir: string
  containersDir: string | undefined
  logAccess: LogAccess
}

const CHECK = 'log files'

/** The folder, and in it the file of each container whose driver writes one. */
export function checkLogs(
  containers: readonly Inspected[],
  { rootDir, containersDir, logAccess }: LogPlaces,
  machine: Machine
): Finding {
  if (logAccess === 'api')
    return ok(CHECK, 'the engine is asked for all logs, as DRIFTLOG_LOG_ACCESS or DOCKER_HOST says')
  const folder = containersDir ?? join(rootDir, 'containers')
  try {
    machine.list(folder)
  } catch (error) {
    return problemWith(folder, error as Error, machine, logAccess)
  }
  const written = containers.filter(
    ({ HostConfig, State }) => HostConfig.LogConfig.Type === 'json-file' && State.StartedAt
  )
  for (const { Id, LogPath } of written) {
    const path = containersDir || !LogPath ? join(folder, Id, `${Id}-json.log`) : LogPath
    try {
      machine.open(path)
    } catch (error) {
      // Before its first start a container has no file.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        return problemWith(path, error as Error, machine, logAccess)
    }
  }
  return ok(CHECK, `${folder} can be read, with the logs of ${counted(written.length, 'container')}`)
}

/** Where the engine may be asked instead, nothing is missing; it only costs more and promises less. */
function problemWith(path: string, error: Error, machine: Machine, logAccess: LogAccess): Finding {
  const { code } = error as NodeJS.ErrnoException
  const tell = (text: string, ...remedies: string[]) => {
    if (logAccess === 'files') return fail(CHECK, text, ...remedies)
    return warn(
      CHECK,
      `${text}; the engine is asked for such logs, which costs more and promises less`,
      ...remedies
    )
  }
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return tell(`${path} is not there for this process`, whereNotThere(path, machine))
  }
  if (code === 'EACCES' || code === 'EPERM') {
    return tell(`${path} may not be read by this user`, whereForbidden(machine))
  }
  return fail(CHECK, `${path} can't be read: ${error.message}`)
}

const FILES = 'files in containers'
const LABEL = 'driftlog.files'

/** Only where a container asks for it by its label. */
export function checkFiles(containers: readonly Inspected[], machine: Machine): Finding[] {
  const asking = containers.filter(({ Config, State }) => Config.Labels?.[LABEL] && State.Running)
  if (asking.length === 0) return []
  const problems = new Map<string, Finding>()
  for (const found of asking) {
    const problem = layerProblem(found, machine)
    if (problem) problems.set(problem.remedies.join(), problem)
  }
  if (problems.size > 0) return [...problems.values()]
  return [ok(FILES, `the writable layers of ${counted(asking.length, 'container')} can be read`)]
}

interface Layered {
  GraphDriver?: { Data?: Record<string, string> | null } | null
}

function layerProblem(found: Inspected, machine: Machine): Finding | undefined {
  const upper = (found as Layered).GraphDriver?.Data?.['UpperDir']
  const name = found.Name.replace(/^\//, '')
  if (upper === undefined) {
    const pids = machine.inContainer
      ? "start the agent's container with: --pid host --cap-add SYS_PTRACE"
      : 'run the agent as root'
    return warn(
      FILES,
      `the engine does not say where the files of ${name} lie; they are read through its processes`,
      pids
    )
  }
  try {
    machine.list(upper)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const layers = upper.replace(/\/[^/]+\/diff$/, '')
    if (code === 'ENOENT')
      return warn(FILES, `${upper} of ${name} is not there for this process`, mountOf(layers))
    if (code === 'EACCES' || code === 'EPERM')
      return warn(FILES, `${upper} of ${name} may not be read by this user`, whereForbidden(machine))
    return warn(FILES, `${upper} of ${name} can't be read: ${message}`)
  }
}
