/** What Grafana does with series before it shows them. */
import type { JsonObject } from './json.ts'

/** As Grafana calls the column that `lastValues` makes. */
const LAST = 'Last *'

/** Each series becomes a row with its last value, and its labels (host, item) as columns. */
export function lastValues(): JsonObject {
  return {
    id: 'reduce',
    options: {
      reducers: ['lastNotNull'],
      ...{ mode: 'seriesToRows', includeTimeField: false, labelsToFields: true }
    }
  }
}

/** Rows of last values become a table: a row for each host, a column for each item. */
export function hostTable(): JsonObject[] {
  return [lastValues(), matrix('item', 'host')]
}

/** The same by containers: their items are named `Container <name>: <item>`. */
export function containerTable(): JsonObject[] {
  const parts = {
    ...{ source: 'item', format: 'regexp', regExp: '/^Container (?<container>.+?): (?<metric>.+)$/' },
    ...{ keepTime: false, replace: false }
  }
  return [lastValues(), { id: 'extractFields', options: parts }, matrix('metric', 'container')]
}

/** A column more: one column divided by another. */
export function ratio(alias: string, left: string, right: string, replaceFields = false): JsonObject {
  return {
    id: 'calculateField',
    options: {
      alias,
      mode: 'binary',
      reduce: { reducer: 'sum' },
      binary: { left, operator: '/', right },
      replaceFields
    }
  }
}

/** Series that are apart become columns of one table over time. */
export function joined(): JsonObject {
  return { id: 'joinByField', options: { byField: 'Time', mode: 'outer' } }
}

/** These columns in this order, with other names where wanted; none but these. */
export function columns(names: Readonly<Record<string, string>>): JsonObject[] {
  const kept = Object.keys(names)
  const indexByName = Object.fromEntries(kept.map((name, i) => [name, i]))
  return [
    { id: 'filterFieldsByName', options: { include: { names: kept } } },
    { id: 'organize', options: { excludeByName: {}, indexByName, renameByName: names } }
  ]
}

function matrix(columnField: string, rowField: string): JsonObject {
  return { id: 'groupingToMatrix', options: { columnField, rowField, valueField: LAST, emptyValue: 'null' } }
}
