import type { RecordJson } from '../../server/api.ts'

/** The path of the file that a record was read from; undefined where it is the container's own log. */
export function fileOf({ stream }: Pick<RecordJson, 'stream'>): string | undefined {
  return stream.startsWith('file:') ? stream.slice('file:'.length) : undefined
}
