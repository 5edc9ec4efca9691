/** An environment's words over those of the app: maps are merged name by name, all else is replaced, null takes away. */

export type Words = { readonly [name: string]: unknown }

export function overlay(base: Words, over: Words): Words {
  const merged = new Map(Object.entries(base))
  for (const [name, value] of Object.entries(over)) {
    const under = merged.get(name)
    if (value === null) merged.delete(name)
    else if (isWords(value)) merged.set(name, overlay(isWords(under) ? under : {}, value))
    else merged.set(name, value)
  }
  return Object.fromEntries(merged)
}

export function isWords(value: unknown): value is Words {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
