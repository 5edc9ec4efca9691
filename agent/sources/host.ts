/** What stands for a container where logs are the host's own. */
import type { Instance } from '../facts.ts'
import type { HostApp } from './host-apps.ts'
import type { Root } from './root.ts'

/** An app whose files lie on the host, as an instance that runs as long as it is asked for. */
export function hostInstance({ app, environment, patterns }: HostApp, hostRoot: string): Instance {
  const root: Root = {
    upper: { host: hostRoot === '' ? '/' : hostRoot, dev: undefined },
    lowers: [],
    mounts: new Map()
  }
  return {
    facts: {
      ...{ container: `host/${app}`, name: app, app, environment },
      ...{ identity: 'host', image: '', labels: {}, state: 'running', logSource: 'host' }
    },
    log: undefined,
    files: {
      patterns,
      by: `DRIFTLOG_HOST_FILES (app=${app})`,
      locate: () => ({ root, missing: [] })
    }
  }
}
