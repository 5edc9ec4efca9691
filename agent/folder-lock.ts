/**
 * One agent per folder. The lock is a listening unix socket: the kernel drops it with the process that holds
 * it, however that ends, and it works between containers that share the folder.
 */
import { closeSync, linkSync, openSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { AgentError } from './errors.ts'
import { pause } from './ship/backoff.ts'

export interface FolderLock {
  release(): Promise<void>
}

const NAME = 'agent.lock'
/** Two agents that clear away the same dead lock at the same moment see each other after this long. */
const SETTLE_MS = 50

export async function lockFolder(path: string): Promise<FolderLock> {
  // A socket's path may have 107 bytes; through a descriptor of the folder it is short.
  const fd = openSync(path, 'r')
  const folder = process.platform === 'linux' ? `/proc/self/fd/${fd}` : path
  const own = join(folder, `${NAME}.${process.pid}`)
  const lock = join(folder, NAME)
  const server = createServer((socket) => socket.end())
  server.unref()
  const release = async () => {
    if (inodeOf(lock) === inodeOf(own)) rmSync(lock, { force: true })
    rmSync(own, { force: true })
    await new Promise((resolve) => server.close(resolve))
    closeSync(fd)
  }
  try {
    rmSync(own, { force: true })
    await listen(server, own)
    while (!link(own, lock)) {
      if (await answers(lock)) throw locked(path)
      rmSync(lock, { force: true })
    }
    await pause(SETTLE_MS, new AbortController().signal)
    if (inodeOf(lock) !== inodeOf(own)) throw locked(path)
  } catch (error) {
    await release()
    throw error
  }
  return { release }
}

function locked(path: string): AgentError {
  const text = `another agent runs on the state folder ${path}: end it, or give this one a folder of its own with DRIFTLOG_STATE_DIR`
  return new AgentError('DRIFTLOG_STATE_LOCKED', text)
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(path, resolve)
  })
}

/** False where the name is taken. */
function link(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    const end = (alive: boolean) => {
      socket.destroy()
      resolve(alive)
    }
    socket.once('connect', () => end(true))
    socket.once('error', () => end(false))
  })
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}
