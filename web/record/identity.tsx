import type { RecordJson } from '../../server/api/logs.ts'
import type { Look } from '../list/look.ts'
import { ZabbixWords } from '../shell/zabbix.tsx'
import { usePage } from '../state/page.ts'
import { useStore } from '../state/store.ts'
import { useLanguage } from '../words/index.ts'
import { FieldActions } from './fields.tsx'

/** Where a record comes from and when it was written and received; these names can be asked for like fields. */
export function Identity({ record, look }: { record: RecordJson; look: Look }) {
  const { t, locale } = useLanguage()
  const number = new Intl.NumberFormat(locale)
  const host = useStore(usePage().fleet, ({ hosts }) => hosts.find((known) => known.host === record.host))
  const rows: { words: string; field?: string; value: string }[] = [
    { words: t('identity.host'), field: 'host', value: record.hostName },
    { words: t('identity.app'), field: 'app', value: record.app },
    { words: t('identity.environment'), field: 'environment', value: record.environment },
    { words: t('identity.instance'), field: 'instance', value: record.instance },
    { words: t('identity.container'), field: 'container', value: record.containerName },
    { words: t('identity.image'), field: 'image', value: record.image },
    { words: t('identity.level'), field: 'level', value: record.level },
    ...(record.output === '' ? [] : [{ words: t('identity.output'), field: 'output', value: record.output }]),
    { words: t('identity.stream'), field: 'stream', value: record.stream },
    {
      words: t('identity.position'),
      value: t('identity.place', { generation: record.generation, offset: number.format(record.offset) })
    },
    { words: t('identity.written'), value: look.clock.full(record.time) },
    { words: t('identity.received'), value: look.clock.full(record.received) }
  ]
  return (
    <table className="fields identity">
      <caption>{t('identity.label')}</caption>
      <tbody>
        {rows.map(({ words, field, value }) => (
          <tr key={words} {...(field ? { 'data-field': field, 'data-value': value } : {})}>
            <th scope="row">{words}</th>
            <td className="field-value">{value}</td>
            <td />
            <td className="field-actions">
              {field && <FieldActions name={field} asked={field} value={value} />}
            </td>
          </tr>
        ))}
        {host?.zabbix && (
          <tr>
            <th scope="row">Zabbix</th>
            <td className="field-value" colSpan={3}>
              <ZabbixWords host={host} />
            </td>
          </tr>
        )}
        {record.cut && (
          <tr>
            <th scope="row">{t('identity.note')}</th>
            <td colSpan={3}>{t('identity.cut')}</td>
          </tr>
        )}
        {record.broken && (
          <tr>
            <th scope="row">{t('identity.note')}</th>
            <td colSpan={3}>{t('identity.broken')}</td>
          </tr>
        )}
        {record.redacted && (
          <tr>
            <th scope="row">{t('identity.note')}</th>
            <td colSpan={3}>{t('identity.redacted')}</td>
          </tr>
        )}
      </tbody>
    </table>
  )
}
