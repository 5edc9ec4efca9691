import { type DashboardFile, dashboards } from '../../dashboards/all.ts'
import { type Config, readConfig } from '../config.ts'
import { sayChecks } from './checks.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { withSet } from './options.ts'
import type { Say } from './say.ts'

export interface DashboardFlags {
  elasticsearch?: boolean
  hubUrl?: string
  group?: string
}

export function printDashboards(
  name: string | undefined,
  flags: DashboardFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): ExitCode {
  const { files: all } = drawn(flags, env)
  if (name === undefined) {
    say.write(`[\n${all.map(({ text }) => text.trimEnd()).join(',\n')}\n]\n`)
    return EXIT.ok
  }
  const found = all.find((one) => one.name === name)
  if (!found) {
    const names = all.map((one) => one.name).join(', ')
    throw new CliError(EXIT.usage, `There is no dashboard "${name}". There are: ${names}.`)
  }
  say.write(found.text)
  return EXIT.ok
}

/** One line of the answer for each file. */
export async function exportDashboards(
  dir: string,
  flags: DashboardFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { writeDashboards } = await import('../grafana/folder.ts')
  const { files } = drawn(flags, env)
  for await (const { kind, path } of writeDashboards(dir, files)) say.line(`${kind}  ${path}`)
  return EXIT.ok
}

/** One line of the answer for each dashboard; ends with 1 when one was kept as somebody has changed it. */
export async function publishDashboards(
  { grafanaUrl, overwrite = false, ...flags }: DashboardFlags & { grafanaUrl?: string; overwrite?: boolean },
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { config, files, withLogs } = drawn(flags, withSet(env, { DRIFTLOG_GRAFANA_URL: grafanaUrl }))
  const address = config.grafana?.api
  if (!address)
    throw new CliError(EXIT.usage, 'Say where Grafana is: --grafana-url, or DRIFTLOG_GRAFANA_URL.')
  const { GrafanaApi } = await import('../grafana/api.ts')
  const { publish } = await import('../grafana/publish.ts')
  const { ensureSources, wantedOf } = await import('../grafana/sources.ts')
  const api = new GrafanaApi(address)
  const ensured = ensureSources(api, wantedOf(config, withLogs))
  for await (const { what, kind } of ensured) if (kind !== 'there') say.remark(`${what}: ${REMEDIES[kind]}`)
  let kept = false
  for await (const one of publish(api, files, { overwrite })) {
    say.line(`${one.kind.padEnd(7)}  ${one.uid}`)
    if (one.kind !== 'kept') continue
    kept = true
    say.remark(`${one.uid}: ${REASONS[one.reason]}`)
  }
  return kept ? EXIT.found : EXIT.ok
}

/** Ends with 1 where something is not well. */
export async function runDashboardStatus(
  { grafanaUrl, json = false, ...flags }: DashboardFlags & { grafanaUrl?: string; json?: boolean },
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { config, files, withLogs } = drawn(flags, withSet(env, { DRIFTLOG_GRAFANA_URL: grafanaUrl }))
  const { grafana: settings } = config
  if (!settings)
    throw new CliError(
      EXIT.usage,
      'Say where Grafana is: --grafana-url or DRIFTLOG_GRAFANA_URL, or its folder in DRIFTLOG_GRAFANA_DASHBOARDS_DIR.'
    )
  const { checkGrafana } = await import('../grafana/checks.ts')
  return sayChecks(await checkGrafana({ settings, files, withLogs }), json, say)
}

const REMEDIES = {
  made: 'made',
  missing: 'missing; docs/grafana.md says how to make it',
  unseen: 'this token may not look whether it is there; docs/grafana.md says how to make it'
}
const REASONS = {
  edited: 'somebody has changed it since, and it stays so; --overwrite throws their changes away',
  provisioned: 'it comes from a file, see driftlog dashboards export; take the file away to publish instead'
}

interface Drawn {
  config: Config
  files: DashboardFile[]
  withLogs: boolean
}

/** With the hub's settings, over which flags win. */
function drawn({ elasticsearch, hubUrl, group }: DashboardFlags, env: NodeJS.ProcessEnv): Drawn {
  const config = readConfig(withSet(env, { DRIFTLOG_PUBLIC_URL: hubUrl, DRIFTLOG_ZABBIX_GROUP: group }))
  const withLogs = elasticsearch ?? config.dashboards.elasticsearch
  return { config, files: dashboards({ ...config.dashboards, elasticsearch: withLogs }), withLogs }
}
