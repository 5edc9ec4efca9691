/** The folder of the agent's id and key. */
import { dirname, join } from 'node:path'
import type { Credentials } from '../enrolment.ts'
import { type Finding, fail, ok, warn } from './finding.ts'
import { type Machine, textOf } from './machine.ts'
import { whereNoState } from './ways-out.ts'

const CHECK = 'state folder'
const SMALL_BYTES = 100 * 1024 * 1024

const DIES = 'dies with this container, and the next one joins as another host'

/** True where the folder is part of the container that this runs in, and no volume. */
export function diesWithContainer(path: string, machine: Machine): boolean {
  if (!machine.inContainer) return false
  const places = textOf(machine, '/proc/self/mountinfo')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
  return !places.some((place) => place.length > 1 && (path === place || path.startsWith(`${place}/`)))
}

/** `credentials` is undefined where this host has not joined yet. */
export async function checkState(
  path: string,
  machine: Machine
): Promise<{ findings: Finding[]; credentials: Credentials | undefined }> {
  const there = nearest(path, machine)
  const running = await machine.answers(join(path, 'agent.lock'))
  const writable = mayWrite(there, machine)
  if (writable !== undefined && !running) {
    const remedy = whereNoState(path, machine)
    return {
      findings: [fail(CHECK, `${there} can't be written to: ${writable}`, remedy)],
      credentials: undefined
    }
  }
  const { credentials, damage } = readCredentials(join(path, 'agent.json'), machine)
  if (damage !== undefined) {
    const remedy = `remove ${join(path, 'agent.json')}, and the agent joins the hub as a new host`
    return { findings: [fail(CHECK, damage, remedy)], credentials }
  }
  const text = `${path} can be written to; ${credentials ? `this is host ${credentials.host}` : 'this host has not joined a hub yet'}${running ? '; an agent runs on it now' : ''}`
  const own = diesWithContainer(path, machine)
    ? warn(CHECK, `${path} ${DIES}`, whereNoState(path, machine))
    : ok(CHECK, text)
  return { findings: [own, space(there, machine)], credentials }
}

function space(path: string, machine: Machine): Finding {
  const freeBytes = machine.freeBytes(path)
  const text = `${Math.floor(freeBytes / 1024 ** 2)} MiB are free for the state`
  return freeBytes < SMALL_BYTES
    ? warn('disk', text, `free some space on the disk of ${path}`)
    : ok('disk', text)
}

/** The agent makes the folder; what counts until then is the first one above that exists. */
function nearest(path: string, machine: Machine): string {
  let there = path
  while (!machine.exists(there) && dirname(there) !== there) there = dirname(there)
  return there
}

function mayWrite(path: string, machine: Machine): string | undefined {
  try {
    machine.mayWrite(path)
    return undefined
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EROFS') return 'it is on a read-only file system'
    return code === 'EACCES' ? 'this user may not' : message
  }
}

function readCredentials(path: string, machine: Machine): { credentials?: Credentials; damage?: string } {
  if (!machine.exists(path)) return {}
  try {
    const { host, key } = JSON.parse(machine.read(path)) as Partial<Credentials>
    if (typeof host === 'string' && typeof key === 'string') return { credentials: { host, key } }
    return { damage: `${path} is damaged` }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return { damage: code ? `${path} can't be read: ${(error as Error).message}` : `${path} is damaged` }
  }
}
