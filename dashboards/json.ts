/** JSON whose bytes depend on nothing but its contents. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** With sorted keys, so that two files differ where their contents do. */
export function jsonText(value: Json): string {
  return `${JSON.stringify(sorted(value), undefined, 2)}\n`
}

function sorted(value: Json): Json {
  if (isList(value)) return value.map(sorted)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(byKey)
      .map(([key, part]) => [key, sorted(part)])
  )
}

/** `Array.isArray` knows no readonly lists. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value)
}

function byKey([a]: [string, Json], [b]: [string, Json]): number {
  return a < b ? -1 : 1
}
