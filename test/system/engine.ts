/**
 * The engine that the hubs of these tests keep their records in: their own folders, or with
 * DRIFTLOG_TEST_STORE=elasticsearch the real server that test/services/elasticsearch has started.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

export const CLUSTER = `http://127.0.0.1:${process.env['ES_PORT'] ?? '9200'}`

/** Whether records live in the real server. */
export const isClustered = process.env['DRIFTLOG_TEST_STORE'] === 'elasticsearch'

/** Settings of a hub that keeps its records in the real server. */
export const CLUSTER_ENV = {
  DRIFTLOG_STORE: 'elasticsearch',
  DRIFTLOG_ELASTICSEARCH_URL: CLUSTER,
  DRIFTLOG_ELASTICSEARCH_REPLICAS: '0'
}

/**
 * Settings of a hub over this folder, for the engine that is tested. A hub that was never started over it finds an empty
 * cluster, as it would find an empty folder; so one hub at a time.
 */
export function storeEnv(dataDir: string): Record<string, string> {
  if (!isClustered) return {}
  // Hubs keep their first tokens there, whatever the engine.
  if (!existsSync(join(dataDir, 'tokens'))) emptyCluster()
  return CLUSTER_ENV
}

/** Deletes all that hubs keep in the real server; at once, since programs are started at once. */
export function emptyCluster(): void {
  const drop = ['-sS', '--max-time', '60', '-o', '/dev/null', '-X', 'DELETE']
  execFileSync('curl', [...drop, '--fail', `${CLUSTER}/driftlog-*,driftlog.*`])
  // Hubs make all that they need where the template is missing. It or what people add to it may not be there.
  execFileSync('curl', [...drop, `${CLUSTER}/_index_template/driftlog*`])
  execFileSync('curl', [...drop, `${CLUSTER}/_component_template/driftlog@*`])
}

/** A cluster's searches find what was written within a second: resolves when they do. */
export async function shown(): Promise<void> {
  if (isClustered) await fetch(`${CLUSTER}/driftlog-*,driftlog.*/_refresh`, { method: 'POST' })
}

/** All documents that hubs keep in the real server. */
export async function everythingInCluster(): Promise<string> {
  await shown()
  const found = await fetch(`${CLUSTER}/driftlog-*,driftlog.*/_search?size=10000`)
  return found.text()
}
