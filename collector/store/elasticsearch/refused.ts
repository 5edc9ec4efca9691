/** Documents that the cluster refuses even without what was parsed out of their lines: somebody's mapping, mostly. */
import type { Documents } from './writer.ts'

interface Plain {
  message: string
  driftlog: { refused?: string; words?: string; long?: boolean }
}

/**
 * The one document with its line where the cluster only keeps it: it is read back whole, and found by its time and its
 * origin, not by its words. For others `message` says why.
 */
export function keptOf(plain: Documents, reason: string): Documents {
  const [action = '', source = ''] = plain.body.toString().split('\n')
  const document: Plain = JSON.parse(source)
  const { words: _words, long: _long, ...driftlog } = document.driftlog
  driftlog.refused = document.message
  const message = `Refused by the cluster's mapping, and kept in driftlog.refused: ${reason.slice(0, 300)}`
  const body = Buffer.from(`${action}\n${JSON.stringify({ ...document, message, driftlog })}\n`)
  return { ...plain, body, ends: Uint32Array.of(body.length) }
}
