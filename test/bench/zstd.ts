/** Zstandard from Node itself where it has it (22.15 and newer), else from the optional package. */
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'

type Convert = (bytes: Uint8Array) => Buffer

export function decoder(): Convert {
  const own: unknown = Reflect.get(zlib, 'zstdDecompressSync')
  if (typeof own === 'function') return (bytes) => own(bytes)
  const instance = new (optional().Decoder)()
  return (bytes) => instance.decodeSync(asBuffer(bytes))
}

/** Level 1, as agents compress. */
export function encoder(): Convert {
  const own: unknown = Reflect.get(zlib, 'zstdCompressSync')
  const level = Reflect.get(zlib.constants, 'ZSTD_c_compressionLevel')
  if (typeof own === 'function') return (bytes) => own(bytes, { params: { [level]: 1 } })
  const instance = new (optional().Encoder)(1)
  return (bytes) => instance.encodeSync(asBuffer(bytes))
}

function optional() {
  const load = createRequire(import.meta.url)
  return load('@toondepauw/node-zstd') as typeof import('@toondepauw/node-zstd')
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
