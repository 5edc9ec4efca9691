/** Where messages may go. Who makes a notice shall not reach through the hub what he can't reach himself. */
import { lookup as resolve } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { isLoopback } from '../../listen-config.ts'
import { NoticeError } from '../errors.ts'

/** The hub's own machine, and what hands out credentials to whoever asks from there. IPv4 within IPv6 counts as IPv4. */
const OWN = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 3]
] as const)
  OWN.addSubnet(network, bits, 'ipv4')
for (const [network, bits] of [
  ['::', 127],
  ['fe80::', 10],
  ['ff00::', 8]
] as const)
  OWN.addSubnet(network, bits, 'ipv6')
// Clouds tell machines their credentials there, too: Alibaba, Azure, Oracle, and Amazon by IPv6.
for (const address of ['100.100.100.200', '168.63.129.16', '192.0.0.192']) OWN.addAddress(address, 'ipv4')
OWN.addAddress('fd00:ec2::254', 'ipv6')

/** Throws DRIFTLOG_NOTICE. `hosts` is the list of those that are allowed, where there is one. */
export function checkAddress(text: string, hosts: readonly string[] | undefined): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.hash)
    throw new NoticeError('url is no plain http or https address. Copy it from the product as it shows it.')
  const host = hostOf(url)
  if (hosts && !isListed(host, hosts))
    throw new NoticeError(
      `Messages may not go to ${host}: DRIFTLOG_NOTICE_HOSTS does not have it. Have the list extended, or use another address.`
    )
  if (!hosts && isOwn(host)) throw new NoticeError(ownSentence(host))
  return url
}

/** Looks names up as usual, and refuses what turns out to be the hub's own machine: names can be changed later. */
export function guardedLookup(hosts: readonly string[] | undefined): LookupFunction {
  return (name, options, callback) => {
    resolve(name, { ...options, all: true }, (error, found) => {
      if (error) return callback(error, '', 0)
      const own = hosts ? undefined : found.find(({ address }) => isOwn(address))
      if (own) return callback(new NoticeError(ownSentence(`${name} (${own.address})`)), '', 0)
      if (options.all) return callback(null, found)
      const [first] = found
      callback(null, first?.address ?? '', first?.family ?? 0)
    })
  }
}

/** Without what may be a secret. */
export function shownAddress(text: string): string {
  return URL.canParse(text) ? `${new URL(text).origin}/…` : '…'
}

function ownSentence(host: string): string {
  return `Messages may not go to ${host}, which is this machine itself or link-local, or where a cloud keeps credentials. Name it in DRIFTLOG_NOTICE_HOSTS where that is meant.`
}

function isListed(host: string, hosts: readonly string[]): boolean {
  return hosts.some((known) => (known.startsWith('*.') ? host.endsWith(known.slice(1)) : host === known))
}

function isOwn(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return isLoopback(host)
  return OWN.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

function hostOf({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
}
