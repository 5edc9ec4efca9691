/**
 * Dashboards are put together with grafana-dash-gen: its Dashboard and its rows. Everything else of it draws for a Grafana
 * that is gone, so panels, variables and annotations are our own, and what it generates is turned into today's form.
 * This file alone knows it.
 */
import dashgen from 'grafana-dash-gen'
import { placed, type Row } from './grid.ts'
import type { JsonObject } from './json.ts'
import { otherDashboards, TAG } from './links.ts'
import type { Panel } from './panels.ts'
import { GRAFANA } from './sources.ts'

export interface Drawing {
  /** For ever: links and bookmarks hang on it. */
  uid: string
  title: string
  description: string
  variables: readonly JsonObject[]
  annotations?: readonly JsonObject[]
  links?: readonly JsonObject[]
  rows: readonly { title: string; panels: readonly Panel[]; collapse?: boolean }[]
}

/** The newest that Grafana 11 knows without a migration that matters; newer ones read it. */
const SCHEMA = 39
const SHARED_CROSSHAIR = 1

export function dashboard(drawing: Drawing): JsonObject {
  const { uid, description } = drawing
  const { title, tags, timezone, editable, refresh, schemaVersion, time, ...made } = generated(drawing)
  return {
    ...{ uid, title, description, tags, timezone, editable, schemaVersion, time, refresh },
    ...{ graphTooltip: SHARED_CROSSHAIR, timepicker: {}, links: made.links, panels: placed(made.rows) },
    templating: { list: made.templating.list },
    annotations: { list: [ownAnnotations(), ...made.annotations.list] }
  }
}

/** What grafana-dash-gen gives, as far as it is used. */
interface Generated {
  title: string
  tags: string[]
  timezone: string
  editable: boolean
  refresh: string
  schemaVersion: number
  time: JsonObject
  links: JsonObject[]
  rows: Row[]
  templating: { list: JsonObject[] }
  annotations: { list: JsonObject[] }
}

function generated({ title, variables, annotations = [], links = [], rows }: Drawing): Generated {
  const made = new dashgen.Dashboard({
    ...{ title: `Driftlog / ${title}`, tags: [TAG], refresh: '1m', schemaVersion: SCHEMA },
    time: { from: 'now-6h', to: 'now' }
  })
  for (const { title: heading, collapse = false, panels } of rows) {
    const row = new dashgen.Row({ title: heading, collapse })
    for (const panel of panels) row.addPanel(asPart(panel))
    made.addRow(row)
  }
  for (const variable of variables) made.addTemplate(asPart(variable))
  for (const annotation of annotations) made.addAnnotation(asPart(annotation))
  for (const link of [otherDashboards(), ...links]) made.links.push(asPart(link))
  // It gives its own state away, which later calls would change.
  return structuredClone(made.generate()) as unknown as Generated
}

/** It takes whatever has a method generate(), and its types name its own classes alone. Links are copied as they are. */
function asPart<Part>(what: JsonObject): Part {
  return Object.defineProperty({ ...what }, 'generate', { value: () => what, enumerable: false }) as Part
}

function ownAnnotations(): JsonObject {
  return {
    ...{ builtIn: 1, datasource: GRAFANA, enable: true, hide: true, iconColor: 'rgba(0, 211, 255, 1)' },
    ...{ name: 'Annotations & Alerts', type: 'dashboard' }
  }
}
