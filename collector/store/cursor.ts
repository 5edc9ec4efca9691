/** Cursors of searches, and the order of the places they name. */
import { placeOfCursor } from './store.ts'

/** The `after` of a search is not one that cursorOf() made. */
export class BadCursorError extends Error {
  readonly code = 'DRIFTLOG_CURSOR'
  constructor(cursor: string) {
    super(`"${cursor.slice(0, 80)}" is no cursor of this store. Begin again without it.`)
  }
}

/** Takes a cursor apart; throws BadCursorError. */
export function readCursor(cursor: string): { time: bigint; id: string } {
  const place = placeOfCursor(cursor)
  if (!place) throw new BadCursorError(cursor)
  return place
}

/** Orders ids of records that carry the same time, as compareRecords() does. */
export function comparePlaces(a: string, b: string): number {
  const [instanceA = '', ...placeA] = a.split('.')
  const [instanceB = '', ...placeB] = b.split('.')
  if (instanceA !== instanceB) return instanceA < instanceB ? -1 : 1
  const differs = placeA.findIndex((part, index) => part !== placeB[index])
  return differs < 0 ? 0 : Number(placeA[differs]) - Number(placeB[differs])
}
