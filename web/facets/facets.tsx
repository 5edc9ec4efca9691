import './facets.css'
import { lazy, Suspense } from 'react'
import type { LevelName } from '../../server/api/logs.ts'
import { usePage, useView } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { hostColour } from '../theme/host.ts'
import { durationText } from '../time/format.ts'
import { useLanguage } from '../words/index.ts'
import { Apps } from './apps.tsx'
import { type Counted, useFieldCounts } from './ask.ts'
import { Choices } from './choices.tsx'
import { Section } from './section.tsx'

/** Worst first, as one looks for them. */
const LEVELS: readonly LevelName[] = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown']
const OUTPUTS = ['stdout', 'stderr'] as const
const BUILT_IN = ['level', 'host', 'output', 'instance'] as const
const SHOWN = 30
/** A host this far behind deserves a word. */
const BEHIND_MS = 30_000

/** What is below the fold comes behind the lines. */
const Fields = lazy(async () => ({ default: (await import('../later.ts')).Fields }))
const Saved = lazy(async () => ({ default: (await import('../later.ts')).Saved }))
/** Shown where an app has more than one: seldom part of the first look. */
const Instances = lazy(async () => ({ default: (await import('../later.ts')).Instances }))
/** Shown where the hub tells a Zabbix of its hosts. */
const ZabbixMark = lazy(async () => ({ default: (await import('../later.ts')).ZabbixMark }))
const ZabbixRefusals = lazy(async () => ({ default: (await import('../later.ts')).ZabbixRefusals }))

/** The sidebar: what there is, how much of it matches, and boxes and menus that edit the query. */
export function Facets() {
  const { t } = useLanguage()
  const { app } = useView()
  const counts = useFieldCounts(BUILT_IN, SHOWN)
  const of = (field: string): Counted[] => counts.answer?.get(field)?.values ?? []
  const levels = filled(of('level'), LEVELS).filter(({ count, value }) => count > 0 || value !== 'fatal')
  const outputs = filled(of('output'), OUTPUTS).filter(({ value }) => value !== '')
  return (
    <div className="facets">
      <Apps />
      <Section title={t('facet.level')} busy={counts.asking} error={counts.error}>
        <Choices
          field="level"
          values={levels}
          known={LEVELS}
          face={(value) => (
            <>
              <i
                className={`level-dot level-${value}`}
                data-letter={value === 'unknown' ? '·' : value.charAt(0).toUpperCase()}
                aria-hidden="true"
              />{' '}
              {value}
            </>
          )}
        />
      </Section>
      <Hosts values={of('host')} busy={counts.asking} error={counts.error} />
      <Section title={t('facet.output')} busy={counts.asking} error={counts.error}>
        <Choices field="output" values={outputs} known={OUTPUTS} />
      </Section>
      {app !== '' && of('instance').length > 1 && (
        <Suspense fallback={null}>
          <Instances values={of('instance')} busy={counts.asking} error={counts.error} />
        </Suspense>
      )}
      <Suspense>
        <Fields />
        <Saved />
      </Suspense>
    </div>
  )
}

/** Every host that has lines here, in its own colour, and whether Zabbix knows it; one that is late or silent says so. */
function Hosts({ values, busy, error }: { values: Counted[]; busy: boolean; error: Error | undefined }) {
  const { t, locale } = useLanguage()
  const { hosts } = useStore(usePage().fleet)
  const late = hosts.filter((host) => host.behindMs > BEHIND_MS || !host.live)
  const refused = hosts.filter((host) => host.zabbix?.state === 'refused')
  const hostOf = (value: string) => hosts.find((known) => known.name === value || known.host === value)
  const names = [...new Set([...values.map(({ value }) => value), ...hosts.map((host) => host.name)])]
  return (
    <Section title={t('facet.host')} busy={busy} error={error}>
      <Choices
        field="host"
        values={values}
        known={names}
        face={(value) => {
          const host = hostOf(value)
          const look = hostColour(host?.slot ?? 0)
          return (
            <>
              <i
                className={look.dashed ? 'host-bar dashed' : 'host-bar'}
                style={host ? { color: look.colour } : undefined}
                aria-hidden="true"
              />{' '}
              {host?.name ?? value}
            </>
          )
        }}
        beside={(value) => {
          const host = hostOf(value)
          return (
            host?.zabbix && (
              <Suspense fallback={null}>
                <ZabbixMark host={host} />
              </Suspense>
            )
          )
        }}
      />
      {refused.length > 0 && (
        <Suspense fallback={null}>
          <ZabbixRefusals hosts={refused.slice(0, SHOWN)} />
        </Suspense>
      )}
      {late.slice(0, SHOWN).map((host) => (
        <p key={host.host} className="warned">
          {t('facet.hostBehind', { host: host.name, ago: durationText(host.behindMs, locale) })}
        </p>
      ))}
    </Section>
  )
}

/** Counted values in the order given, and those that nobody counted with 0. */
function filled(values: Counted[], order: readonly string[]): Counted[] {
  const known = order.map((value) => values.find((one) => one.value === value) ?? { value, count: 0 })
  return [...known, ...values.filter(({ value }) => !order.includes(value))]
}
