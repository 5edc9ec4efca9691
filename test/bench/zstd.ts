/** Zstandard from Node itself where it has it (22.15 and newer), else from the optional package. */
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'

export function decoder(): (bytes: Buffer) => Buffer {
  const own = (zlib as { zstdDecompressSync?: (bytes: Buffer) => Buffer }).zstdDecompressSync
  if (own) return own
  const { Decoder } = createRequire(import.meta.url)('@toondepauw/node-zstd') as {
    Decoder: new () => { decodeSync(bytes: Buffer): Buffer }
  }
  const instance = new Decoder()
  return (bytes) => instance.decodeSync(bytes)
}
