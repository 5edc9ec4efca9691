/** A delivery's body, as agents make it. */
import type { Delivery } from '../../agent/protocol.ts'

export function framed(head: Delivery, plain: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify(head))
  const size = Buffer.alloc(4)
  size.writeUInt32LE(json.length)
  return Buffer.concat([size, json, plain])
}
