/** The first tokens of a hub, kept as files beside its data for people and programs on this machine. */
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Access, Scope } from '../collector/access.ts'

const FIRST = { admin: ['admin'], read: ['read'], join: ['agent'] } as const satisfies Record<string, Scope[]>

/** `join` lets hosts enrol. */
export type Tokens = Record<keyof typeof FIRST, string>

/** Reads the tokens from `folder`, and issues those that are missing or were revoked. Files have mode 0600. */
export async function firstTokens(access: Access, folder: string): Promise<Tokens> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  return {
    admin: await tokenOf(access, folder, 'admin'),
    read: await tokenOf(access, folder, 'read'),
    join: await tokenOf(access, folder, 'join')
  }
}

async function tokenOf(access: Access, folder: string, name: keyof Tokens): Promise<string> {
  const file = join(folder, name)
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (kept !== '' && access.check(kept)) return kept
  const { token } = await access.issue({ name: `first ${name}`, scopes: FIRST[name] })
  // Renamed into place: a hub that is killed here leaves no half token behind.
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, `${token}\n`, { mode: 0o600, flag: 'wx' })
  await rename(draft, file)
  return token
}
