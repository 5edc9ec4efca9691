/** Decompression of deliveries, bounded before it begins. */
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import type { Codec } from '../../agent/protocol.ts'

/** Gives the body; throws where it is damaged or longer than `maxBytes`. */
type Decompress = (body: Uint8Array, maxBytes: number) => Buffer

export type Decompressors = { readonly [codec in Codec]?: Decompress }

/** What this Node can read. zstd is Node's own from 22.15 on, else an optional package with prebuilt binaries. */
export function decompressors(): Decompressors {
  const zstd = zstdDecompress()
  return {
    identity: (body, maxBytes) => {
      if (body.length > maxBytes) throw new RangeError('the body is longer than it says')
      return Buffer.from(body.buffer, body.byteOffset, body.length)
    },
    gzip: (body, maxOutputLength) => zlib.gunzipSync(body, { maxOutputLength, chunkSize: CHUNK_BYTES }),
    br: (body, maxOutputLength) =>
      zlib.brotliDecompressSync(body, { maxOutputLength, chunkSize: CHUNK_BYTES }),
    ...(zstd && { zstd })
  }
}

const CHUNK_BYTES = 1024 * 1024

function zstdDecompress(): Decompress | undefined {
  // Present from Node 22.15 on; the types are those of Node 20.
  const builtIn: unknown = Reflect.get(zlib, 'zstdDecompressSync')
  if (typeof builtIn === 'function') return (body, maxOutputLength) => builtIn(body, { maxOutputLength })
  try {
    const load = createRequire(import.meta.url)
    const { Decoder } = load('@toondepauw/node-zstd') as typeof import('@toondepauw/node-zstd')
    const decoder = new Decoder()
    return (body, maxBytes) => {
      // The package knows no bound, so the frame is measured before it is decoded.
      const frames = Buffer.from(body.buffer, body.byteOffset, body.length)
      if (zstdBound(frames) > maxBytes + ZSTD_BLOCK_BYTES * MOST_SHORT_BLOCKS)
        throw new RangeError('the body is longer than it says')
      return decoder.decodeSync(frames)
    }
  } catch {
    return undefined
  }
}

/** A compressed block holds at most this much. */
const ZSTD_BLOCK_BYTES = 128 * 1024
/** Blocks that hold less than they may are counted as full; so many of them are let pass. */
const MOST_SHORT_BLOCKS = 64
const ZSTD_MAGIC = 0xfd2fb528

/** The most that zstd frames can decode to, from their block headers (RFC 8878, section 3.1.1). */
export function zstdBound(frames: Buffer): number {
  let bound = 0
  let at = 0
  while (at < frames.length) {
    const magic = frames.readUInt32LE(at)
    if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
      at += 8 + frames.readUInt32LE(at + 4)
      continue
    }
    if (magic !== ZSTD_MAGIC) throw new RangeError('the body is not what Content-Encoding says')
    const descriptor = frames.readUInt8(at + 4)
    const singleSegment = (descriptor & 0x20) !== 0
    const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0
    const dictionaryBytes = [0, 1, 2, 4][descriptor & 3] ?? 0
    at += 5 + (singleSegment ? 0 : 1) + dictionaryBytes + sizeBytes
    for (let last = false; !last; ) {
      const header = frames.readUIntLE(at, 3)
      const size = header >> 3
      const kind = (header >> 1) & 3
      last = (header & 1) === 1
      bound += kind === 2 ? ZSTD_BLOCK_BYTES : size
      at += 3 + (kind === 1 ? 1 : size)
    }
    if (descriptor & 4) at += 4
  }
  return bound
}
