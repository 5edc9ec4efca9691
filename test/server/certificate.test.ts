import { createPrivateKey, X509Certificate } from 'node:crypto'
import { expect, test } from 'vitest'
import { makeCertificate } from '../../server/certificate.ts'

const NOW_MS = Date.UTC(2026, 10, 25, 12)

test('a made certificate says what was asked for, by the words of Node’s own parser', () => {
  const names = ['logs.example.org', '*.example.org', '10.0.0.5', '2001:db8::7', '::1', 'fe80:1:2:3:4:5:6:7']
  const { cert, key } = makeCertificate({ names, days: 825, nowMs: NOW_MS })
  const parsed = new X509Certificate(cert)
  expect(parsed.subjectAltName).toBe(
    'DNS:logs.example.org, DNS:*.example.org, IP Address:10.0.0.5, IP Address:2001:DB8:0:0:0:0:0:7, IP Address:0:0:0:0:0:0:0:1, IP Address:FE80:1:2:3:4:5:6:7'
  )
  expect(parsed.checkPrivateKey(createPrivateKey(key))).toBe(true)
  expect([parsed.ca, parsed.verify(parsed.publicKey), parsed.issuer]).toEqual([
    false,
    true,
    'CN=Driftlog hub'
  ])
  expect(Date.parse(parsed.validFrom)).toBe(NOW_MS - 3_600_000)
  expect(Date.parse(parsed.validTo)).toBe(NOW_MS + 825 * 86_400_000)
  expect(parsed.checkHost('logs.example.org')).toBe('logs.example.org')
  expect(parsed.checkIP('10.0.0.5')).toBe('10.0.0.5')
  expect(parsed.checkHost('other.example')).toBeUndefined()
})

test('years from 2050 on are written in full', () => {
  const { cert } = makeCertificate({ names: [], days: 36_500, nowMs: NOW_MS })
  expect(new Date(new X509Certificate(cert).validTo).getUTCFullYear()).toBe(2126)
})

test('no two are alike, and numbers are positive', () => {
  const serials = Array.from({ length: 50 }, () => {
    const { cert } = makeCertificate({ names: ['a'], days: 1, nowMs: NOW_MS })
    return new X509Certificate(cert).serialNumber
  })
  expect(new Set(serials).size).toBe(50)
  for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
})

test('an authority vouches for another one', () => {
  const authority = makeCertificate({ names: [], days: 30, nowMs: NOW_MS, isAuthority: true })
  const authorityKey = createPrivateKey(authority.key)
  const signed = new X509Certificate(
    makeCertificate({ names: ['a'], days: 1, nowMs: NOW_MS, authorityKey }).cert
  )
  const parent = new X509Certificate(authority.cert)
  expect([signed.checkIssued(parent), signed.verify(parent.publicKey), parent.ca]).toEqual([true, true, true])
})
