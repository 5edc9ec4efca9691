/** How a host stands in Zabbix, with a link to its latest data there. */
import './zabbix.css'
import type { HostJson, ZabbixHostJson } from '../../server/api/fleet.ts'
import { type Say as SayOf, usePart } from '../words/part.ts'
import { zabbixEn } from '../words/zabbix.en.ts'
import { zabbixZh } from '../words/zabbix.zh.ts'

type Host = Pick<HostJson, 'name' | 'zabbix'>

/** One letter beside a host's name; crossed out where Zabbix does not watch it, a question where nobody knows. */
export function ZabbixMark({ host: { name, zabbix } }: { host: Host }) {
  const { say } = useSay()
  if (!zabbix) return null
  const standing = standingIn(zabbix, say)
  const look = { className: `zabbix-mark zabbix-${zabbix.state}`, 'data-state': zabbix.state }
  if (zabbix.url === undefined) {
    const words = say('zabbix.ofHost', { host: name, standing })
    return (
      <span {...look} role="img" aria-label={words} title={words}>
        Z
      </span>
    )
  }
  const words = say('zabbix.open', { host: name, standing })
  return (
    <a {...look} href={zabbix.url} {...ELSEWHERE} aria-label={words} title={words}>
      Z
    </a>
  )
}

/** Hosts that Zabbix does not take, and why: a person is needed. */
export function ZabbixRefusals({ hosts }: { hosts: readonly Host[] }) {
  const { say } = useSay()
  return hosts.flatMap(({ name, zabbix }) =>
    zabbix?.state === 'refused'
      ? [
          <p key={name} className="warned">
            {say('zabbix.ofHost', { host: name, standing: standingIn(zabbix, say) })}
          </p>
        ]
      : []
  )
}

/** Of one host, in words. */
export function ZabbixWords({ host: { name, zabbix } }: { host: Host }) {
  const { say } = useSay()
  if (!zabbix) return null
  const standing = standingIn(zabbix, say)
  return (
    <>
      {standing}
      {zabbix.url !== undefined && (
        <>
          {' · '}
          <a href={zabbix.url} {...ELSEWHERE} aria-label={say('zabbix.open', { host: name, standing })}>
            {say('zabbix.latest')}
          </a>
        </>
      )}
    </>
  )
}

const ELSEWHERE = { target: '_blank', rel: 'noopener noreferrer' }

type Say = SayOf<typeof zabbixEn>

function useSay() {
  return usePart(zabbixEn, zabbixZh)
}

function standingIn({ state, reason }: ZabbixHostJson, say: Say): string {
  if (state === 'refused') return say('zabbix.refused', { reason: reason ?? '' })
  if (state === 'unknown' && reason !== undefined) return say('zabbix.away', { reason })
  return say(`zabbix.${state}`)
}
