/** Verifies one journal file. */
import type { CheckState } from './check.ts'
import { messageOf } from './fault.ts'
import { FILE_HEAD, type Frame, isJournalHead, readAligned, readFrames } from './frame.ts'

/** `counts`: its records are not in parts yet. */
export function checkJournal(path: string, number: number, counts: boolean, state: CheckState): void {
  let file: Buffer
  try {
    file = readAligned(path)
  } catch (error) {
    const remedy = 'Check the disk and the permissions of the folder.'
    state.report({ code: 'unreadable', severity: 'error', meaning: messageOf(error), remedy }, path)
    return
  }
  if (file.length <= FILE_HEAD) return
  if (!isJournalHead(file, path) || file.readUInt32LE(12) !== number) {
    state.report(
      {
        code: 'journal-head',
        severity: 'error',
        place: 'the first 16 bytes',
        meaning: 'The beginning of the journal is damaged. Its frames are read all the same.',
        remedy: 'Keep a copy of the file and report it.'
      },
      path
    )
  }
  for (const read of readFrames(file)) {
    switch (read.kind) {
      case 'frame':
        checkFrame(read.frame, path, counts, state)
        break
      case 'torn':
        state.report(
          {
            code: 'torn-tail',
            severity: counts ? 'warning' : 'error',
            place: `bytes ${read.from} to ${read.to}`,
            meaning: counts
              ? 'The last write was not finished when the hub ended; it was never acknowledged, agents send it again.'
              : 'The end of a sealed journal is damaged. Its records stand in parts; only followers that come back need it.',
            remedy: counts ? 'Nothing: the next start cuts it off.' : 'Check the disk.'
          },
          path
        )
        break
      case 'damaged':
        state.report(
          {
            code: 'damaged-frames',
            severity: counts ? 'error' : 'warning',
            place: `bytes ${read.from} to ${read.to}`,
            meaning: counts
              ? 'Frames in the middle of the journal are damaged: their records are lost.'
              : 'Frames of a sealed journal are damaged. Its records stand in parts; only followers that come back need it.',
            remedy: 'Check the disk; restore the file from a backup if there is one.'
          },
          path
        )
        break
      default:
        read satisfies never
    }
  }
}

function checkFrame(frame: Frame, path: string, counts: boolean, state: CheckState): void {
  const place = `frame at byte ${frame.at}`
  let end = 0
  for (const textEnd of frame.textEnd) {
    if (textEnd < end) {
      const meaning = 'The texts of a frame overlap although its checksum fits.'
      state.report({ code: 'frame-texts', severity: 'error', place, meaning, remedy: REPORT_IT }, path)
      break
    }
    end = textEnd
  }
  let row = 0
  for (const { origin, state: told, count, receivedMs } of frame.batches) {
    const known = state.origins[origin]
    if (!known) {
      const meaning = `The frame's origin ${origin} is not in the dictionary: nobody knows whose its records are.`
      state.report({ code: 'unknown-origin', severity: 'error', place, meaning, remedy: REPORT_IT }, path)
    } else {
      state.positions?.apply(known, told, receivedMs)
      for (let i = row; i < row + count; i++) {
        if ((frame.offset[i] as number) < told.stored) continue
        const meaning = `A record stands at ${frame.offset[i]}, though only ${told.stored} bytes are said to be stored.`
        state.report({ code: 'position-behind', severity: 'error', place, meaning, remedy: REPORT_IT }, path)
        break
      }
    }
    row += count
  }
  if (counts) state.records += frame.count
}

const REPORT_IT = 'This should not be possible: keep a copy of the folder and report it.'
