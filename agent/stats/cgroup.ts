/** Finds the control groups of a container, of either version. */
import { existsSync, readdirSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { type CgroupFolders, readCgroupV1 } from './cgroup-v1.ts'
import { readCgroupV2 } from './cgroup-v2.ts'
import type { Reading } from './reading.ts'
import { readSmallFile } from './small-file.ts'

export type Cgroup = { kind: 'v1'; folders: CgroupFolders } | { kind: 'v2'; folder: string }

export interface CgroupPlaces {
  /** Where the control groups are mounted. */
  cgroupDir: string
  procDir: string
}

const CONTROLLERS = ['cpu', 'cpuacct', 'memory', 'pids', 'blkio'] as const

/** Undefined where they are not to be seen from here: the engine is asked then. */
export function findCgroup(
  container: string,
  pid: number | undefined,
  { cgroupDir, procDir }: CgroupPlaces
): Cgroup | undefined {
  const told = pid === undefined ? undefined : readSmallFile(join(procDir, String(pid), 'cgroup'))
  const usual = [`system.slice/docker-${container}.scope`, `docker/${container}`]
  if (existsSync(join(cgroupDir, 'cgroup.controllers'))) {
    const own = placesIn(told, (controllers) => controllers === '', container)
    const folder = [...own, ...usual]
      .map((place) => join(cgroupDir, place))
      .find((path) => existsSync(join(path, 'cpu.stat')))
    return folder === undefined ? undefined : { kind: 'v2', folder }
  }
  const mounted = foldersOf(cgroupDir)
  const folders: CgroupFolders = {}
  for (const controller of CONTROLLERS) {
    const mount = mounted.find((name) => name.split(',').includes(controller))
    if (mount === undefined) continue
    const own = placesIn(told, (controllers) => controllers.split(',').includes(controller), container)
    const folder = [...own, ...usual]
      .map((place) => join(cgroupDir, mount, place))
      .find((path) => existsSync(path))
    if (folder !== undefined) folders[controller] = folder
  }
  const readable = folders.cpuacct !== undefined || folders.memory !== undefined
  return readable ? { kind: 'v1', folders } : undefined
}

export function readCgroup(cgroup: Cgroup, hostMemoryBytes: number | undefined): Reading | undefined {
  return cgroup.kind === 'v2'
    ? readCgroupV2(cgroup.folder, hostMemoryBytes)
    : readCgroupV1(cgroup.folders, hostMemoryBytes)
}

/**
 * `/proc/<pid>/cgroup` has lines `number:controllers:path`. Where the reader is in a cgroup namespace of its own the
 * paths begin with `/..`: relative to its own place, which is somewhere below the mount; what follows is right then.
 * Only a path that names the container counts: the number of a process that ended is given to another.
 */
function placesIn(
  told: string | undefined,
  wanted: (controllers: string) => boolean,
  container: string
): string[] {
  const places: string[] = []
  for (const line of (told ?? '').split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):\/(.+)$/.exec(line) ?? []
    if (controllers === undefined || path === undefined || !wanted(controllers)) continue
    const place = normalize(path).replace(/^(\.\.\/)+/, '')
    if (place.includes(container)) places.push(upTo(place, container))
  }
  return places
}

/** Processes that the container put into groups of its own stand below; the container's own group counts. */
function upTo(place: string, container: string): string {
  const parts = place.split('/')
  return parts.slice(0, parts.findIndex((part) => part.includes(container)) + 1).join('/')
}

function foldersOf(path: string): string[] {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}
