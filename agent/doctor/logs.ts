/** Whether the containers' logs, and files that they write inside, can be read from here. */
import { join } from 'node:path'
import type { Inspected } from '../docker/engine.ts'
import type { LogAccess } from '../facts.ts'
import type { FilesAsked } from '../sources/root.ts'
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

export interface Asking {
  name: string
  files: FilesAsked
}

/** Only where a container asks for it: where its files lie must be found, and be seen from here. */
export function checkFiles(asking: readonly Asking[], hostRoot: string, machine: Machine): Finding[] {
  if (asking.length === 0) return []
  const problems = new Map<string, Finding>()
  for (const one of asking) {
    for (const problem of problemsOf(one, hostRoot, machine)) {
      const alike = problem.remedies.join() || problem.text
      if (!problems.has(alike)) problems.set(alike, problem)
    }
  }
  if (problems.size > 0) return [...problems.values()]
  return [ok(FILES, `those of ${counted(asking.length, 'container')} can be read`)]
}

function problemsOf({ name, files }: Asking, hostRoot: string, machine: Machine): Finding[] {
  const { root, missing } = files.locate()
  const unknown = missing.map((text) => warn(FILES, `${name}: ${text}`))
  if (!root) return unknown
  const mounts = [...root.mounts].filter(([at]) => files.patterns.includes(at)).map(([, { host }]) => host)
  const unseen = [root.upper.host, ...mounts].flatMap((path) => {
    try {
      machine.list(path)
      return []
    } catch (error) {
      return unseenProblem(name, path, error as Error, hostRoot, machine)
    }
  })
  return [...unknown, ...unseen]
}

function unseenProblem(
  name: string,
  path: string,
  error: Error,
  hostRoot: string,
  machine: Machine
): Finding[] {
  const { code } = error as NodeJS.ErrnoException
  // A file that is mounted alone is no folder, and there.
  if (code === 'ENOTDIR') return []
  const all = path.slice(hostRoot.length).replace(/\/[^/]+\/(diff|_data)$/, '')
  if (code === 'ENOENT')
    return [warn(FILES, `${path} of ${name} is not there for this process`, mountOf(all, hostRoot))]
  if (code === 'EACCES' || code === 'EPERM')
    return [warn(FILES, `${path} of ${name} may not be read by this user`, whereForbidden(machine))]
  return [warn(FILES, `${path} of ${name} can't be read: ${error.message}`)]
}
