/** Deploys that have ended, for whoever shows them beside numbers. */
import type { Mark, MarkSource } from '../marks.ts'
import type { Archive } from './archive.ts'
import type { Deploy } from './deploy.ts'
import { hasEnded } from './kept.ts'

export function deployMarks(archive: Pick<Archive, 'ids' | 'read'>): MarkSource {
  return async (sinceMs) => {
    const marks: Mark[] = []
    for (const id of archive.ids(({ endedMs = 0 }) => endedMs >= sinceMs)) {
      const deploy = (await archive.read(id))?.deploy
      const mark = deploy && markOf(deploy)
      if (mark) marks.push(mark)
    }
    return marks
  }
}

/** Undefined where nothing was touched, or it is not over yet. */
function markOf(deploy: Deploy): Mark | undefined {
  const { id, app, environment, slots, startedMs, endedMs } = deploy
  if (!hasEnded(deploy) || startedMs === undefined || endedMs === undefined) return undefined
  const hosts = slots.filter(({ kind }) => kind !== 'same').map(({ hostName }) => hostName)
  return {
    ...{ id: `deploy-${id}`, kind: 'deploy', atMs: startedMs, endMs: endedMs, app, environment },
    ...{ hosts: [...new Set(hosts)], text: sentenceOf(deploy) }
  }
}

function sentenceOf({ app, environment, version, reference, state, why, by }: Deploy): string {
  const reason = why === undefined ? '' : ` (${why})`
  return `${app} in ${environment}: ${reference}, version ${version}, by ${by.name}: ${state}${reason}`
}
