import { BUILT_IN, builtInOf, parse, parsedName, placeAt, remove } from '../../collector/query/grammar.ts'
import type { Client } from '../api/client.ts'
import type { View } from '../state/view.ts'
import { type Option, optionsForValue, optionsForWord } from './complete.ts'
import { recentQueries, savedQueries } from './saved.ts'

export interface Completion {
  /** What the chosen option takes the place of. */
  from: number
  to: number
  options: Option[]
}

const VALUES = 20
const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'unknown']
const OUTPUTS = ['stdout', 'stderr']

/** Finds what may be typed next, asking the hub for names and values of this app and range. */
export class Completer {
  readonly #client: Client
  readonly #view: () => View
  #names: { key: string; fields: Promise<{ name: string; count: number }[]> } | undefined

  constructor(client: Client, view: () => View) {
    this.#client = client
    this.#view = view
  }

  async at(text: string, caret: number, signal: AbortSignal): Promise<Completion | undefined> {
    const place = placeAt(text, caret)
    switch (place.kind) {
      case 'word': {
        const options = optionsForWord(place, text, {
          builtIn: BUILT_IN,
          fields: await this.#fields(),
          recent: recentQueries(),
          saved: savedQueries()
        })
        const isWhole = text.trim() === place.typed.trim()
        const span = isWhole ? { from: 0, to: text.length } : place.replace
        return { ...span, options }
      }
      case 'value': {
        const values = await this.#values(text, place.name, place.typed, signal)
        return { from: place.replace.from, to: place.replace.to, options: optionsForValue(place, values) }
      }
      default:
        return undefined
    }
  }

  /** Asked once per app and range; without them the built-in names are still there. */
  #fields(): Promise<{ name: string; count: number }[]> {
    const { environment, app, from, to } = this.#view()
    const key = JSON.stringify([environment, app, from, to])
    if (this.#names?.key !== key) {
      const asked = { environment, app, from, to, fields: '', discover: true, limit: 200 }
      const fields = this.#client.facets(asked).then(
        ({ fields: found }) => found.map(({ value, count }) => ({ name: parsedName(value), count })),
        () => {
          this.#names = undefined
          return []
        }
      )
      this.#names = { key, fields }
    }
    return this.#names.fields
  }

  async #values(text: string, name: string, prefix: string, signal: AbortSignal) {
    const { environment, app, from, to } = this.#view()
    const field = builtInOf(name) ?? name
    // The text is mostly unfinished here; where it is not, the other terms narrow the values.
    const q = parse(text).ok ? remove(text, name) : ''
    const found = await this.#client
      .facets(
        { q, environment, app, from, to, fields: field, limit: VALUES, ...(prefix === '' ? {} : { prefix }) },
        signal
      )
      .then(
        ({ facets }) => facets[0]?.values ?? [],
        () => []
      )
    const fixed = field === 'level' ? LEVELS : field === 'output' ? OUTPUTS : []
    const uncounted = fixed
      .filter((value) => !found.some((one) => one.value === value))
      .map((value) => ({ value, count: undefined }))
    return [...found, ...uncounted]
  }
}
