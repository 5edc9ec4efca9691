/** The host's journal: only where units of it are asked for, or containers log to it. */
import { join } from 'node:path'
import type { Inspected } from '../docker/engine.ts'
import { counted, type Finding, ok, warn } from './finding.ts'
import type { Machine } from './machine.ts'

export interface JournalAsked {
  /** Units that the agent is to read; undefined: none. */
  units: string | undefined
  folder: string | undefined
  /** Where programs are looked for. */
  path: string
}

const CHECK = 'journal'
const USUAL = ['/var/log/journal', '/run/log/journal']

export function checkJournal(
  containers: readonly Inspected[],
  { units, folder, path }: JournalAsked,
  machine: Machine
): Finding[] {
  const there = [folder ?? USUAL].flat().find((one) => machine.exists(one))
  const logging = containers.filter(({ HostConfig }) => HostConfig.LogConfig.Type === 'journald').length
  const where = there === undefined ? 'is not to be seen from here' : `lies in ${there}`
  const ofContainers = ok(
    CHECK,
    `it ${where}; the engine is asked for what ${counted(logging, 'container')} wrote there`
  )
  const found = logging === 0 ? [] : [ofContainers]
  if (units === undefined) return found
  if (!path.split(':').some((one) => machine.exists(join(one, 'journalctl')))) {
    const remedy = machine.inContainer
      ? 'run the agent as a service of the host, or build the image on a base that has journalctl (Debian: the package systemd)'
      : 'install journalctl (Debian: the package systemd), or leave DRIFTLOG_JOURNAL_UNITS away'
    return [...found, warn(CHECK, `units of it are asked for (${units}), and journalctl is not here`, remedy)]
  }
  if (there === undefined) {
    const remedies = machine.inContainer
      ? [
          "add to the agent's container: -v /var/log/journal:/host/journal:ro -e DRIFTLOG_JOURNAL_DIR=/host/journal"
        ]
      : []
    return [...found, warn(CHECK, `units of it are asked for (${units}), and it ${where}`, ...remedies)]
  }
  return [...found, ok(CHECK, `it ${where}; read are ${units}`)]
}
