/** A machine as a test describes it: files by path, a folder by its names, an error by its code. */
import type { Machine } from '../../../agent/doctor/machine.ts'

export interface Described {
  files?: Record<string, string | string[] | { code: string }>
  uid?: number
  inContainer?: boolean
  memoryBytes?: number
  freeBytes?: number
  readOnly?: string
  running?: boolean
}

export function machineWith(described: Described = {}): Machine {
  const { files = {}, uid = 0, inContainer = false, memoryBytes = 8 * 1024 ** 3 } = described
  const at = (path: string) => {
    const there = files[path]
    const code =
      there === undefined ? 'ENOENT' : typeof there === 'object' && 'code' in there ? there.code : undefined
    if (code !== undefined) throw Object.assign(new Error(`${code}: ${path}`), { code })
    return there
  }
  return {
    uid,
    inContainer,
    memoryBytes,
    read: (path) => String(at(path)),
    list: (path) => [at(path)].flat() as string[],
    open: (path) => void at(path),
    mayWrite: (path) => {
      const code = described.readOnly
      if (code !== undefined) throw Object.assign(new Error(`${code}: ${path}`), { code })
    },
    exists: (path) => path === '/' || files[path] !== undefined,
    freeBytes: () => described.freeBytes ?? 10 * 1024 ** 3,
    answers: async () => described.running ?? false
  }
}
