/**
 * The one meaning of a query: every engine, the live tail and the tests decide by matcher(). planOf() gives
 * what an engine may prune by before.
 */

import { stripAnsi } from '../parse/ansi.ts'
import { fieldsOf } from '../parse/fields.ts'
import { LEVELS, type LogRecord, OUTPUTS } from '../record.ts'
import { builtInOf, PARSED } from './builtin.ts'
import { conditionOf } from './condition.ts'
import type { Expression, FieldTest } from './tree.ts'
import { fieldTest } from './value.ts'
import { finderOf, fold } from './words.ts'

export { type Plan, planOf } from './plan.ts'

/** A test for records. Compile it once and ask it often; it keeps nothing of the records. */
export function matcher(where: Expression): (record: LogRecord) => boolean {
  const holds = testOf(where)
  return (record) => holds(new Reading(record))
}

type Test = (reading: Reading) => boolean

/** A record as the terms of a query need it; what no term asks for is never made. */
class Reading {
  readonly record: LogRecord
  #plain: string | undefined
  #folded: string | undefined
  #fields: ReturnType<typeof fieldsOf> | null = null

  constructor(record: LogRecord) {
    this.record = record
  }

  /** The line without escape sequences. */
  get plain(): string {
    this.#plain ??= stripAnsi(this.record.text)
    return this.#plain
  }

  get folded(): string {
    this.#folded ??= fold(this.plain)
    return this.#folded
  }

  get fields(): ReturnType<typeof fieldsOf> {
    if (this.#fields === null) this.#fields = fieldsOf(this.plain)
    return this.#fields
  }
}

function testOf(where: Expression): Test {
  switch (where.kind) {
    case 'all':
      return () => true
    case 'and': {
      const items = where.items.map(testOf)
      return (reading) => items.every((holds) => holds(reading))
    }
    case 'or': {
      const items = where.items.map(testOf)
      return (reading) => items.some((holds) => holds(reading))
    }
    case 'not': {
      const holds = testOf(where.item)
      return (reading) => !holds(reading)
    }
    case 'text': {
      const finds = finderOf(where.run)
      return (reading) => finds(reading.folded)
    }
    case 'regex': {
      const pattern = new RegExp(where.source, where.flags)
      return (reading) => pattern.test(reading.plain)
    }
    case 'field':
      return termOf(where.name, where.test)
    default:
      return where satisfies never
  }
}

function termOf(name: string, test: FieldTest): Test {
  const builtIn = builtInOf(name)
  if (!builtIn) return parsedTerm(name, test)
  const condition = conditionOf(builtIn, test)
  switch (condition.kind) {
    case 'origin':
      return ({ record }) => condition.holds(record.origin)
    case 'level':
      return ({ record }) => ((condition.mask >> LEVELS.indexOf(record.level)) & 1) === 1
    case 'output':
      return ({ record }) => ((condition.mask >> OUTPUTS.indexOf(record.output)) & 1) === 1
    case 'record':
      return ({ record }) => condition.holds(record)
    default:
      return condition satisfies never
  }
}

/** `fields.x` asks for a field `x`, or for one that is really called `fields.x`. */
function parsedTerm(name: string, test: FieldTest): Test {
  const names = name.startsWith(PARSED) ? [name, name.slice(PARSED.length)] : [name]
  const holds = test.kind === 'exists' ? () => true : fieldTest(test)
  return ({ fields }) => {
    if (!fields) return false
    return names.some((field) => {
      const value = fields[field]
      return value !== undefined && holds(String(value))
    })
  }
}
