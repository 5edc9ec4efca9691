/** Positions up to a journal, also when the newest positions file is damaged. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Origin } from '../../record.ts'
import { CorruptError } from './fault.ts'
import { type Folder, journalOf } from './folder.ts'
import { FILE_HEAD, readAligned, readFrames } from './frame.ts'
import { Positions, type PositionsRead, readPositions } from './positions.ts'

export interface RecoveredPositions extends PositionsRead {
  /** Why the newest file could not be used, where it could not. */
  damage?: CorruptError
}

/**
 * Reads `positions.json`; where it is damaged, goes on from the one before with the sealed journals that are
 * still there, up to journal `before`. Throws CorruptError where neither is enough.
 */
export function recoverPositions(
  folder: Folder,
  origins: readonly (Origin | undefined)[],
  before: number
): RecoveredPositions {
  try {
    return readPositions(folder.positions) ?? { positions: new Positions(), through: -1 }
  } catch (error) {
    if (!(error instanceof CorruptError)) throw error
    const old = readPositions(`${folder.positions}.old`)
    const sealed = sealedJournals(folder).filter((journal) => journal.number < before)
    const start = old ?? { positions: new Positions(), through: -1 }
    const needed = sealed.filter((journal) => journal.number > start.through)
    const newest = sealed.at(-1)?.number ?? -1
    if (!old && sealed[0]?.number !== 0) throw error
    for (const { path } of needed) applyJournal(start.positions, path, origins)
    return { positions: start.positions, through: Math.max(start.through, newest), damage: error }
  }
}

function applyJournal(positions: Positions, path: string, origins: readonly (Origin | undefined)[]): void {
  for (const read of readFrames(readAligned(path), FILE_HEAD)) {
    if (read.kind !== 'frame') continue
    for (const batch of read.frame.batches) {
      const origin = origins[batch.origin]
      if (origin) positions.apply(origin, batch.state, batch.receivedMs)
    }
  }
}

function sealedJournals(folder: Folder): { number: number; path: string }[] {
  return readdirSync(folder.journal)
    .flatMap((name) => {
      const journal = journalOf(name)
      return journal?.ending === 'sealed'
        ? [{ number: journal.number, path: join(folder.journal, name) }]
        : []
    })
    .sort((a, b) => a.number - b.number)
}
