/**
 * Rows as bytes: a column per metric and part, each whole numbers as differences in few bytes, all of it deflated.
 * Of a sample min and max follow from the rest and are not written. A block begins with the number of the last seal
 * that is in it: see seal.ts.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { NumberReader, NumberWriter } from '../store/embedded/varint.ts'
import { METRIC_LIST } from './metrics.ts'
import { type Cell, type Row, sampleCell } from './rows.ts'

/** First byte of every block. Version 1 knew no seals. */
const VERSION = 2
const OLD_VERSION = 1
const HEAD_BYTES = 7
/** How a column is written. */
const SAME = 0
const DIFFERENT = 1
const LEVEL = 4
/** A block says how much it is; more is damage. */
const LARGEST_BYTES = 16 * 1024 * 1024

export function encodeRows(rows: readonly Row[], samples: boolean, seal: number): Buffer {
  const out = new NumberWriter()
  out.unsigned(rows.length)
  write(
    out,
    rows.map(({ atMs }) => atMs)
  )
  const metrics = [...METRIC_LIST.keys()].filter((i) => rows.some(({ cells }) => cells[i]))
  out.unsigned(metrics.length)
  for (const metric of metrics) {
    out.unsigned(metric)
    const cells = rows.map((row) => row.cells[metric])
    write(out, presence(cells))
    const present = cells.filter((cell) => cell !== undefined)
    for (const part of samples ? SAMPLE_PARTS : PARTS) {
      write(
        out,
        present.map((cell) => cell[part])
      )
    }
  }
  const bytes = deflateRawSync(out.taken(), { level: LEVEL })
  const head = Buffer.alloc(HEAD_BYTES)
  head[0] = VERSION
  head.writeUIntBE(seal, 1, HEAD_BYTES - 1)
  return Buffer.concat([head, bytes])
}

/** The number of the last seal in a block, also of a damaged one; 0 where it says none. */
export function sealOf(block: Uint8Array): number {
  if (block[0] !== VERSION || block.length < HEAD_BYTES) return 0
  return Buffer.from(block.buffer, block.byteOffset, HEAD_BYTES).readUIntBE(1, HEAD_BYTES - 1)
}

/** Throws a RangeError or zlib's error where the bytes are not a block. */
export function decodeRows(block: Uint8Array, samples: boolean): Row[] {
  const [version] = block
  if (version !== VERSION && version !== OLD_VERSION)
    throw new RangeError(`a block of stats of version ${version}`)
  const deflated = block.subarray(version === VERSION ? HEAD_BYTES : 1)
  const bytes = inflateRawSync(deflated, { maxOutputLength: LARGEST_BYTES })
  const from = new NumberReader(bytes)
  const count = from.unsigned()
  const rows: Row[] = read(from, count).map((atMs) => ({
    atMs,
    cells: new Array<Cell | undefined>(METRIC_LIST.length).fill(undefined)
  }))
  for (let left = from.unsigned(); left > 0; left--) {
    const metric = from.unsigned()
    const here = read(from, count)
    const present = rows.filter((_, i) => here[i] === 1)
    const columns = (samples ? SAMPLE_PARTS : PARTS).map(() => read(from, present.length))
    for (const [i, row] of present.entries()) {
      const values = columns.map((column) => column[i] ?? 0)
      row.cells[metric] = samples ? cellOf(metric, values) : rolledCell(values)
    }
  }
  return rows
}

const SAMPLE_PARTS = ['sum', 'weight'] as const
const PARTS = ['min', 'max', 'sum', 'weight'] as const

function presence(cells: readonly (Cell | undefined)[]): number[] {
  return cells.map((cell) => (cell ? 1 : 0))
}

function cellOf(number: number, [sum = 0, weight = 1]: number[]): Cell | undefined {
  const metric = METRIC_LIST[number]
  return metric && sampleCell(metric, sum, weight)
}

function rolledCell([min = 0, max = 0, sum = 0, weight = 1]: number[]): Cell {
  return { min, max, sum, weight }
}

/** Most columns never change within a block; the others change little. */
function write(out: NumberWriter, values: readonly number[]): void {
  const [first = 0] = values
  if (values.every((value) => value === first)) {
    out.unsigned(SAME)
    out.signed(first)
    return
  }
  out.unsigned(DIFFERENT)
  let before = 0
  for (const value of values) {
    out.signed(value - before)
    before = value
  }
}

function read(from: NumberReader, count: number): number[] {
  if (from.unsigned() === SAME) return new Array<number>(count).fill(from.signed())
  const values = new Array<number>(count)
  let value = 0
  for (let i = 0; i < count; i++) {
    value += from.signed()
    values[i] = value
  }
  return values
}
