/** Counting of field values, the same for every engine that counts by itself. */
import { fieldsOf } from '../parse/fields.ts'
import { builtInOf, PARSED } from '../query/builtin.ts'
import type { LogRecord, Origin } from '../record.ts'
import type { Facet, FacetsAsked, FacetValue } from './store.ts'

/** Built-in facets that follow from the origin alone. */
export const ORIGIN_FACETS: Readonly<Record<string, (origin: Origin) => string>> = {
  app: (origin) => origin.app,
  environment: (origin) => origin.environment,
  host: (origin) => origin.hostName,
  instance: (origin) => origin.instance,
  container: (origin) => origin.containerName,
  image: (origin) => origin.image
}

/** True for names whose values come out of a record's text. */
export function isParsedField(name: string): boolean {
  return builtInOf(name) === undefined
}

/** True when texts must be read to answer. */
export function needsTexts(asked: FacetsAsked): boolean {
  return asked.discover === true || asked.fields.some(isParsedField)
}

/** Gathers counts and gives the listing: most frequent first, equal counts by value. */
export class FacetCounter {
  readonly #asked: FacetsAsked
  readonly #counts = new Map<string, Map<string, number>>()
  readonly #parsed: string[]
  readonly #fields = new Map<string, number>()
  readonly #prefix: string

  constructor(asked: FacetsAsked) {
    this.#asked = asked
    this.#prefix = asked.prefix?.toLowerCase() ?? ''
    for (const field of asked.fields) this.#counts.set(field, new Map())
    this.#parsed = [...this.#counts.keys()].filter(isParsedField)
  }

  /** `field`: a built-in by its own name; every asked name that means it is counted. */
  add(field: string, value: string, count: number): void {
    for (const asked of this.#counts.keys()) if (builtInOf(asked) === field) this.#add(asked, value, count)
  }

  #add(asked: string, value: string, count: number): void {
    const values = this.#counts.get(asked)
    if (!values || count === 0 || value === '') return
    if (this.#prefix !== '' && !value.toLowerCase().startsWith(this.#prefix)) return
    values.set(value, (values.get(value) ?? 0) + count)
  }

  addOrigin(origin: Origin, count: number): void {
    for (const asked of this.#counts.keys()) {
      const value = ORIGIN_FACETS[builtInOf(asked) ?? '']
      if (value) this.#add(asked, value(origin), count)
    }
  }

  /** Reads the text's fields: counts the asked ones, and the names of all when they are to be discovered. */
  addText(text: string): void {
    const fields = fieldsOf(text)
    if (!fields) return
    for (const name of this.#parsed) {
      const plain = name.startsWith(PARSED) ? name.slice(PARSED.length) : name
      const value = fields[name] ?? fields[plain]
      if (value !== undefined) this.#add(name, String(value), 1)
    }
    if (!this.#asked.discover) return
    for (const name of Object.keys(fields)) this.#fields.set(name, (this.#fields.get(name) ?? 0) + 1)
  }

  facets(): Facet[] {
    return this.#asked.fields.map((field) => {
      const all = listed(this.#counts.get(field) ?? new Map())
      return {
        field,
        values: all.slice(0, this.#asked.limit),
        others: Math.max(0, all.length - this.#asked.limit)
      }
    })
  }

  fields(): FacetValue[] {
    return listed(this.#fields)
  }
}

/** Counts one whole record. */
export function countRecord(counter: FacetCounter, record: LogRecord): void {
  counter.addOrigin(record.origin, 1)
  counter.add('level', record.level, 1)
  counter.add('output', record.output, 1)
}

function listed(counts: ReadonlyMap<string, number>): FacetValue[] {
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : a.value > b.value ? 1 : 0))
}
