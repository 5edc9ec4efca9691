/**
 * Packets of Zabbix's own protocol: `ZBXD`, flags, the length of the data, the length before compression, the data.
 * https://www.zabbix.com/documentation/6.0/en/manual/appendix/protocols/header_datalen
 */
import { deflateSync, inflateSync } from 'node:zlib'

const MAGIC = Buffer.from('ZBXD')
const PROTOCOL = 0x01
const COMPRESSED = 0x02
const LARGE = 0x04
const HEADER_BYTES = 13
/** Answers are short; a longer one comes from something else. */
const MOST_BYTES = 16 << 20

export class PacketError extends Error {}

/** One request, compressed. */
export function packetOf(request: object): Buffer {
  const json = Buffer.from(JSON.stringify(request))
  const data = deflateSync(json)
  const header = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(header)
  header[4] = PROTOCOL | COMPRESSED
  header.writeUInt32LE(data.length, 5)
  header.writeUInt32LE(json.length, 9)
  return Buffer.concat([header, data])
}

/** The data of the packet that `bytes` begin with; undefined while it is not whole. Throws PacketError. */
export function dataOf(bytes: Buffer): unknown {
  if (!MAGIC.subarray(0, bytes.length).equals(bytes.subarray(0, MAGIC.length)))
    throw new PacketError('it does not speak the protocol of a Zabbix server')
  if (bytes.length < HEADER_BYTES) return undefined
  const flags = bytes[4] ?? 0
  const length = bytes.readUInt32LE(5)
  if ((flags & PROTOCOL) === 0 || (flags & LARGE) !== 0 || length > MOST_BYTES)
    throw new PacketError('it sends a packet of an unknown kind')
  if (bytes.length < HEADER_BYTES + length) return undefined
  const data = bytes.subarray(HEADER_BYTES, HEADER_BYTES + length)
  try {
    const text = (flags & COMPRESSED) === 0 ? data : inflateSync(data, { maxOutputLength: MOST_BYTES })
    return JSON.parse(text.toString()) as unknown
  } catch (error) {
    throw new PacketError(`its packet can't be read: ${(error as Error).message}`)
  }
}
