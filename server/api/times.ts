/**
 * Times of the hub's public HTTP API. In answers they are RFC 3339 in UTC with nine digits of a second; in questions
 * RFC 3339, epoch digits (10 s, 13 ms, 16 µs, 19 ns) or relative: `now`, `now-15m`, `now+1h` (s, m, h, d, w).
 */
import { Type } from 'typebox'

export const Time = Type.String({ description: 'RFC 3339, UTC, nanoseconds' })
export const AskedTime = Type.String({ maxLength: 64, description: 'RFC 3339, epoch digits, or now-15m' })
