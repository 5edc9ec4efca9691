/** `driftlog app`: definitions of apps, as the hub keeps them. */
import { basename, extname } from 'node:path'
import type {
  AppAnswer,
  DefinitionsAnswer,
  DiffAnswer,
  PostedAnswer,
  VersionsAnswer
} from '../deploys/apps-api.ts'
import type { Endpoint, EndpointsAnswer } from '../deploys/endpoints.ts'
import { byText } from './deploy-lines.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { changingHub, readingHub } from './hub-of.ts'
import type { ClientFlags } from './options.ts'
import { clock } from './records.ts'
import type { Say } from './say.ts'
import { safeLine, safeText, table } from './terminal.ts'
import { readWritten } from './written.ts'

export interface PutFlags extends ClientFlags {
  app?: string
  dryRun?: boolean
}

export interface VersionFlags extends ClientFlags {
  at?: number
}

export interface DiffFlags extends ClientFlags {
  from?: number
  to?: number
  environment?: string
  toEnvironment?: string
}

export interface ComposeFlags extends VersionFlags {
  environment: string
  kind: 'compose' | 'rancher'
}

export interface EndpointFlags extends ClientFlags {
  environment: string
}

/** Standard output has the version alone, what is other than before is a remark. */
export async function putApp(
  file: string,
  flags: PutFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const app = flags.app ?? nameIn(file)
  const text = await readWritten(file)
  const kind = /^\s*\{/.test(text) ? 'application/json' : 'application/yaml'
  const path = flags.dryRun ? `${pathOf(app)}?dryRun=true` : pathOf(app)
  const posted = await changingHub(flags, env).changeByText<PostedAnswer>(path, kind, text)
  const { version, changed } = posted
  if (flags.json) say.line(JSON.stringify(posted))
  else {
    if (changed) say.remark(safeText(posted.text.trimEnd(), false))
    say.line(String(version))
    say.remark(putText(app, posted, flags, say))
  }
  return EXIT.ok
}

export async function listApps(flags: ClientFlags, env: NodeJS.ProcessEnv, say: Say): Promise<ExitCode> {
  const { definitions } = await readingHub(flags, env).json<DefinitionsAnswer>('/api/definitions')
  if (flags.json) for (const kept of definitions) say.line(JSON.stringify(kept))
  else if (definitions.length === 0) say.remark(`No app has a definition yet: ${say.me} app put orders.yaml`)
  else say.write(versionTable(definitions, flags, say))
  return EXIT.ok
}

export async function showApp(
  app: string,
  flags: VersionFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const kept = await readingHub(flags, env).json<AppAnswer>(pathOf(app), { version: flags.at })
  say.line(flags.json ? JSON.stringify(kept) : JSON.stringify(kept.definition, undefined, 2))
  return EXIT.ok
}

export async function listVersions(
  app: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { versions } = await readingHub(flags, env).json<VersionsAnswer>(`${pathOf(app)}/versions`)
  if (flags.json) for (const kept of versions) say.line(JSON.stringify(kept))
  else say.write(versionTable(versions, flags, say))
  return EXIT.ok
}

export async function diffApp(
  app: string,
  flags: DiffFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { from, to, environment, toEnvironment } = flags
  const asked = { from, to, environment, toEnvironment }
  const answer = await readingHub(flags, env).json<DiffAnswer>(`${pathOf(app)}/diff`, asked)
  if (flags.json) say.line(JSON.stringify(answer))
  else say.write(safeText(answer.text, false))
  return answer.diff.length > 0 ? EXIT.found : EXIT.ok
}

export async function composeApp(
  app: string,
  flags: ComposeFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { environment, kind, at, json } = flags
  const asked = { environment, kind, version: at }
  const text = await readingHub(flags, env).text(`${pathOf(app)}/compose`, asked)
  if (json) say.line(JSON.stringify({ app, environment, kind, text }))
  else say.write(text)
  return EXIT.ok
}

export async function endpointsOfApp(
  app: string,
  flags: EndpointFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const { environment, json } = flags
  const path = `${pathOf(app)}/endpoints`
  const { endpoints, others } = await readingHub(flags, env).json<EndpointsAnswer>(path, { environment })
  for (const endpoint of endpoints) say.line(json ? JSON.stringify(endpoint) : placeOf(endpoint))
  for (const other of others)
    say.remark(safeLine(`not ${placeOf(other)} (${other.hostName}): ${other.reason}`))
  if (endpoints.length > 0) return EXIT.ok
  say.remark(`No instance of ${app} in ${environment} is healthy.`)
  return EXIT.found
}

function placeOf({ address, port }: Endpoint): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`
}

export async function deleteApp(
  app: string,
  flags: ClientFlags,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const gone = await changingHub(flags, env).change<{ removed: string }>('DELETE', pathOf(app))
  say.line(flags.json ? JSON.stringify(gone) : `The definition of ${gone.removed} is removed.`)
  return EXIT.ok
}

function putText(app: string, { version, changed }: PostedAnswer, { dryRun }: PutFlags, { me }: Say): string {
  if (!changed) return `Version ${version} of ${app} says the same already.`
  if (dryRun) return `Nothing was kept: ${app} still has version ${version}.`
  return `This is version ${version} of ${app}. Deploy it: ${me} deploy ${app} --environment …`
}

function versionTable(
  kept: VersionsAnswer['versions'],
  { utc = false }: ClientFlags,
  { paint }: Say
): string {
  const rows = kept.map(({ app, version, atMs, by, image, environments }) =>
    [
      app,
      String(version),
      clock(new Date(atMs).toISOString(), utc),
      byText(by),
      image,
      environments.join(', ')
    ].map(safeLine)
  )
  return table([['APP', 'VERSION', 'KEPT', 'BY', 'IMAGE', 'ENVIRONMENTS'], ...rows], paint)
}

function nameIn(file: string): string {
  if (file === '-') throw new CliError(EXIT.usage, 'Standard input has no name: say whose it is by --app.')
  return basename(file, extname(file))
}

function pathOf(app: string): string {
  return `/api/apps/${encodeURIComponent(app)}`
}
