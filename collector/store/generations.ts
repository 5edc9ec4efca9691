/** How positions move: only forward, so that appending again changes nothing. */
import type { GenerationState } from '../record.ts'

/** The generation's number stays what it was first; its file is the one told with the furthest position. */
export function mergeState(old: GenerationState | undefined, told: GenerationState): GenerationState {
  if (!old) return { ...told }
  const back = told.stored < old.stored || told.committed < old.committed
  return {
    generation: old.generation,
    number: old.number,
    file: back || told.file === '' ? old.file : told.file,
    committed: Math.max(old.committed, told.committed),
    stored: Math.max(old.stored, told.stored),
    ended: old.ended || told.ended
  }
}
