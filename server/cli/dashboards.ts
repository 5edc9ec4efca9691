import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type DashboardFile, dashboards } from '../../dashboards/all.ts'
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
