/**
 * One process per data folder. The lock names its holder; a holder on this machine is looked up by pid and
 * start time, one elsewhere (a container with another host name) shows by touching the file that it lives.
 */
import { randomUUID } from 'node:crypto'
import { readFile, rename, stat, unlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { FolderLockedError } from './fault.ts'

const TOUCH_MS = 2000
/** A foreign lock untouched for this long is abandoned. */
const FOREIGN_WAIT_MS = 7000

interface Holder {
  pid: number
  /** Start of the process in clock ticks since boot, and the boot it belongs to; '' where the system has no /proc. */
  started: string
  host: string
  token: string
}

export interface Lock extends AsyncDisposable {
  /** True when the lock of a process that died was taken over. */
  takenOver: boolean
}

export async function lockFolder(
  path: string,
  folder: string,
  foreignWaitMs = FOREIGN_WAIT_MS
): Promise<Lock> {
  const own: Holder = {
    pid: process.pid,
    started: await startOf(process.pid),
    host: hostname(),
    token: randomUUID()
  }
  const text = `${JSON.stringify(own)}\n`
  let takenOver = false
  try {
    await writeFile(path, text, { flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    const holder = await holderOf(path)
    if (holder && (await lives(holder, path, foreignWaitMs)))
      throw new FolderLockedError(folder, holder.pid, holder.host)
    takenOver = true
    await writeFile(`${path}.${own.token}`, text)
    await rename(`${path}.${own.token}`, path)
    await sleep(20)
    const winner = await holderOf(path)
    if (winner?.token !== own.token) throw new FolderLockedError(folder, winner?.pid ?? 0, winner?.host ?? '')
  }
  const touching = setInterval(() => {
    const now = new Date()
    utimes(path, now, now).catch(() => undefined)
  }, TOUCH_MS)
  touching.unref()
  return {
    takenOver,
    async [Symbol.asyncDispose]() {
      clearInterval(touching)
      if ((await holderOf(path))?.token === own.token) await unlink(path)
    }
  }
}

async function holderOf(path: string): Promise<Holder | undefined> {
  try {
    const holder = JSON.parse(await readFile(path, 'utf8')) as Partial<Holder>
    const { pid = 0, started = '', host = '', token = '' } = holder
    return { pid, started, host, token }
  } catch {
    return undefined
  }
}

async function lives(holder: Holder, path: string, foreignWaitMs: number): Promise<boolean> {
  if (holder.host === hostname()) {
    if (holder.pid <= 0 || !exists(holder.pid)) return false
    const started = await startOf(holder.pid)
    return holder.started === '' || started === '' || started === holder.started
  }
  const before = await touchedMs(path)
  await sleep(foreignWaitMs)
  return (await touchedMs(path)) !== before
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

async function touchedMs(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.mtimeMs ?? 0
}

async function startOf(pid: number): Promise<string> {
  try {
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /s, '').split(' ')
    const boot = (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim()
    return `${boot}/${fields[19]}`
  } catch {
    return ''
  }
}
