/**
 * Makes a certificate that signs itself, as DER by hand: Node's crypto has keys and signatures, and reads certificates,
 * but writes none. RFC 5280 names the fields; what is written is read back by Node's own parser before it is given out.
 */
import { generateKeyPairSync, type KeyObject, randomBytes, sign, X509Certificate } from 'node:crypto'
import { isIP, isIPv4 } from 'node:net'

export interface CertificateWanted {
  /** Names and addresses under which the hub is reached. */
  names: readonly string[]
  days: number
  nowMs: number
  /** Key of the authority that signs; absent: the certificate signs itself. */
  authorityKey?: KeyObject
  /** It may sign others. */
  isAuthority?: boolean
}

export interface CertificatePair {
  /** PEM. */
  cert: string
  key: string
}

const AUTHORITY = 'Driftlog authority'

export function makeCertificate(wanted: CertificateWanted): CertificatePair {
  const { names, days, nowMs, authorityKey, isAuthority = false } = wanted
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' })
  const subject = nameOf(isAuthority ? AUTHORITY : 'Driftlog hub')
  // A little back, for clocks that are behind.
  const fromMs = nowMs - 3_600_000
  const body = sequence(
    explicit(0, integer(Buffer.from([2]))),
    integer(randomBytes(16)),
    ECDSA_SHA256,
    authorityKey ? nameOf(AUTHORITY) : subject,
    sequence(time(fromMs), time(nowMs + days * 86_400_000)),
    subject,
    publicKey.export({ type: 'spki', format: 'der' }),
    explicit(3, sequence(...extensions(names, isAuthority)))
  )
  const signature = sign('sha256', body, { key: authorityKey ?? privateKey, dsaEncoding: 'der' })
  const der = sequence(body, ECDSA_SHA256, tagged(0x03, Buffer.from([0]), signature))
  return {
    cert: new X509Certificate(der).toString(),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
  }
}

function extensions(names: readonly string[], isAuthority: boolean): Buffer[] {
  const constraints = isAuthority ? sequence(tagged(0x01, Buffer.from([0xff]))) : sequence()
  // Bit 0 signs handshakes, bit 5 certificates; the first byte counts the unused bits.
  const usage = tagged(0x03, isAuthority ? Buffer.from([2, 0x04]) : Buffer.from([7, 0x80]))
  const list = [extension('2.5.29.19', constraints, true), extension('2.5.29.15', usage, true)]
  if (!isAuthority) list.push(extension('2.5.29.37', sequence(oid('1.3.6.1.5.5.7.3.1')), false))
  if (names.length > 0) list.push(extension('2.5.29.17', sequence(...names.map(alternativeName)), false))
  return list
}

function extension(id: string, value: Buffer, isCritical: boolean): Buffer {
  const critical = isCritical ? [tagged(0x01, Buffer.from([0xff]))] : []
  return sequence(oid(id), ...critical, tagged(0x04, value))
}

function alternativeName(name: string): Buffer {
  return isIP(name) === 0 ? tagged(0x82, Buffer.from(name, 'ascii')) : tagged(0x87, addressBytes(name))
}

function addressBytes(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number))
  const [head = '', tail] = address.split('::')
  const groups = (text: string) => (text === '' ? [] : text.split(':'))
  const [front, back] = [groups(head), groups(tail ?? '')]
  const middle = tail === undefined ? [] : Array<string>(8 - front.length - back.length).fill('0')
  return Buffer.from([...front, ...middle, ...back].map((group) => group.padStart(4, '0')).join(''), 'hex')
}

/** A name of one part, the common one. */
function nameOf(commonName: string): Buffer {
  const part = sequence(oid('2.5.4.3'), tagged(0x0c, Buffer.from(commonName)))
  return sequence(tagged(0x31, part))
}

/** Years before 2050 have two digits. */
function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\.\d+/g, '')
  return digits < '2050' ? tagged(0x17, Buffer.from(digits.slice(2))) : tagged(0x18, Buffer.from(digits))
}

function oid(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number)
  const bytes = [first * 40 + second]
  for (const number of rest) {
    const parts = [number & 0x7f]
    for (let left = number >>> 7; left > 0; left >>>= 7) parts.unshift((left & 0x7f) | 0x80)
    bytes.push(...parts)
  }
  return tagged(0x06, Buffer.from(bytes))
}

/** Positive: the sign is the first bit, and leading zeros are not allowed. */
function integer(bytes: Buffer): Buffer {
  const positive = Buffer.from(bytes)
  const [first = 0] = positive
  positive[0] = bytes.length === 1 ? first : (first & 0x7f) | 0x40
  return tagged(0x02, positive)
}

function sequence(...parts: Uint8Array[]): Buffer {
  return tagged(0x30, ...parts)
}

function explicit(number: number, part: Buffer): Buffer {
  return tagged(0xa0 + number, part)
}

function tagged(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag, ...lengthBytes(content.length)]), content])
}

function lengthBytes(length: number): number[] {
  if (length < 0x80) return [length]
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
}

const ECDSA_SHA256 = sequence(oid('1.2.840.10045.4.3.2'))
