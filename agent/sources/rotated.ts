/** What a rotated file was called before, by its name. Pure. */

/** `2026-11-25`, `20261125`, `2026-11-25-14`, `20261125T143000`, `2026-11-25_14-30-00`, seconds since 1970 */
const DATE = String.raw`(?:19|20)\d\d[-_.]?(?:0[1-9]|1[0-2])[-_.]?(?:[0-2]\d|3[01])(?:[-_.T]?\d{2}(?:[-_.:]?\d{2}){0,2})?|1\d{9}`
/** `app.log.1`, `app.log-20261125`, `app.log.2026-11-25.3`, `app.log.old` */
const BEHIND = new RegExp(String.raw`^(.+?)(?:[-_.](?:${DATE})(?:[-_.]\d{1,10})?|\.\d{1,6}|\.old|\.bak)$`)
/** `app-2026-11-25.log`, `app.2026-11-25.0.log` */
const WITHIN = new RegExp(String.raw`^(.+?)[-_.](?:${DATE})(?:[-_.]\d{1,6})?(\.[A-Za-z]{1,10})$`)
/** `app-1.log.gz`: without the packing it would be a log of its own, of a second worker, say. */
const NUMBERED = /^(.+?)[-_.]\d{1,6}(\.[A-Za-z]{1,10})$/

/**
 * The names that the live file may have; the likeliest first. `app.log.1`, `app.log-20261125.gz`, `app-2026-11-25.log`
 * and `app.1.log.gz` all come from `app.log`. Whether one of them exists is for the caller to see.
 */
export function rotatedFrom(name: string): string[] {
  const isPacked = name.endsWith('.gz')
  const unpacked = isPacked ? name.slice(0, -3) : name
  const patterns = isPacked ? [BEHIND, WITHIN, NUMBERED] : [BEHIND, WITHIN]
  const found = patterns.flatMap((pattern) => {
    const [, before = '', behind = ''] = pattern.exec(unpacked) ?? []
    return before + behind
  })
  return [...new Set([...found, unpacked])].filter((base) => base !== '' && base !== name)
}
