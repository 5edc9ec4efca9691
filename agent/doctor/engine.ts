/** Whether the engine answers, and what containers it has. */
import type { Engine, EngineInfo, Inspected } from '../docker/engine.ts'
import { counted, type Finding, fail, ok, warn } from './finding.ts'
import type { Machine } from './machine.ts'
import { SOCKET_REASONS, whereNoEngine } from './ways-out.ts'

export interface Answered {
  info: EngineInfo
  containers: Inspected[]
}

/** More of them say nothing new about settings and rights. */
const MAX_CONTAINERS = 500
const AT_ONCE = 8
/** The first with all that the agent asks for: one-shot stats (API 1.41). */
const OLDEST_MAJOR = 20

/** Undefined where the engine does not answer; the findings say why. */
export async function checkEngine(
  engine: Engine,
  address: string,
  machine: Machine,
  signal: AbortSignal
): Promise<{ findings: Finding[]; answered: Answered | undefined }> {
  try {
    const info = await engine.info(signal)
    const listed = await engine.list(signal)
    const containers: Inspected[] = []
    for (let from = 0; from < Math.min(listed.length, MAX_CONTAINERS); from += AT_ONCE) {
      const some = listed.slice(from, Math.min(from + AT_ONCE, MAX_CONTAINERS))
      const found = await Promise.all(some.map(({ id }) => engine.inspect(id, signal)))
      for (const one of found) if (one) containers.push(one)
    }
    return { findings: [engineFinding(info, address, listed.length)], answered: { info, containers } }
  } catch (error) {
    return { findings: [noEngine(error as Error, address, machine)], answered: undefined }
  }
}

function engineFinding({ name, version }: EngineInfo, address: string, containers: number): Finding {
  const text = `${name || 'an engine'}, version ${version || 'unknown'}, answers at ${address}; it has ${counted(containers, 'container')}`
  const major = Number.parseInt(version, 10)
  if (Number.isNaN(major) || major >= OLDEST_MAJOR || /podman/i.test(name)) return ok('engine', text)
  return warn(
    'engine',
    `${text}. It is older than the engines that Driftlog is tested with`,
    `update Docker to ${OLDEST_MAJOR}.10 or newer`
  )
}

function noEngine(error: Error, address: string, machine: Machine): Finding {
  const code = 'code' in error ? String(error.code) : ''
  const reason = SOCKET_REASONS[code] ?? error.message
  return fail(
    'engine',
    `no Docker Engine answers at ${address}: ${reason}`,
    ...whereNoEngine(address, code, machine)
  )
}
