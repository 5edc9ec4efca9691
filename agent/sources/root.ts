/** Where on the host lies what a container sees at its paths. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Inspected } from '../docker/engine.ts'
import { deviceOf, readMounts } from './mountinfo.ts'

export interface Root {
  /** What the container wrote lies in this folder of the host. */
  upper: Area
  /** Folders of its image, uppermost first: only asked where a link leads. */
  lowers: readonly string[]
  /** Other folders and files of the host that the container sees. */
  mounts: ReadonlyMap<string, Area>
}

export interface Area {
  /** A folder, or a mounted file, as this process sees it. */
  host: string
  /** All of it lies on this device. Set where only a running process leads to it, and not a path of the host. */
  dev: number | undefined
}

export interface HostView {
  /** Where the host's root is for this process; '' where it is its own. */
  hostRoot: string
  /** Where the host's /proc is. */
  procDir: string
  /** Docker's data folder as the engine sees it. */
  rootDir: string
}

export interface Located {
  /** Undefined where nothing of the container can be found. */
  root: Root | undefined
  /** What can't be found, and the way out. */
  missing: string[]
}

/** Which files of an instance are asked for, and where they lie. */
export interface FilesAsked {
  patterns: string
  /** Who has asked: the label, say. */
  by: string
  locate: () => Located
}

export function locate(found: Inspected, view: HostView): Located {
  const process = ownProcess(found, view)
  const upper = writtenIn(found, view, process)
  const missing: string[] = []
  const mounts = new Map<string, Area>()
  for (const { destination, source } of mountsOf(found)) {
    const area = source ? { host: view.hostRoot + source, dev: undefined } : process?.mounted(destination)
    // A container that does not run has no files in memory either.
    if (area) mounts.set(destination, area)
    else if (found.State.Running) missing.push(`${destination} is in memory: ${NEEDS_PROC}`)
  }
  if (!upper) {
    if (found.State.Running) missing.push(`what it wrote can't be found: ${NEEDS_PROC}`)
    return { root: undefined, missing }
  }
  return { root: { ...upper, mounts }, missing }
}

const NEEDS_PROC =
  'run the agent as root with the host’s processes in sight (--pid host, or DRIFTLOG_PROC_DIR)'

/** The engine says it, or the container's process. */
function writtenIn(
  { Id, GraphDriver }: Inspected,
  { hostRoot, rootDir }: HostView,
  process: Process | undefined
): Pick<Root, 'upper' | 'lowers'> | undefined {
  const { Name: driver, Data: data } = GraphDriver ?? {}
  if (data?.['UpperDir']) {
    const lowers = (data['LowerDir'] ?? '').split(':').filter((folder) => folder.startsWith('/'))
    return {
      upper: { host: hostRoot + data['UpperDir'], dev: undefined },
      lowers: lowers.map((folder) => hostRoot + folder)
    }
  }
  if (driver === 'vfs') {
    const layer = textOf(join(hostRoot + rootDir, 'image/vfs/layerdb/mounts', Id, 'mount-id')).trim()
    if (/^[0-9a-f]{64}$/.test(layer)) {
      return {
        upper: { host: join(hostRoot + rootDir, 'vfs/dir', layer), dev: undefined },
        lowers: []
      }
    }
  }
  return process?.root(hostRoot)
}

interface Process {
  root(hostRoot: string): Pick<Root, 'upper' | 'lowers'> | undefined
  mounted(at: string): Area | undefined
}

/** The container's first process, unless its number is another process's by now. */
function ownProcess({ Id, State }: Inspected, { procDir }: HostView): Process | undefined {
  if (!State.Pid) return undefined
  const folder = join(procDir, String(State.Pid))
  if (!textOf(join(folder, 'cgroup')).includes(Id)) return undefined
  const mounts = readMounts(textOf(join(folder, 'mountinfo')))
  const area = (at: string): Area | undefined => {
    const mount = mounts.findLast((one) => one.at === at)
    return mount && { host: join(folder, 'root', at === '/' ? '' : at), dev: deviceOf(mount) }
  }
  return {
    mounted: area,
    root(hostRoot) {
      const { upper, lowers } = mounts.findLast(({ at }) => at === '/') ?? {}
      if (upper) {
        return {
          upper: { host: hostRoot + upper, dev: undefined },
          lowers: (lowers ?? []).map((lower) => hostRoot + lower)
        }
      }
      const own = area('/')
      return own && { upper: own, lowers: [] }
    }
  }
}

function mountsOf({ Mounts, HostConfig }: Inspected): { destination: string; source: string | undefined }[] {
  const told = (Mounts ?? []).map(({ Type, Source, Destination }) => ({
    destination: plain(Destination),
    source: Type !== 'tmpfs' && Source?.startsWith('/') ? Source : undefined
  }))
  const inMemory = Object.keys(HostConfig.Tmpfs ?? {}).map((at) => ({
    destination: plain(at),
    source: undefined
  }))
  return [...told, ...inMemory].filter(({ destination }) => destination.startsWith('/'))
}

function plain(path: string): string {
  return path.length > 1 ? path.replace(/\/+$/, '') : path
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
