/** Copies a shelf that nobody writes to into another one; what was copied is not changed by copying it again. */
import type { Put, Shelf } from './shelf.ts'
import { TIERS } from './tiers.ts'

export interface Copied {
  /** Blocks, of both copies where it was done twice. */
  blocks: number
  /** Hosts of which the other shelf has taken samples itself: then nothing is copied, as seals would be mistaken. */
  taken: string[]
}

const AT_ONCE = 200

export async function copyShelf(from: Shelf, to: Shelf, signal: AbortSignal): Promise<Copied> {
  const records: Put[] = []
  const taken: string[] = []
  for await (const [key, value] of all(from, 'p', signal)) {
    const there = await to.record(key)
    if (!there) records.push([key, value])
    else if (!value.equals(there.value)) taken.push(key.slice(2))
  }
  if (taken.length > 0) return { blocks: 0, taken }
  // First of all, so that a hub that starts in between goes on with the numbers of the seals that are in the blocks.
  for (const [key, value] of records) await to.replace(key, value, undefined)
  let puts: Put[] = []
  for await (const put of all(from, 'j', signal)) {
    puts.push(put)
    if (puts.length === AT_ONCE) await to.write(puts.splice(0), [])
  }
  await to.write(puts, [])
  puts = []
  let blocks = 0
  for (const { letter } of TIERS) {
    for await (const put of all(from, letter, signal)) {
      blocks++
      puts.push(put)
      if (puts.length === AT_ONCE) await to.writeBlocks(puts.splice(0))
    }
  }
  await to.writeBlocks(puts)
  return { blocks, taken }
}

async function* all(shelf: Shelf, letter: string, signal: AbortSignal): AsyncGenerator<[string, Buffer]> {
  for (let after = `${letter}/`; ; ) {
    signal.throwIfAborted()
    const keys = await shelf.keys(after, `${letter}0`, AT_ONCE)
    const values = await shelf.read(keys)
    for (const [i, key] of keys.entries()) {
      const value = values[i]
      if (value) yield [key, Buffer.from(value)]
    }
    const last = keys.at(-1)
    if (keys.length < AT_ONCE || last === undefined) return
    after = `${last}\0`
  }
}
