/** Compression of one stream of bytes. The codec's number stands beside the stream, so parts of any age can be read. */
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import { CodecMissingError } from './fault.ts'

export const STORED = 0
const BROTLI = 1
const ZSTD = 2

export interface Packed {
  codec: number
  bytes: Buffer
}

export interface Codec {
  /** `zstd` where Node.js or the optional package has it, else `brotli`. */
  name: 'zstd' | 'brotli'
  pack(bytes: Uint8Array): Packed
  /** `rawLength` is the length before compression. Throws CodecMissingError, or whatever the library throws. */
  unpack(codec: number, bytes: Buffer, rawLength: number): Buffer
}

interface Zstd {
  compress(bytes: Uint8Array): Buffer
  decompress(bytes: Buffer, rawLength: number): Buffer
}

/** Streams below this are stored as they are: compressors cost more than they give. */
const SMALLEST = 24

/** `preferred` is for tests of the fall-back. */
export function openCodec(preferred?: 'brotli'): Codec {
  const zstd = builtInZstd() ?? packagedZstd()
  const packer = preferred === 'brotli' ? undefined : zstd
  return {
    name: packer ? 'zstd' : 'brotli',
    pack(bytes) {
      if (bytes.length >= SMALLEST) {
        const packed = packer ? packer.compress(bytes) : brotli(bytes)
        if (packed.length < bytes.length) return { codec: packer ? ZSTD : BROTLI, bytes: packed }
      }
      return { codec: STORED, bytes: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) }
    },
    unpack(codec, bytes, rawLength) {
      if (codec === STORED) return bytes
      if (codec === BROTLI)
        return zlib.brotliDecompressSync(bytes, { maxOutputLength: Math.max(1, rawLength) })
      if (codec !== ZSTD) throw new Error(`codec ${codec} is unknown`)
      if (!zstd) throw new CodecMissingError()
      return zstd.decompress(bytes, rawLength)
    }
  }
}

function brotli(bytes: Uint8Array): Buffer {
  return zlib.brotliCompressSync(bytes, {
    params: {
      [zlib.constants.BROTLI_PARAM_QUALITY]: 1,
      [zlib.constants.BROTLI_PARAM_LGWIN]: 18,
      [zlib.constants.BROTLI_PARAM_SIZE_HINT]: bytes.length
    }
  })
}

/** Node.js ≥ 22.15 */
function builtInZstd(): Zstd | undefined {
  const { zstdCompressSync, zstdDecompressSync } = zlib as unknown as {
    zstdCompressSync?: (bytes: Uint8Array, options: object) => Buffer
    zstdDecompressSync?: (bytes: Buffer, options: object) => Buffer
  }
  if (!zstdCompressSync || !zstdDecompressSync) return undefined
  const params = { 100: 1 }
  return {
    compress: (bytes) => zstdCompressSync(bytes, { params }),
    decompress: (bytes, rawLength) => zstdDecompressSync(bytes, { maxOutputLength: Math.max(1, rawLength) })
  }
}

function packagedZstd(): Zstd | undefined {
  type Module = {
    Encoder: new (level: number) => { encodeSync(bytes: Buffer): Buffer }
    Decoder: new () => { decodeSync(bytes: Buffer): Buffer }
  }
  try {
    const { Encoder, Decoder } = createRequire(import.meta.url)('@toondepauw/node-zstd') as Module
    const encoder = new Encoder(1)
    const decoder = new Decoder()
    return {
      compress: (bytes) => encoder.encodeSync(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)),
      decompress: (bytes) => decoder.decodeSync(bytes)
    }
  } catch {
    return undefined
  }
}
