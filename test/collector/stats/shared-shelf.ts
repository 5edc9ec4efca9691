/** A shelf in memory that several hubs share. */
import { MemoryShelf, type Put } from '../../../collector/stats/shelf.ts'

export class SharedShelf extends MemoryShelf {
  override readonly isShared = true
  readonly #log: string[] = []

  override async write(puts: readonly Put[], deletes: readonly string[]): Promise<void> {
    await super.write(puts, deletes)
    this.#log.push(...puts.map(([key]) => key))
  }

  override async replace(
    key: string,
    value: Buffer,
    version: string | undefined
  ): Promise<string | undefined> {
    const replaced = await super.replace(key, value, version)
    if (replaced !== undefined) this.#log.push(key)
    return replaced
  }

  override async changes(since: string | undefined): Promise<{ keys: string[]; place: string }> {
    const place = String(this.#log.length)
    const changed = [...new Set(this.#log.slice(Number(since ?? 0)))]
    const values = await this.read(changed)
    return { keys: changed.filter((key, i) => values[i] && /^[jp]/.test(key)), place }
  }
}
