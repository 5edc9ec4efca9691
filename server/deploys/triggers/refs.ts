/** What was pushed to git. */
import { quoted, type Told } from './event.ts'

interface Pushed {
  /** refs/heads/… or refs/tags/… */
  ref: string
  /** All zeros where it was deleted. */
  commit: string
  repository: string
  by: string | undefined
}

export function refOf({ ref, commit, repository, by }: Pushed): Told {
  const [, sort, name = ''] = /^refs\/(heads|tags)\/(.+)$/s.exec(ref) ?? []
  const text = `push of ${sort === 'tags' ? 'tag' : 'branch'} ${quoted(name)} to ${quoted(repository)}`
  if (sort === undefined) return { text: `push of ${quoted(ref)}`, why: 'it is neither branch nor tag' }
  if (/^0+$/.test(commit)) return { text, why: 'it was deleted' }
  const more = { repository, commit, ...(by === undefined ? {} : { by }) }
  return sort === 'tags'
    ? { text, event: { kind: 'tag', tag: name, ...more } }
    : { text, event: { kind: 'push', branch: name, ...more } }
}
