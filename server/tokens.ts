/** The first tokens of a hub, kept as files beside its data for people and programs on this machine. */
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Access, Scope } from '../collector/access.ts'
import { ConfigError } from './errors.ts'
import { writeSecret } from './secret-file.ts'

const FIRST = { admin: ['admin'], read: ['read'], join: ['agent'] } as const satisfies Record<string, Scope[]>

/** `join` lets hosts enrol. */
export type Tokens = Record<keyof typeof FIRST, string>

export interface TokenPlaces {
  folder: string
  /** Where `join` stands once more, for agents that see this file but not the folder. */
  joinFile?: string
}

/**
 * Reads the tokens from the folder, and issues those that are missing or were revoked. Files have mode 0600. One that is
 * revoked later is replaced at once, so that this machine is never left without.
 */
export async function firstTokens(access: Access, places: TokenPlaces, log?: TokensLog): Promise<Tokens> {
  const { folder, joinFile } = places
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const tokens: Tokens = {
    admin: await tokenOf(access, folder, 'admin'),
    read: await tokenOf(access, folder, 'read'),
    join: await tokenOf(access, folder, 'join')
  }
  if (joinFile !== undefined) await shareJoin(joinFile, tokens.join)
  access.onRevoked((id) => {
    for (const name of ['admin', 'read', 'join'] as const) {
      if (!tokens[name].includes(`_${id}_`)) continue
      const replace = async () => {
        tokens[name] = await tokenOf(access, folder, name)
        if (name === 'join' && joinFile !== undefined) await shareJoin(joinFile, tokens.join)
      }
      replace().then(
        () => log?.info({ folder, name }, 'a first token was revoked and replaced'),
        (err) => log?.warn({ err, folder, name }, 'a first token could not be replaced before the next start')
      )
    }
  })
  return tokens
}

type TokensLog = Pick<Logger, 'info' | 'warn'>

async function tokenOf(access: Access, folder: string, name: keyof Tokens): Promise<string> {
  const file = join(folder, name)
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim()
  if (kept !== '' && access.check(kept)) return kept
  const { token } = await access.issue({ name: `first ${name}`, scopes: FIRST[name] })
  await writeSecret(file, token)
  return token
}

async function shareJoin(file: string, token: string): Promise<void> {
  try {
    await writeSecret(file, token)
  } catch (error) {
    throw new ConfigError(
      `DRIFTLOG_JOIN_TOKEN_FILE="${file}" can't be written: ${(error as Error).message}. Name a file in a folder that this user may write to, or remove the variable.`
    )
  }
}

/** How programs on this machine know the hub's certificate. Without one there is no such file. */
export async function writeFingerprint(folder: string, fingerprint: string | undefined): Promise<void> {
  const file = join(folder, 'fingerprint')
  if (fingerprint === undefined) await rm(file, { force: true })
  else await writeSecret(file, fingerprint)
}
