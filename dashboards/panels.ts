/** Panels as Grafana has them since its Angular is gone. */
import type { ValueMap } from '../server/zabbix/items.ts'
import type { Json, JsonObject } from './json.ts'
import { LOGS, type Source, ZABBIX } from './sources.ts'
import { lastValues } from './transformations.ts'
import type { Question } from './zabbix.ts'

/** `span` counts twelfths of the width, `height` rows of Grafana's grid; both become a place in it (grid.ts). */
export type Panel = JsonObject & { type: string; title: string; span: number; height: number }

interface Size {
  span: number
  height: number
}

/** Zabbix has values of all hosts by then, whenever they are sent. */
const FEWEST_MINUTES = 5
const MINUTE_MS = 60_000

interface Common extends Partial<Size> {
  description?: string
  unit?: string
  /** The panel's own time, ending now, instead of the dashboard's. */
  timeFrom?: string
  transformations?: readonly JsonObject[]
  overrides?: readonly JsonObject[]
  links?: readonly JsonObject[]
}

interface Level {
  from: number
  color: string
}

/** Grafana bridges what is missing by a line; a series without a value for so long is broken off instead. */
interface Broken {
  brokenAfterMs?: number
}

export function timeseries(
  title: string,
  questions: readonly Question[],
  { stacked = false, brokenAfterMs, ...common }: Common & Broken & { stacked?: boolean }
): Panel {
  const custom = {
    ...{ drawStyle: 'line', lineInterpolation: 'linear', lineWidth: 1, fillOpacity: stacked ? 30 : 10 },
    ...{ showPoints: 'auto', spanNulls: false, insertNulls: brokenAfterMs ?? false },
    stacking: { mode: stacked ? 'normal' : 'none', group: 'A' }
  }
  return {
    ...panel('timeseries', title, questions, { span: 6, height: 8 }, common, {
      ...{ min: 0, color: { mode: 'palette-classic' }, custom }
    }),
    options: {
      legend: {
        displayMode: 'table',
        placement: 'bottom',
        showLegend: true,
        calcs: ['mean', 'max', 'lastNotNull']
      },
      tooltip: { mode: 'multi', sort: 'desc' }
    }
  }
}

/** One number of what there is now: `calc` over the last values of all series. */
export function stat(
  title: string,
  questions: readonly Question[],
  {
    calc = 'lastNotNull',
    levels = [],
    words,
    ...common
  }: Common & { calc?: string; levels?: Level[]; words?: ValueMap }
): Panel {
  return {
    ...panel('stat', title, questions, { span: 2, height: 4 }, common, {
      ...{ thresholds: thresholds(levels), color: { mode: 'thresholds' } },
      mappings: words === undefined ? [] : mappings(words)
    }),
    options: {
      ...{ colorMode: levels.length > 0 ? 'background' : 'value', graphMode: 'none', justifyMode: 'auto' },
      ...{ orientation: 'auto', textMode: 'value', wideLayout: true },
      reduceOptions: { values: false, calcs: [calc], fields: '' }
    }
  }
}

/** A number over many series: their last values of the last minutes, counted or summed. */
export function total(
  title: string,
  question: Question,
  {
    calc,
    brokenAfterMs,
    ...more
  }: Common & { calc: 'count' | 'sum'; brokenAfterMs: number; levels?: Level[] }
): Panel {
  const timeFrom = `${Math.max(FEWEST_MINUTES, Math.ceil(brokenAfterMs / MINUTE_MS))}m`
  return stat(title, [question], { timeFrom, transformations: [lastValues()], ...more, calc })
}

export function table(title: string, questions: readonly Question[], common: Common): Panel {
  return {
    ...panel('table', title, questions, { span: 12, height: 8 }, common, {
      custom: { align: 'auto', cellOptions: { type: 'auto' }, inspect: false, filterable: true }
    }),
    options: { showHeader: true, cellHeight: 'sm', footer: { show: false, reducer: ['sum'], fields: '' } }
  }
}

/** States over time; `words` names them. */
export function stateTimeline(
  title: string,
  questions: readonly Question[],
  {
    words,
    colors,
    brokenAfterMs,
    ...common
  }: Common & Broken & { words: ValueMap; colors: Readonly<Record<string, string>> }
): Panel {
  return {
    ...panel('state-timeline', title, questions, { span: 12, height: 8 }, common, {
      ...{ color: { mode: 'fixed', fixedColor: 'text' }, mappings: mappings(words, colors) },
      custom: { lineWidth: 0, fillOpacity: 80, spanNulls: false, insertNulls: brokenAfterMs ?? false }
    }),
    options: {
      ...{ mergeValues: true, showValue: 'auto', alignValue: 'left', rowHeight: 0.85 },
      ...{
        legend: { displayMode: 'list', placement: 'bottom', showLegend: false },
        tooltip: { mode: 'single', sort: 'none' }
      }
    }
  }
}

/** Bars from nothing to all. */
export function bars(
  title: string,
  questions: readonly Question[],
  common: Common & { levels: Level[] }
): Panel {
  const { levels, ...rest } = common
  return {
    ...panel('bargauge', title, questions, { span: 4, height: 8 }, rest, {
      ...{ min: 0, max: 1, thresholds: thresholds(levels), color: { mode: 'thresholds' } }
    }),
    options: {
      ...{ displayMode: 'basic', orientation: 'horizontal', showUnfilled: true, valueMode: 'color' },
      reduceOptions: { values: false, calcs: ['lastNotNull'], fields: '' }
    }
  }
}

export function logs(title: string, question: Question, size: Partial<Size> = {}): Panel {
  return {
    ...panel('logs', title, [question], { span: 12, height: 12 }, size, {}),
    options: {
      ...{ showTime: true, wrapLogMessage: true, prettifyLogMessage: false, enableLogDetails: true },
      ...{ sortOrder: 'Descending', dedupStrategy: 'none', showLabels: false, showCommonLabels: false }
    }
  }
}

export function text(title: string, content: string, size: Partial<Size> = {}): Panel {
  return {
    ...{ type: 'text', title, span: 12, height: 4, ...size },
    options: { mode: 'markdown', content }
  }
}

/** The plugin's own list of problems. */
export function problemList(title: string, question: Question, size: Partial<Size> = {}): Panel {
  return {
    ...panel('alexanderzobnin-zabbix-triggers-panel', title, [question], { span: 12, height: 8 }, size, {}),
    options: {
      ...{ layout: 'table', hostField: true, hostTechNameField: false, hostGroups: false, hostProxy: false },
      ...{ showTags: true, statusField: true, statusIcon: false, severityField: true, ageField: true },
      ...{
        descriptionField: true,
        descriptionAtNewLine: false,
        highlightNewEvents: true,
        highlightBackground: false
      },
      ...{ fontSize: '100%', pageSize: 10, problemTimeline: true, resizedColumns: [], schemaVersion: 8 }
    }
  }
}

/** A field is drawn in another way than the rest. */
export function override(name: string, properties: Readonly<Record<string, Json>>): JsonObject {
  return {
    matcher: { id: 'byName', options: name },
    properties: Object.entries(properties).map(([id, value]) => ({ id, value }))
  }
}

/** Numbers that have names. */
export function mappings(
  { values: names }: ValueMap,
  colors: Readonly<Record<string, string>> = {}
): JsonObject[] {
  const options = Object.entries(names).map(([value, name], index) => {
    const color = colors[name]
    return [value, { text: name, index, ...(color === undefined ? {} : { color }) }] as const
  })
  return [{ type: 'value', options: Object.fromEntries(options) }]
}

function panel(
  type: string,
  title: string,
  questions: readonly Question[],
  standard: Size,
  { span, height, description, unit, timeFrom, transformations = [], overrides = [], links = [] }: Common,
  defaults: JsonObject
): Panel {
  const targets = questions.map((question, i) => ({ ...question, refId: letterOf(i) }))
  return {
    ...{ type, title, span: span ?? standard.span, height: height ?? standard.height },
    ...{ datasource: sourceOf(questions), targets, transformations },
    ...(description === undefined ? {} : { description }),
    ...(timeFrom === undefined ? {} : { timeFrom }),
    fieldConfig: { defaults: { ...defaults, ...(unit === undefined ? {} : { unit }), links }, overrides }
  }
}

function sourceOf(questions: readonly Question[]): Source {
  return questions.some(({ datasource }) => datasource === LOGS) ? LOGS : ZABBIX
}

function letterOf(i: number): string {
  return String.fromCharCode('A'.charCodeAt(0) + i)
}

/** Green below the first level; without levels nothing is coloured. */
function thresholds(levels: readonly Level[]): JsonObject {
  const steps = levels.map(({ from, color }) => ({ value: from, color }))
  return { mode: 'absolute', steps: [{ value: null, color: levels.length > 0 ? 'green' : 'text' }, ...steps] }
}
