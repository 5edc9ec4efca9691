/** What to do where something can't be reached: the same words from the doctor, the agent's log and `driftlog up`. */

import { isAbsolute } from 'node:path'

const REMOTE =
  'let the engine listen there, or set DOCKER_HOST, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH as your docker command has them'

/** Whoever is to be helped. */
export interface Standing {
  uid: number | undefined
  inContainer: boolean
}

/** The agent runs where this path of the host is not; it looks for it below `hostRoot`. */
export function mountOf(path: string, hostRoot = ''): string {
  return `add to the agent's container: -v ${path}:${hostRoot}${path}:ro`
}

/** A folder of Docker's is not to be seen. */
export function whereNotThere(path: string, { inContainer }: Standing): string {
  const elsewhere = 'set DRIFTLOG_CONTAINERS_DIR to where the engine keeps its containers folder'
  return inContainer ? `${mountOf(path)}, or ${elsewhere}` : elsewhere
}

/** A folder or file of Docker's may not be read. Root without capabilities owns most of it, but not all. */
export function whereForbidden({ uid, inContainer }: Standing): string {
  if (inContainer) return "start the agent's container with: --user 0:0 --cap-add DAC_READ_SEARCH"
  return uid === 0
    ? 'let the agent keep the capability CAP_DAC_READ_SEARCH'
    : 'run the agent as root, or as a service with AmbientCapabilities=CAP_DAC_READ_SEARCH'
}

/** The state folder can't be used, or won't last. */
export function whereNoState(path: string, { inContainer }: Standing): string {
  const elsewhere = 'set DRIFTLOG_STATE_DIR to a folder that this user may write to'
  return inContainer
    ? `give the agent's container a volume: -v driftlog-agent:${path}, or ${elsewhere}`
    : elsewhere
}

/** The engine's socket, or where it is elsewhere, does not let us in; `code` is Node's. The likely way out comes first. */
export function whereNoEngine(path: string, code: string, { inContainer }: Standing): string[] {
  if (!isAbsolute(path)) return [REMOTE]
  const elsewhere = 'elsewhere: DRIFTLOG_DOCKER_SOCKET=/path/of/docker.sock'
  const forbidden = code === 'EACCES' || code === 'EPERM'
  const missing = 'not installed: https://docs.docker.com/engine/install/'
  if (inContainer) {
    const group = `--group-add $(stat -c %g ${path})`
    const inside = `start the agent's container with: --user 0:0, or ${group} on the host for the group of its socket`
    return forbidden ? [inside, elsewhere] : [mountOf(path), missing, elsewhere]
  }
  const hints = [
    missing,
    'not running: sudo systemctl start docker',
    'no permission: start Driftlog with sudo'
  ]
  const absent = code === 'ENOENT' || code === 'ENOTDIR'
  const likely = hints.splice(forbidden ? 2 : absent ? 0 : 1, 1)
  return [...likely, ...hints, elsewhere]
}

/** What Node's error code of a socket means. */
export const SOCKET_REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  ECONNREFUSED: 'nothing listens there',
  EACCES: 'this user may not use it',
  EPERM: 'this user may not use it',
  ETIMEDOUT: 'it does not answer in time'
}
