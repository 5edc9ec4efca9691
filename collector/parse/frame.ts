/** A delivery's body taken apart: u32 little-endian length of the head, the head as JSON, the chunks' bytes. */
import { Compile } from 'typebox/compile'
import { Delivery } from '../../agent/protocol.ts'

export interface Frame {
  head: Delivery
  /** One for each chunk of the head. */
  bytes: Uint8Array[]
}

/** Why a body was refused; the code is part of the protocol. */
export class FrameError extends Error {
  readonly code: 'DRIFTLOG_BODY' | 'DRIFTLOG_HEAD'

  constructor(code: FrameError['code'], message: string) {
    super(message)
    this.code = code
  }
}

/** The protocol nests five deep; what is deeper was not written by an agent. */
const DEEPEST = 16

/** Throws a FrameError that says what is wrong. */
export function readFrame(body: Uint8Array): Frame {
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.length)
  if (buffer.length < 4) throw new FrameError('DRIFTLOG_BODY', 'The body is shorter than its first field.')
  const headBytes = buffer.readUInt32LE(0)
  if (headBytes > buffer.length - 4)
    throw new FrameError('DRIFTLOG_BODY', `The head says ${headBytes} bytes, but the body ends before.`)
  const head = readHead(buffer.subarray(4, 4 + headBytes))
  const bytes: Uint8Array[] = []
  let at = 4 + headBytes
  for (const chunk of head.chunks) {
    bytes.push(buffer.subarray(at, at + chunk.bytes))
    at += chunk.bytes
  }
  if (at !== buffer.length)
    throw new FrameError(
      'DRIFTLOG_BODY',
      `Head and chunks say ${at} bytes together, but the body has ${buffer.length}.`
    )
  return { head, bytes }
}

function readHead(bytes: Buffer): Delivery {
  if (depthOf(bytes) > DEEPEST)
    throw new FrameError('DRIFTLOG_HEAD', `The head is nested deeper than ${DEEPEST}.`)
  let head: unknown
  try {
    head = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new FrameError('DRIFTLOG_HEAD', `The head is no JSON: ${(error as Error).message}`)
  }
  if (!CHECK.Check(head)) {
    const [first] = CHECK.Errors(head)
    throw new FrameError(
      'DRIFTLOG_HEAD',
      `The head is not a Delivery: ${first?.instancePath} ${first?.message}`
    )
  }
  return head
}

const CHECK = Compile(Delivery)

/** How deep the brackets of a JSON text nest, without reading it. */
export function depthOf(bytes: Uint8Array): number {
  let depth = 0
  let deepest = 0
  let inString = false
  for (let i = 0; i < bytes.length; i++) {
    const c = bytes[i]
    if (inString) {
      if (c === 92) i++
      else if (c === 34) inString = false
    } else if (c === 34) inString = true
    else if (c === 123 || c === 91) {
      if (++depth > deepest) deepest = depth
    } else if (c === 125 || c === 93) depth--
  }
  return deepest
}
