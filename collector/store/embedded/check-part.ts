/** Verifies one part: every checksum, the order of rows, and that all that is told of them is so. */

import { stripAnsi } from '../../parse/ansi.ts'
import { wordsOf } from '../../query/words.ts'
import { FLAG } from '../../record.ts'
import { hashWord, mayHold } from './bloom.ts'
import type { CheckState } from './check.ts'
import { messageOf } from './fault.ts'
import { dayOf } from './folder.ts'
import { type BlockInfo, PartReader } from './part.ts'
import { BlockSegment, type Segment } from './segment.ts'
import { ranksOf } from './sort.ts'

/** Rows per block whose words are looked up in the filter. */
const FILTER_SAMPLE = 64

export function checkPart(path: string, day: number, state: CheckState): void {
  let part: PartReader
  try {
    part = new PartReader(path, state.codec)
  } catch (error) {
    state.report(
      { code: 'part-unreadable', severity: 'error', meaning: messageOf(error), remedy: LOST },
      path
    )
    return
  }
  try {
    let rows = 0
    for (const info of part.blocks) {
      rows += info.rows
      const place = `block at byte ${info.at}`
      try {
        part.block(info).verify()
        for (const meaning of faultsOf(part, info, day, state)) {
          state.report(
            { code: 'block-disagrees', severity: 'error', place, meaning, remedy: REPORT_IT },
            path
          )
        }
      } catch (error) {
        const meaning = `${messageOf(error)} Its ${info.rows} records are missing from answers.`
        state.report({ code: 'block-unreadable', severity: 'error', place, meaning, remedy: LOST }, path)
      }
    }
    if (rows !== part.summary.rows) {
      const meaning = `The part is said to hold ${part.summary.rows} records, its blocks hold ${rows}.`
      state.report({ code: 'count-differs', severity: 'error', meaning, remedy: REPORT_IT }, path)
    }
    checkPositions(part, path, state)
    state.records += rows
  } finally {
    part.close()
  }
}

function* faultsOf(part: PartReader, info: BlockInfo, day: number, state: CheckState): Generator<string> {
  const segment = new BlockSegment(part, info)
  const { timeMs, level, origin, generation, offset } = segment
  const levels = info.levels.map(() => 0)
  const counts = new Map<number, number>()
  let outside = 0
  for (let row = 0; row < info.rows; row++) {
    const time = timeMs[row] as number
    if (time < info.minMs || time > info.maxMs || dayOf(time) !== day) outside++
    const number = level[row] as number
    levels[number] = (levels[number] ?? 0) + 1
    counts.set(origin[row] as number, (counts.get(origin[row] as number) ?? 0) + 1)
  }
  if (outside > 0) yield `${outside} records lie outside the block's time range or day.`
  if (levels.some((rows, index) => rows !== info.levels[index])) yield 'The counts by level are wrong.'
  for (const [number, rows, firstGeneration, firstOffset, lastGeneration, lastOffset] of info.origins) {
    if (counts.get(number) !== rows) yield `The count of origin ${number} is wrong.`
    if (!state.origins[number])
      yield `Origin ${number} is not in the dictionary: nobody knows whose its records are.`
    for (let row = 0; row < info.rows; row++) {
      if (origin[row] !== number) continue
      const isBefore =
        (generation[row] as number) < firstGeneration ||
        (generation[row] === firstGeneration && (offset[row] as number) < firstOffset)
      const isBehind =
        (generation[row] as number) > lastGeneration ||
        (generation[row] === lastGeneration && (offset[row] as number) > lastOffset)
      if (!isBefore && !isBehind) continue
      yield `A record of origin ${number} lies outside the places told of it.`
      break
    }
  }
  if (counts.size !== info.origins.length) yield 'The list of origins is not complete.'
  yield* orderFaults(segment, state)
  yield* filterFaults(part, info, segment)
}

/** Rows stand by app, then in the one order. */
function* orderFaults(segment: Segment, state: CheckState): Generator<string> {
  const rank = ranksOf(state.origins)
  const { timeMs, nanos, origin, generation, offset, rows } = segment
  const app = (row: number) => {
    const known = state.origins[origin[row] as number]
    return known ? `${known.app}\0${known.environment}` : ''
  }
  for (let row = 1; row < rows; row++) {
    if (origin[row] !== origin[row - 1] && app(row) !== app(row - 1)) continue
    const near =
      (timeMs[row] as number) - (timeMs[row - 1] as number) ||
      (nanos[row] as number) - (nanos[row - 1] as number) ||
      (rank[origin[row] as number] ?? 0) - (rank[origin[row - 1] as number] ?? 0) ||
      (generation[row] as number) - (generation[row - 1] as number) ||
      (offset[row] as number) - (offset[row - 1] as number)
    if (near > 0) continue
    yield near === 0 ? `Record ${row} is there twice.` : `Record ${row} is out of order.`
    return
  }
}

function* filterFaults(part: PartReader, info: BlockInfo, segment: Segment): Generator<string> {
  const filter = part.filter(info)
  const step = Math.max(1, Math.floor(info.rows / FILTER_SAMPLE))
  for (let row = 0; row < info.rows; row += step) {
    const text = segment.text.toString('utf8', row > 0 ? segment.textEnd[row - 1] : 0, segment.textEnd[row])
    const plain = ((segment.flags[row] as number) & FLAG.ansi) !== 0 ? stripAnsi(text) : text
    if (wordsOf(plain).every((word) => mayHold(filter, hashWord(word)))) continue
    yield 'The word filter denies words that are there: searches miss them.'
    return
  }
}

/** What is stored must lie before what the positions call stored, or it would be taken again. */
function checkPositions(part: PartReader, path: string, state: CheckState): void {
  if (!state.positions) return
  for (const info of part.blocks) {
    for (const [number, , , , generation, offset] of info.origins) {
      const origin = state.origins[number]
      const known = origin && state.positions.list(origin).find((other) => other.number === generation)
      if (!known || offset < known.stored) continue
      const meaning = `A record of ${origin?.containerName} stands at ${offset} of generation ${generation}, though only ${known.stored} bytes are said to be stored: it may be taken twice.`
      state.report({ code: 'position-behind', severity: 'error', meaning, remedy: REPORT_IT }, path)
      return
    }
  }
}

const LOST =
  'Check the disk; restore the file from a backup if there is one. Searches say that records are missing.'
const REPORT_IT = 'This should not be possible: keep a copy of the folder and report it.'
