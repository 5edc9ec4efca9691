import type { Finding } from '../../agent/doctor/finding.ts'
import type { InstanceFacts } from '../../agent/protocol.ts'
import { EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'
import { untilStopped } from './stop.ts'
import { type Style, widthOf } from './terminal.ts'

const STYLES: Record<Finding['state'], Style> = { ok: 'green', warn: 'yellow', fail: 'red' }
/** Names that are told of the containers with one setting. */
const MOST_NAMES = 5

/** Ends with 1 where something keeps the agent from its work. `env` holds its settings. */
export async function doctor(json: boolean, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { readConfig } = await import('../../agent/config.ts')
  const { examine } = await import('../../agent/doctor/doctor.ts')
  const { thisMachine } = await import('../../agent/doctor/machine.ts')
  const { dockerEngine } = await import('../../agent/docker/dockerode.ts')
  const { actingEngine } = await import('../../agent/docker/dockerode-acting.ts')
  const config = readConfig(env)
  using stop = untilStopped()
  const engine = dockerEngine(config.engine)
  const acting = actingEngine(config.engine)
  const findings: Finding[] = []
  for await (const finding of examine(
    { config, machine: thisMachine(), engine, acting, settings },
    stop.signal
  )) {
    findings.push(finding)
    if (!json) say.write(rowOf(finding, say))
  }
  const count = (state: Finding['state']) => findings.filter((finding) => finding.state === state).length
  const failed = count('fail')
  if (json) say.line(JSON.stringify({ ok: failed === 0, findings }))
  else say.line(`\n${count('ok')} ok, ${count('warn')} to look at, ${failed} to mend`)
  return failed === 0 ? EXIT.ok : EXIT.found
}

/** What the hub says of settings that can lose lines, each with the containers that have it. */
async function settings(containers: InstanceFacts[]): Promise<Finding[]> {
  const { risksOf } = await import('../../collector/ledger/risks.ts')
  const { handlingOf } = await import('../../collector/handling.ts')
  const byMessage = new Map<string, { advice: string; names: string[] }>()
  for (const facts of containers) {
    for (const { code, message, advice } of risksOf(facts, handlingOf(facts.labels).problems)) {
      if (code === 'opted-out') continue
      const known = byMessage.get(message) ?? { advice, names: [] }
      known.names.push(facts.name)
      byMessage.set(message, known)
    }
  }
  const check = 'log settings'
  const risky = [...byMessage].map(([message, { advice, names }]): Finding => {
    return { check, state: 'warn', text: `${namesOf(names)}: ${message}`, remedies: [advice] }
  })
  if (risky.length > 0) return risky
  return [{ check, state: 'ok', text: `no container has one that can lose lines`, remedies: [] }]
}

function namesOf(names: string[]): string {
  const shown = names.slice(0, MOST_NAMES).join(', ')
  return names.length > MOST_NAMES ? `${shown} and ${names.length - MOST_NAMES} more` : shown
}

const CHECK_WIDTH = 20

function rowOf({ check, state, text, remedies }: Finding, { paint }: Say): string {
  const name = check + ' '.repeat(Math.max(1, CHECK_WIDTH - widthOf(check)))
  const head = `${paint(STYLES[state], state.padEnd(6))}${name}${text}\n`
  return (
    head +
    remedies.map((remedy) => `${' '.repeat(6 + CHECK_WIDTH)}${paint('bold', '→')} ${remedy}\n`).join('')
  )
}
