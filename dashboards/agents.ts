/** When agents were heard. */
import type { ValueMap } from '../server/zabbix/items.ts'
import { type Question, scale, values } from './zabbix.ts'

const WORDS: ValueMap = { name: 'Agent', values: { 0: 'heard' } }

/** How `heard` is to be shown. */
export const HEARD = { words: WORDS, colors: { heard: 'green' } } as const

/** The item holds the time of the last sign; made 0, each sign is like the one before, and what lacks is a gap. */
export function heard(host: string): Question {
  return values('Agent: last heard', { host, functions: [scale(0)] })
}
