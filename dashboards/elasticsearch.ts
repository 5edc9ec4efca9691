/** Questions to the cluster that the records live in (docs/elasticsearch.md has the fields). */
import { LOGS } from './sources.ts'
import type { Question } from './zabbix.ts'

const TIME = '@timestamp'
const MOST_LINES = '500'

export function lines(query: string): Question {
  const metrics = [{ id: '1', type: 'logs', settings: { limit: MOST_LINES } }]
  return { datasource: LOGS, query, alias: '', timeField: TIME, metrics, bucketAggs: [] }
}

/** How many records there are over time, by the values of a field. */
export function countsBy(field: string, query: string): Question {
  const overTime = {
    ...{ id: '2', type: 'date_histogram', field: TIME },
    settings: { interval: 'auto', min_doc_count: '0', trimEdges: '0' }
  }
  return { ...counted(query), bucketAggs: [mostOf('3', field), overTime] }
}

/** The values of fields that most records have, as a table. */
export function most(fields: readonly string[], query: string): Question {
  return { ...counted(query), bucketAggs: fields.map((field, i) => mostOf(String(i + 2), field)) }
}

function counted(query: string): Question {
  return { datasource: LOGS, query, alias: '', timeField: TIME, metrics: [{ id: '1', type: 'count' }] }
}

function mostOf(id: string, field: string) {
  const settings = { size: '10', order: 'desc', orderBy: '_count', min_doc_count: '1' }
  return { id, type: 'terms', field, settings }
}
