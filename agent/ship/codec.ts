/** Compression of deliveries. The hub picks one of what this Node can do. */
import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import type { Codec } from '../protocol.ts'

export type Compress = (body: Buffer) => Buffer | Promise<Buffer>

/**
 * Best first. On the way to this very machine nothing is compressed: that costs a third of the CPU, and the
 * memory of the zstd package is saved.
 * zstd comes from Node where it has it (22.15 and later), else from an optional package with prebuilt binaries.
 */
export function codecsFor(hub: URL): Codec[] {
  if (isLoopback(hub.hostname)) return ['identity', 'br', 'gzip']
  return [...usable(), 'identity']
}

export function compressor(codec: Codec): Compress {
  switch (codec) {
    case 'identity':
      return (body) => body
    case 'gzip':
      return (body) => later((done) => zlib.gzip(body, { level: 1, chunkSize: OUTPUT_BYTES }, done))
    case 'br':
      return (body) =>
        later((done) => zlib.brotliCompress(body, { params: BROTLI, chunkSize: OUTPUT_BYTES }, done))
    case 'zstd':
      return zstd() ?? unusable(codec)
    default:
      return codec satisfies never
  }
}

/** One piece of output, so that nothing has to be put together afterwards. */
const OUTPUT_BYTES = 512 * 1024
/** Quality 0 is as small as gzip -1 at half its cost. */
const BROTLI = { [zlib.constants.BROTLI_PARAM_QUALITY]: 0 }
const ZSTD_LEVEL = 1

function usable(): Codec[] {
  return zstd() ? ['zstd', 'br', 'gzip'] : ['br', 'gzip']
}

function zstd(): Compress | undefined {
  // Present from Node 22.15 on; the types are those of Node 20.
  const builtIn: unknown = Reflect.get(zlib, 'zstdCompressSync')
  if (typeof builtIn === 'function') return (body) => builtIn(body) as Buffer
  try {
    const load = createRequire(import.meta.url)
    const { Encoder } = load('@toondepauw/node-zstd') as typeof import('@toondepauw/node-zstd')
    const encoder = new Encoder(ZSTD_LEVEL)
    return (body) => encoder.encodeSync(body)
  } catch {
    return undefined
  }
}

function later(start: (done: (error: Error | null, result: Buffer) => void) => void): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    start((error, result) => (error ? reject(error) : resolve(result)))
  })
}

function unusable(codec: Codec): never {
  throw new Error(`the hub chose ${codec}, which this Node cannot write`)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\./.test(host)
}
