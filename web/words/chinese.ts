import { catalogue } from './catalogue.ts'
import { faultsZh } from './faults.zh.ts'
import { LOCALE } from './language.ts'
import { zh } from './zh.ts'

/** Loaded when a reader wants it. */
export const chinese = catalogue(LOCALE.zh, zh, faultsZh)
