import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DashboardFile, dashboards } from '../../dashboards/all.ts'
import { LOGS } from '../../dashboards/sources.ts'
import { readConfig } from '../config.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { withSet } from './options.ts'
import type { Say } from './say.ts'

export interface DashboardFlags {
  elasticsearch?: boolean
  hubUrl?: string
  group?: string
}

/** So many values may be missing before a line is drawn with a gap. */
const MISSING_VALUES = 3
const USUAL_INTERVAL_MS = 60_000

export function printDashboards(
  name: string | undefined,
  flags: DashboardFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): ExitCode {
  const all = drawn(flags, env)
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
  const all = drawn(flags, env)
  await mkdir(dir, { recursive: true })
  for (const { uid, text } of all) {
    const path = join(dir, `${uid}.json`)
    const there = await contentsOf(path)
    if (there !== text) await replace(path, text)
    say.line(`${there === undefined ? 'made' : there === text ? 'same' : 'changed'}  ${path}`)
  }
  return EXIT.ok
}

/** One line of the answer for each dashboard; ends with 1 when one was kept as somebody has changed it. */
export async function publishDashboards(
  { grafanaUrl, overwrite = false, ...flags }: DashboardFlags & { grafanaUrl?: string; overwrite?: boolean },
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const settings = withSet(env, { DRIFTLOG_GRAFANA_URL: grafanaUrl })
  const all = drawn(flags, settings)
  const { grafana, zabbix, cluster } = readConfig(settings)
  if (!grafana)
    throw new CliError(EXIT.usage, 'Say where Grafana is: --grafana-url, or DRIFTLOG_GRAFANA_URL.')
  const { GrafanaApi } = await import('../grafana/api.ts')
  const { publish } = await import('../grafana/publish.ts')
  const { ensureSources } = await import('../grafana/sources.ts')
  const api = new GrafanaApi(grafana)
  const ensured = ensureSources(api, {
    zabbix: placeOf(zabbix?.api.url.href, grafana.zabbixToken),
    logs: all.some(usesLogs) ? placeOf(cluster?.settings.urls[0], grafana.elasticsearchKey) : 'unused'
  })
  for await (const { what, kind } of ensured) if (kind !== 'there') say.remark(`${what}: ${REMEDIES[kind]}`)
  let kept = false
  for await (const one of publish(api, all, { overwrite })) {
    say.line(`${one.kind.padEnd(7)}  ${one.uid}`)
    if (one.kind !== 'kept') continue
    kept = true
    say.remark(`${one.uid}: ${REASONS[one.reason]}`)
  }
  return kept ? EXIT.found : EXIT.ok
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

function placeOf(
  url: string | undefined,
  secret: string | undefined
): { url: string; secret: string } | 'missing' {
  return url === undefined || secret === undefined ? 'missing' : { url, secret }
}

function usesLogs({ text }: DashboardFile): boolean {
  return text.includes(LOGS.uid)
}

function drawn({ elasticsearch, hubUrl, group }: DashboardFlags, env: NodeJS.ProcessEnv): DashboardFile[] {
  const settings = withSet(env, { DRIFTLOG_PUBLIC_URL: hubUrl, DRIFTLOG_ZABBIX_GROUP: group })
  const { store, publicUrl, zabbix } = readConfig(settings)
  return dashboards({
    groupName: zabbix?.group ?? (settings['DRIFTLOG_ZABBIX_GROUP'] || 'Driftlog'),
    ...(publicUrl === undefined ? {} : { hub: publicUrl }),
    elasticsearch: elasticsearch ?? store === 'elasticsearch',
    brokenAfterMs: MISSING_VALUES * (zabbix?.intervalMs ?? USUAL_INTERVAL_MS)
  })
}

/** Grafana reads the folder again and again, and must not find half a file. */
async function replace(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text)
  await rename(`${path}.new`, path)
}

async function contentsOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
