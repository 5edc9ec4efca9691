/**
 * Secrets of triggers. Products sign with them, so the hub needs them as they are when it checks; none is kept. Each is made
 * anew, from a key of this state and a random word of the trigger: whoever has both can make it, whoever has one of
 * them can't. Another word is another secret.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { StateStore } from '../../../collector/store/state.ts'

const KEY = 'hook-key'
const KEY_BYTES = 32
const WORD_BYTES = 16
/** What Standard Webhooks, and so GitLab, expects in front of a key. */
const PREFIX = 'whsec_'

export class Secrets {
  readonly #key: Buffer

  private constructor(key: Buffer) {
    this.#key = key
  }

  static async open(state: StateStore): Promise<Secrets> {
    const kept = await state.update<string>(KEY, (old) => old ?? randomBytes(KEY_BYTES).toString('base64'))
    return new Secrets(Buffer.from(kept ?? '', 'base64'))
  }

  newWord(): string {
    return randomBytes(WORD_BYTES).toString('hex')
  }

  of({ name, word }: { name: string; word: string }): string {
    return PREFIX + createHmac('sha256', this.#key).update(`hook/${name}/${word}`).digest('base64')
  }
}

/** The bytes by which Standard Webhooks signs: what stands behind the prefix; any other text counts as it is. */
export function signingKey(secret: string): Buffer {
  return secret.startsWith(PREFIX)
    ? Buffer.from(secret.slice(PREFIX.length), 'base64')
    : Buffer.from(secret, 'utf8')
}

/** By Standard Webhooks: `v1,<base64>`. */
export function standardSignature(
  secret: string,
  id: string,
  timestamp: string,
  body: string | Uint8Array
): string {
  const mac = createHmac('sha256', signingKey(secret)).update(`${id}.${timestamp}.`).update(body)
  return `v1,${mac.digest('base64')}`
}

/** In a time that says nothing of where they differ, nor of how long the right one is. */
export function same(shown: string, right: string): boolean {
  const [a, b] = [shown, right].map((text) => createHash('sha256').update(text).digest())
  return a !== undefined && b !== undefined && timingSafeEqual(a, b)
}
