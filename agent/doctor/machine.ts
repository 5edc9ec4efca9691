/** What the doctor sees of the machine it runs on. Nothing here changes anything. */
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statfsSync
} from 'node:fs'
import { connect } from 'node:net'
import { totalmem } from 'node:os'
import { ownContainer } from '../facts.ts'

export interface Machine {
  /** Undefined where there are none (Windows). */
  uid: number | undefined
  /** This process has been put into a container. */
  inContainer: boolean
  memoryBytes: number
  /** Throws what Node throws. */
  read(path: string): string
  list(path: string): string[]
  /** Opens a file for reading and closes it. */
  open(path: string): void
  /** Throws where this user may not write there. */
  mayWrite(path: string): void
  exists(path: string): boolean
  freeBytes(path: string): number
  /** Whether somebody listens on this unix socket. */
  answers(path: string): Promise<boolean>
}

export function thisMachine(): Machine {
  return {
    uid: process.getuid?.(),
    inContainer:
      ownContainer() !== undefined || existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    memoryBytes: totalmem(),
    read: (path) => readFileSync(path, 'utf8'),
    list: (path) => readdirSync(path),
    open: (path) => closeSync(openSync(path, 'r')),
    mayWrite: (path) => accessSync(path, constants.W_OK | constants.X_OK),
    exists: (path) => existsSync(path),
    freeBytes: (path) => {
      const { bavail, bsize } = statfsSync(path)
      return bavail * bsize
    },
    answers: (path) =>
      new Promise((resolve) => {
        const socket = connect(path)
        const end = (alive: boolean) => {
          socket.destroy()
          resolve(alive)
        }
        socket.once('connect', () => end(true))
        socket.once('error', () => end(false))
      })
  }
}

/** '' where it can't be read. */
export function textOf(machine: Machine, path: string): string {
  try {
    return machine.read(path)
  } catch {
    return ''
  }
}

/** A number that is all of a small file; undefined where it is none ("max") or not there. */
export function numberIn(machine: Machine, path: string): number | undefined {
  const text = textOf(machine, path).trim()
  return /^\d+$/.test(text) ? Number(text) : undefined
}
