/**
 * The agent's bench partner, in a process of its own: speaks the protocol, decompresses, counts lines, looks at the
 * time stamp inside each line, acknowledges at once and keeps nothing. What is measured beside it is the agent alone.
 */
import { createServer, type IncomingMessage } from 'node:http'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import type { Codec, Delivery, Position, Receipt, Welcome } from '../../agent/protocol.ts'
import { decoder } from './zstd.ts'

export interface SinkFigures {
  lines: number
  rawBytes: number
  wireBytes: number
  firstMs: number
  lastMs: number
  /** Milliseconds from the stamp in a line (`at=1700000000000.123`) to its receipt. */
  latenciesMs: number[]
}

const codec = (process.argv[2] ?? 'identity') as Codec
const stamped = process.argv[3] === 'stamped'
const unzstd = codec === 'zstd' ? decoder() : undefined
const positions = new Map<string, Position>()
const figures: SinkFigures = { lines: 0, rawBytes: 0, wireBytes: 0, firstMs: 0, lastMs: 0, latenciesMs: [] }

const server = createServer((request, response) => {
  void collect(request).then((body) => {
    const answer = JSON.stringify(answerTo(request.url ?? '', body, request.headers['content-encoding']))
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(answer)
    })
    response.end(answer)
  })
})
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.send?.({ port: typeof address === 'object' && address ? address.port : 0 })
})
process.on('message', (asked) => {
  if (asked === 'figures') process.send?.({ figures })
  if (asked === 'forget') figures.latenciesMs = []
})
process.on('disconnect', () => process.exit(0))

function answerTo(url: string, body: Buffer, encoding: string | undefined): object {
  if (url.endsWith('/enrol')) return { host: 'bench', key: 'dlk_bench_0' }
  if (url.endsWith('/hello')) {
    return {
      session: 'bench',
      host: 'bench',
      codec,
      hubMs: Date.now(),
      heartbeatMs: 5000,
      gatherMs: 100,
      maxDeliveryBytes: 1 << 20
    } satisfies Welcome
  }
  if (url.endsWith('/positions')) return { positions: [...positions.values()] }
  return deliver(body, encoding)
}

function deliver(body: Buffer, encoding: string | undefined): Receipt {
  figures.wireBytes += body.length
  const raw = decompress(body, encoding)
  const headBytes = raw.readUInt32LE(0)
  const head = JSON.parse(raw.toString('utf8', 4, 4 + headBytes)) as Delivery
  const now = Date.now()
  let at = 4 + headBytes
  const answered: Position[] = []
  for (const chunk of head.chunks) {
    count(raw.subarray(at, at + chunk.bytes), now)
    at += chunk.bytes
    const key = `${chunk.container}/${chunk.stream}/${chunk.generation}`
    const end = chunk.offset + chunk.bytes
    const position: Position = {
      container: chunk.container,
      stream: chunk.stream,
      generation: chunk.generation,
      committed: end,
      next: end
    }
    positions.set(key, position)
    answered.push(position)
  }
  return { positions: answered, hubMs: now, gatherMs: 100 }
}

function count(bytes: Buffer, now: number): void {
  if (figures.firstMs === 0) figures.firstMs = now
  figures.lastMs = now
  figures.rawBytes += bytes.length
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) figures.lines++
  if (!stamped) return
  for (const match of bytes.toString('latin1').matchAll(/at=(\d+)/g))
    figures.latenciesMs.push(now - Number(match[1]))
}

function decompress(body: Buffer, encoding: string | undefined): Buffer {
  if (encoding === 'br') return brotliDecompressSync(body)
  if (encoding === 'gzip') return gunzipSync(body)
  if (encoding === 'zstd' && unzstd) return unzstd(body)
  return body
}

async function collect(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts)
}
