/** Texts with places to be filled in: `{{app}}`. */

const PLACE = /\{\{\s*([a-z0-9]+)\s*\}\}/g

/** The names in a text, each once. */
export function placesIn(text: string): string[] {
  return [...new Set([...text.matchAll(PLACE)].map(([, name = '']) => name))]
}

/** What is wrong with a text: a place that nothing is known for, or brackets that are no place. */
export function placeProblem(text: string, known: readonly string[]): string | undefined {
  const unknown = placesIn(text).find((name) => !known.includes(name))
  const choice = known.length === 0 ? 'nothing can be filled in here' : `known are ${known.join(', ')}`
  if (unknown !== undefined) return `has {{${unknown}}}; ${choice}`
  return /\{\{|\}\}/.test(text.replace(PLACE, '')) ? `has brackets that are no place; ${choice}` : undefined
}

/** Places without a value are left empty. */
export function fill(text: string, value: (name: string) => string | undefined): string {
  return text.replace(PLACE, (_, name: string) => value(name) ?? '')
}
