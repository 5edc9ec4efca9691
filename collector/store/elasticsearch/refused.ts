/** Documents that the cluster refuses even without what was parsed out of their lines: somebody's mapping, mostly. */

interface Plain {
  message: string
  driftlog: { refused?: string; words?: string; long?: boolean }
}

/**
 * The document with its line where the cluster only keeps it: it is read back whole, and found by its time and its origin,
 * not by its words. For others `message` says why.
 */
export function keptOf(plain: string, reason: string): string {
  const document: Plain = JSON.parse(plain)
  const { words: _words, long: _long, ...driftlog } = document.driftlog
  driftlog.refused = document.message
  const message = `Refused by the cluster's mapping, and kept in driftlog.refused: ${reason.slice(0, 300)}`
  return JSON.stringify({ ...document, message, driftlog })
}
