/**
 * The containers whose own log was read as files. Asked of the engine later on, because the files cannot be read any
 * more, their whole log would come again; so that is not done.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE = 'read-by-files'

export class ByFiles {
  readonly #path: string
  readonly #containers: Set<string>
  #there: boolean

  constructor(stateDir: string) {
    this.#path = join(stateDir, FILE)
    this.#there = existsSync(this.#path)
    const text = this.#there ? readFileSync(this.#path, 'utf8') : ''
    this.#containers = new Set(text.split('\n').filter((line) => line !== ''))
  }

  has(container: string): boolean {
    return this.#containers.has(container)
  }

  add(container: string): void {
    if (this.#containers.has(container)) return
    this.#containers.add(container)
    try {
      if (this.#there) appendFileSync(this.#path, `${container}\n`)
      else writeFileSync(this.#path, `${container}\n`, { mode: 0o600 })
      this.#there = true
    } catch {
      // A full disk: this run knows it at least.
    }
  }

  /** Forgets the containers that are gone. */
  keep(present: ReadonlySet<string>): void {
    const kept = [...this.#containers].filter((container) => present.has(container))
    if (kept.length === this.#containers.size) return
    this.#containers.clear()
    for (const container of kept) this.#containers.add(container)
    try {
      writeFileSync(this.#path, kept.map((container) => `${container}\n`).join(''), { mode: 0o600 })
    } catch {
      // The file says more than it needs to.
    }
  }
}
