import { randomBytes } from 'node:crypto'
import { rename, writeFile } from 'node:fs/promises'

/** One line, for its owner alone. Renamed into place: whoever is killed here leaves no half secret behind. */
export async function writeSecret(file: string, secret: string): Promise<void> {
  const draft = `${file}.${randomBytes(4).toString('hex')}`
  await writeFile(draft, `${secret}\n`, { mode: 0o600, flag: 'wx' })
  await rename(draft, file)
}
