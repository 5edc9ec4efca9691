/** Rows of a whole journal, or of parts to be merged, as they are sorted and written into parts. */

import type { Read } from './frame.ts'
import type { PartReader } from './part.ts'

/** Row i's text is buffers[buffer[i]] from textAt[i], textBytes[i] long. */
export interface Gathered {
  count: number
  timeMs: Float64Array
  nanos: Uint32Array
  origin: Uint32Array
  generation: Uint32Array
  offset: Float64Array
  receivedMs: Float64Array
  level: Uint8Array
  output: Uint8Array
  flags: Uint8Array
  buffer: Uint16Array
  textAt: Uint32Array
  textBytes: Uint32Array
  buffers: Buffer[]
}

/** All rows of these frames. */
export function gatherFrames(reads: readonly Read[]): Gathered {
  const frames = reads.flatMap((read) => (read.kind === 'frame' ? [read.frame] : []))
  const rows = room(frames.reduce((sum, frame) => sum + frame.count, 0))
  const whole = frames[0]?.text.buffer
  if (whole) rows.buffers.push(Buffer.from(whole))
  let row = 0
  for (const frame of frames) {
    const textAt = frame.text.byteOffset
    rows.timeMs.set(frame.timeMs, row)
    rows.nanos.set(frame.nanos, row)
    rows.offset.set(frame.offset, row)
    rows.level.set(frame.level, row)
    rows.output.set(frame.output, row)
    rows.flags.set(frame.flags, row)
    let end = 0
    for (let i = 0; i < frame.count; i++) {
      rows.textAt[row + i] = textAt + end
      rows.textBytes[row + i] = (frame.textEnd[i] as number) - end
      end = frame.textEnd[i] as number
    }
    for (const { origin, state, receivedMs, count } of frame.batches) {
      rows.origin.fill(origin, row, row + count)
      rows.generation.fill(state.number, row, row + count)
      rows.receivedMs.fill(receivedMs, row, row + count)
      row += count
    }
  }
  return rows
}

/** All rows of these parts. Throws as PartReader does. */
export function gatherParts(parts: readonly PartReader[]): Gathered {
  const rows = room(parts.reduce((sum, part) => sum + part.summary.rows, 0))
  let row = 0
  for (const part of parts) {
    for (const info of part.blocks) {
      const block = part.block(info)
      const { generation, offset, receivedMs } = block.places
      rows.timeMs.set(block.timeMs, row)
      rows.nanos.set(block.nanos, row)
      rows.origin.set(block.origin, row)
      rows.generation.set(generation, row)
      rows.offset.set(offset, row)
      rows.receivedMs.set(receivedMs, row)
      rows.level.set(block.kinds.level, row)
      rows.output.set(block.kinds.output, row)
      rows.flags.set(block.kinds.flags, row)
      const { textEnd, count } = block
      let end = 0
      for (let i = 0; i < count; i++, row++) {
        rows.buffer[row] = rows.buffers.length
        rows.textAt[row] = end
        rows.textBytes[row] = (textEnd[i] as number) - end
        end = textEnd[i] as number
      }
      rows.buffers.push(block.text)
    }
  }
  return rows
}

function room(count: number): Gathered {
  return {
    count,
    timeMs: new Float64Array(count),
    nanos: new Uint32Array(count),
    origin: new Uint32Array(count),
    generation: new Uint32Array(count),
    offset: new Float64Array(count),
    receivedMs: new Float64Array(count),
    level: new Uint8Array(count),
    output: new Uint8Array(count),
    flags: new Uint8Array(count),
    buffer: new Uint16Array(count),
    textAt: new Uint32Array(count),
    textBytes: new Uint32Array(count),
    buffers: []
  }
}
