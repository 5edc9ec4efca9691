import { resolve } from 'node:path'
import type { Migration } from '../../collector/store/migrate.ts'
import { readConfig } from '../config.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import { openLog } from './log.ts'
import type { Say } from './say.ts'
import { untilStopped } from './stop.ts'

/** Copies an embedded data folder into the cluster of the settings. Ends with 1 where something is not there in the end. */
export async function runMigration(
  folder: string,
  json: boolean,
  env: NodeJS.ProcessEnv,
  say: Say
): Promise<ExitCode> {
  const config = readConfig({ ...env, DRIFTLOG_STORE: 'elasticsearch' })
  const { openCluster, openStores } = await import('../../collector/store/open.ts')
  const { migrate } = await import('../../collector/store/migrate.ts')
  if (!config.cluster) throw new CliError(EXIT.usage, 'Say which cluster: DRIFTLOG_ELASTICSEARCH_URL.')
  using stop = untilStopped()
  const { signal } = stop
  const log = openLog('warn', env)
  const name = resolve(folder)
  say.progress.say('opening both stores …')
  try {
    await using from = await openStores({ engine: 'embedded', dataDir: name, log })
    const to = await openCluster({ log, signal }, config.cluster)
    await using _to = to.logs
    const told = (copied: number, total: number) =>
      say.progress.say(`${Math.floor((100 * copied) / Math.max(1, total))} %  ${copied} of ${total} records`)
    const migration = await migrate(from, to, { name, signal, told })
    say.progress.done()
    say.write(json ? `${JSON.stringify(migration)}\n` : pageOf(migration, say))
    const { differing, unreadable, stats } = migration
    return differing.length + unreadable.length + stats.taken.length > 0 ? EXIT.found : EXIT.ok
  } catch (error) {
    if (!signal.aborted) throw error
    throw new CliError(EXIT.failed, 'Broken off. Start it again: it goes on where it was.')
  }
}

function pageOf({ records, stats, unreadable, differing }: Migration, { paint }: Say): string {
  const lines = [
    ...unreadable.map(({ part, reason }) => `${paint('red', 'unreadable')} ${part}: ${reason}`),
    ...differing.map(
      ({ origin, from, to }) =>
        `${paint('red', 'differs')} ${origin.app} on ${origin.hostName}, ${origin.containerName}: ${from} records, ${to} in the cluster`
    )
  ]
  if (stats.taken.length > 0)
    lines.push(
      `${paint('red', 'not copied')} numbers of hosts and containers: the cluster has its own of ${stats.taken.length} hosts`
    )
  const verdict =
    lines.length === 0
      ? 'All are there. Start the hub with DRIFTLOG_STORE=elasticsearch; its agents go on where they stood.'
      : 'Not all is there.'
  return `${[...lines, `${records.toLocaleString('en')} records copied. ${verdict}`].join('\n')}\n`
}
