/** Looks at everything that an agent needs on this host, and says what to do where it is not so. Changes nothing. */
import type { Config } from '../config.ts'
import type { ActingEngine } from '../docker/acting-engine.ts'
import { addressText } from '../docker/address.ts'
import type { Engine } from '../docker/engine.ts'
import type { Credentials } from '../enrolment.ts'
import { type FactsOptions, instanceOf, ownContainer } from '../facts.ts'
import type { InstanceFacts } from '../protocol.ts'
import { findCgroup } from '../stats/cgroup.ts'
import { checkControlGroups } from './control-groups.ts'
import { type Answered, checkEngine } from './engine.ts'
import { type Finding, fail } from './finding.ts'
import { checkHub } from './hub.ts'
import { checkJournal } from './journal.ts'
import { checkInotify, checkMemory, checkOpenFiles, checkRights } from './limits.ts'
import { checkFiles, checkLogs } from './logs.ts'
import type { Machine } from './machine.ts'
import { checkOrders } from './orders.ts'
import { checkState } from './state.ts'

export interface DoctorOptions {
  config: Config
  machine: Machine
  engine: Engine
  acting: Pick<ActingEngine, 'start'>
  /** What settings of a container can lose lines; grouped into findings by whoever knows them. */
  settings: (containers: InstanceFacts[]) => Promise<Finding[]>
}

/** So long a check may take; one that takes longer has found something, too. */
const PATIENCE_MS = 15_000

export async function* examine(options: DoctorOptions, signal: AbortSignal): AsyncGenerator<Finding> {
  const { config, machine, engine, acting, settings } = options
  const { containersDir, environment, logAccess, hostRoot, procDir, cgroupDir, stateDir } = config
  let answered: Answered | undefined
  let credentials: Credentials | undefined
  yield* await timed('engine', signal, async (until) => {
    const found = await checkEngine(engine, addressText(config.engine), machine, until)
    answered = found.answered
    return found.findings
  })
  yield checkRights(machine)
  if (answered) {
    const { rootDir } = answered.info
    const own = ownContainer()
    const containers = answered.containers.filter(({ Id }) => Id !== own)
    yield checkLogs(containers, { rootDir, containersDir, logAccess }, machine)
    const facts: FactsOptions = {
      environment,
      containersDir,
      logAccess,
      hostRoot,
      procDir,
      ownContainer: own
    }
    const instances = containers.map((found) => instanceOf(found, rootDir, facts))
    const asking = instances.flatMap(({ facts: { name, state }, files }) =>
      files && state === 'running' ? [{ name, files }] : []
    )
    yield* checkFiles(asking, hostRoot, machine)
    yield* await settings(instances.map((one) => one.facts))
    const find = (id: string, pid: number | undefined) => findCgroup(id, pid, { cgroupDir, procDir })
    const local = 'socketPath' in config.engine && config.statsIntervalMs > 0
    if (local) yield checkControlGroups(containers, { cgroupDir, find }, machine)
    const agent = answered.containers.find(({ Id }) => Id === own)
    yield* await timed('orders', signal, (until) =>
      checkOrders({ config, acting, own: agent }, machine, until)
    )
  }
  const { journalUnits: units, journalDir: folder } = config
  yield* checkJournal(answered?.containers ?? [], { units, folder, path: process.env['PATH'] ?? '' }, machine)
  yield* await timed('state folder', signal, async () => {
    const found = await checkState(stateDir, machine)
    credentials = found.credentials
    return found.findings
  })
  yield* await timed('hub', signal, (until) => checkHub(config, credentials, machine, until))
  const known = answered?.containers.length ?? 0
  yield checkOpenFiles(known, machine)
  yield checkInotify(known, machine)
  yield checkMemory(machine)
}

async function timed(
  check: string,
  signal: AbortSignal,
  look: (until: AbortSignal) => Promise<Finding[]>
): Promise<Finding[]> {
  const until = AbortSignal.any([signal, AbortSignal.timeout(PATIENCE_MS)])
  const late = new Promise<Finding[]>((resolve) => {
    const text = `no answer after ${PATIENCE_MS / 1000} s`
    until.addEventListener('abort', () => resolve([fail(check, text)]), { once: true })
  })
  return Promise.race([look(until), late])
}
