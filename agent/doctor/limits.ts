/** What the kernel and the container's settings allow this process: files, watches, memory. */
import { counted, type Finding, fail, ok, warn } from './finding.ts'
import { type Machine, numberIn, textOf } from './machine.ts'

/** A container's log, its rotated files, its folder, and files inside of it. */
const FILES_PER_CONTAINER = 8
/** Node's own, connections, libraries. */
const FILES_BESIDE = 64
/** Rotated files that are held at most (DRIFTLOG_HOLD_MAX_BYTES). */
const HELD_FILES = 2000
const WATCHES_PER_CONTAINER = 8
const WATCHES_BESIDE = 64
const INSTANCES = 16
const SMALL_MEMORY_BYTES = 96 * 1024 ** 2

export function checkOpenFiles(containers: number, machine: Machine): Finding {
  const check = 'open files'
  const hard = /^Max open files\s+\S+\s+(\S+)/m.exec(textOf(machine, '/proc/self/limits'))?.[1]
  if (hard === undefined) return ok(check, 'the limit is not known here')
  const limit = hard === 'unlimited' ? Number.POSITIVE_INFINITY : Number(hard)
  const needed = containers * FILES_PER_CONTAINER + FILES_BESIDE
  const text = `${hard} may be open; ${counted(containers, 'container')} may take ${needed}, and an outage of the hub up to ${HELD_FILES} more`
  const remedy = machine.inContainer
    ? "start the agent's container with: --ulimit nofile=65536"
    : 'raise it: LimitNOFILE=65536 in the service, or ulimit -n 65536'
  if (limit < needed) return fail(check, text, remedy)
  return limit < needed + HELD_FILES ? warn(check, text, remedy) : ok(check, text)
}

export function checkInotify(containers: number, machine: Machine): Finding {
  const check = 'inotify'
  const watches = numberIn(machine, '/proc/sys/fs/inotify/max_user_watches')
  const instances = numberIn(machine, '/proc/sys/fs/inotify/max_user_instances')
  if (watches === undefined || instances === undefined) return ok(check, 'the limits are not known here')
  const needed = containers * WATCHES_PER_CONTAINER + WATCHES_BESIDE
  const text = `${watches} folders may be watched by ${instances} programs of this user; about ${needed} folders are`
  if (watches < 2 * needed)
    return warn(
      check,
      `${text}. Without watches a quiet log is looked at every few seconds`,
      'sudo sysctl -w fs.inotify.max_user_watches=524288 (and in /etc/sysctl.d)'
    )
  if (instances < INSTANCES)
    return warn(check, text, 'sudo sysctl -w fs.inotify.max_user_instances=512 (and in /etc/sysctl.d)')
  return ok(check, text)
}

export function checkMemory(machine: Machine): Finding {
  const limits = ['/sys/fs/cgroup/memory.max', '/sys/fs/cgroup/memory/memory.limit_in_bytes']
  const own = machine.inContainer
    ? limits.map((path) => numberIn(machine, path)).find((limit) => limit !== undefined)
    : undefined
  const limited = own !== undefined && own < machine.memoryBytes
  const bytes = limited ? own : machine.memoryBytes
  const text = `${Math.round(bytes / 1024 ** 2)} MiB ${limited ? 'are what this container may use' : 'are in this machine'}`
  if (bytes >= SMALL_MEMORY_BYTES) return ok('memory', text)
  return warn(
    'memory',
    `${text}; an agent needs 50 to 90 MiB`,
    limited
      ? "start the agent's container with: --memory 256m"
      : 'an agent is too much for so small a machine'
  )
}

/** Capabilities by their numbers in the kernel's capability.h. */
const DAC_OVERRIDE = 1n
const DAC_READ_SEARCH = 2n

export function checkRights(machine: Machine): Finding {
  const check = 'rights'
  const bits = /^CapEff:\s*([0-9a-f]+)/m.exec(textOf(machine, '/proc/self/status'))?.[1]
  if (bits === undefined) return ok(check, 'they are not known here')
  const has = (capability: bigint) => ((BigInt(`0x${bits}`) >> capability) & 1n) === 1n
  const reads = has(DAC_READ_SEARCH) || has(DAC_OVERRIDE)
  const who = machine.uid === 0 ? 'root' : `user ${machine.uid}`
  if (reads) return ok(check, `${who}, who may read every file`)
  const remedy = machine.inContainer
    ? "start the agent's container with: --user 0:0 --cap-add DAC_READ_SEARCH"
    : 'run the agent as root, or as a service with AmbientCapabilities=CAP_DAC_READ_SEARCH'
  return warn(
    check,
    `${who}, without the right to read what belongs to others: files inside containers may stay closed`,
    remedy
  )
}
