/** Deploys, plans and steps as lines for a person. */
import type { By, Deploy, DeployStep, SlotState } from '../deploys/deploy.ts'
import { type Paint, type Style, safeLine, table } from './terminal.ts'

export interface TimeLook {
  paint: Paint
  time(ms: number): string
}

const STYLES: Record<Deploy['state'], Style> = {
  waiting: 'yellow',
  running: 'blue',
  paused: 'yellow',
  'rolling-back': 'yellow',
  succeeded: 'green',
  'rolled-back': 'yellow',
  failed: 'red',
  cancelled: 'dim'
}

/** Cells of `driftlog deploy list`. */
export function deployLine(deploy: Deploy, { time }: TimeLook): string[] {
  const { id, app, environment, reference, state, startedMs, createdMs } = deploy
  return [id, time(startedMs ?? createdMs), app, environment, reference, state, byText(deploy.by)].map(
    safeLine
  )
}

/** Everything about one deploy. */
export function deployText(deploy: Deploy, steps: readonly DeployStep[], look: TimeLook): string {
  const { paint, time } = look
  const { image, before, slots, checks } = deploy
  const facts: [string, string | undefined][] = [
    ['deploy', deploy.id],
    ['app', `${deploy.app}, version ${deploy.version} of its definition`],
    ['environment', deploy.environment],
    ['image', deploy.reference],
    ['digest', image && (image.digest ?? image.imageId)],
    ['before', before?.deploy],
    ['promoted from', deploy.promotedFrom],
    ['takes back', deploy.takesBack],
    ['asked for', `${time(deploy.createdMs)} by ${byText(deploy.by)}`],
    ['reason', deploy.reason],
    ['approved by', deploy.approvedBy && byText(deploy.approvedBy)],
    ['began', deploy.startedMs === undefined ? undefined : time(deploy.startedMs)],
    ['ended', deploy.endedMs === undefined ? undefined : time(deploy.endedMs)]
  ]
  const told = facts.flatMap(([name, value]) =>
    value === undefined ? [] : [`${name.padEnd(14)}${safeLine(value)}\n`]
  )
  const checkRows = checks.map(({ name, passed, text = '', url = '' }) => [
    passed ? 'passed' : 'failed',
    ...[name, text, url].map(safeLine)
  ])
  return [
    ...told,
    `${'state'.padEnd(14)}${stateText(deploy, paint)}\n`,
    slots.length === 0 ? '' : `\n${planTable(slots, paint)}`,
    checks.length === 0 ? '' : `\n${table([['CHECK', 'NAME', 'WORDS', 'REPORT'], ...checkRows], paint)}`,
    steps.length === 0 ? '' : `\n${steps.map((step) => stepLine(step, slots, look)).join('')}`
  ].join('')
}

export function planTable(slots: readonly SlotState[], paint: Paint): string {
  const rows = slots.map(({ slot, hostName, kind, differs, state, port, reason }) =>
    [String(slot), hostName, kind, state, String(port ?? ''), differs.join(', '), reason ?? ''].map(safeLine)
  )
  return table([['SLOT', 'HOST', 'CHANGE', 'STATE', 'PORT', 'DIFFERS', 'WHY'], ...rows], paint)
}

/** `2026-11-23 15:04:05.123 #1 berlin-1  pull done  the image is there` */
export function stepLine(step: DeployStep, slots: readonly SlotState[], { paint, time }: TimeLook): string {
  const host = slots.find((slot) => slot.host === step.host)?.hostName ?? step.host
  const place = step.slot === undefined ? '' : `#${step.slot} ${host ?? ''} `
  const style = step.state === 'failed' ? 'red' : step.state === 'done' ? 'green' : 'dim'
  const by = step.by ? `by ${byText(step.by)} ` : ''
  const words = `${step.step} ${step.state}`
  return `${paint('dim', time(step.atMs))} ${paint('cyan', safeLine(place))}${paint(style, words)}  ${safeLine(by + step.text)}\n`
}

/** `rolled-back: slot 2 did not become healthy` */
export function stateText({ state, why }: Pick<Deploy, 'state' | 'why'>, paint: Paint): string {
  return paint(STYLES[state], state) + (why === undefined ? '' : `: ${safeLine(why)}`)
}

export function byText({ kind, name }: By): string {
  if (kind === 'hub') return 'the hub'
  return kind === 'person' ? name : `${kind} ${name}`
}
