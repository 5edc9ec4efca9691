/** Labels of an instance: compose's, so that docker's tools know it; Driftlog's, so that its logs have their app. */
import { nearest } from '../../collector/query/nearest.ts'
import type { Wanted } from './definition.ts'
import type { ShapeProblem } from './shape.ts'

/** docs/labels.md: what a definition may say by label; all else of `driftlog.` is Driftlog's own. */
const OPEN = [
  'driftlog.enable',
  'driftlog.multiline',
  'driftlog.redact',
  'driftlog.level',
  'driftlog.retention'
]
const FILES = 'driftlog.files'
const LONGEST_NAME = 255
const LONGEST_VALUE = 4096
const NEAR = 3

/** Compose's project: also what its network, volumes and containers are called by. */
export function projectOf(app: string, environment: string): string {
  return `${app}-${environment}`
}

/** Those that do not depend on which instance it is. */
export function ownLabels(
  app: string,
  environment: string,
  { labels, logs }: Wanted
): Record<string, string> {
  return {
    ...labels,
    'driftlog.app': app,
    'driftlog.env': environment,
    ...(logs?.files?.length ? { [FILES]: logs.files.join(' ') } : {})
  }
}

/** Compose looks for its containers by these. */
export function composeLabels(
  app: string,
  environment: string,
  slot: number,
  configHash: string
): Record<string, string> {
  return {
    'com.docker.compose.project': projectOf(app, environment),
    'com.docker.compose.service': app,
    'com.docker.compose.container-number': String(slot),
    'com.docker.compose.oneoff': 'False',
    'com.docker.compose.config-hash': configHash
  }
}

export function* labelProblems({ labels = {}, logs }: Partial<Wanted>): Generator<ShapeProblem, void> {
  for (const name of Object.keys(labels)) {
    const message = nameProblem(name)
    if (message !== undefined) yield { path: ['labels', name], message }
  }
  const files = logs?.files ?? []
  for (const [at, pattern] of files.entries()) {
    const path = ['logs', 'files', at]
    if (/[\s\0]/.test(pattern))
      yield { path, message: 'has a blank; write "?" for it, which is any character' }
    if (pattern.replace(/\{[^}]*\}/g, '').includes(','))
      yield { path, message: 'has a comma; write each pattern as an entry of its own' }
  }
  if (files.join(' ').length > LONGEST_VALUE)
    yield { path: ['logs', 'files'], message: `have more than ${LONGEST_VALUE} characters together` }
}

function nameProblem(name: string): string | undefined {
  if (name === '' || /[\s\0]/.test(name)) return 'is no name of a label: it is empty, or has blanks'
  if (name.length > LONGEST_NAME) return `is longer than ${LONGEST_NAME} characters`
  if (name.startsWith('com.docker.compose.')) return "is compose's own, and is set by the hub"
  if (name === FILES) return 'is set by logs.files; write the patterns there'
  if (!name.startsWith('driftlog.') || OPEN.includes(name)) return undefined
  const meant = nearest(name.slice(0, 64), OPEN, NEAR)
  return meant === undefined
    ? `is Driftlog's own; open are ${OPEN.join(', ')}`
    : `is unknown; "${meant}" is meant?`
}
