/**
 * One sentence of the catalogue. `{name}` is filled with a value (numbers in the language's digits and groups);
 * `{count|# line|# lines}` chooses a form by the language's plural rules, in the order zero, one, two, few, many,
 * other, and `#` is the number. A sentence is always whole in the catalogue, never put together from parts.
 */
export type Message = string

type NameOf<Hole extends string> = Hole extends `${infer Name}|${string}` ? Name : Hole

/** The names between the braces of a message. */
export type HolesOf<Text extends string> = Text extends `${string}{${infer Hole}}${infer Rest}`
  ? NameOf<Hole> | HolesOf<Rest>
  : never

export type Params<Text extends string> = { [Name in HolesOf<Text>]: string | number }

const ORDER = ['zero', 'one', 'two', 'few', 'many', 'other'] as const

/** Fills a message. A name without a value is left standing, so that the mistake is seen and not hidden. */
export function fill(message: Message, locale: string, params: Record<string, string | number> = {}): string {
  return message.replace(/\{([^{}|]+)(?:\|([^{}]*))?\}/g, (hole, name: string, forms: string | undefined) => {
    const value = params[name]
    if (value === undefined) return hole
    const shown = typeof value === 'number' ? new Intl.NumberFormat(locale).format(value) : value
    if (forms === undefined) return shown
    return formFor(forms.split('|'), locale, Number(value)).replaceAll('#', shown)
  })
}

/** The names that a message wants, as the type says it, for the test that compares the catalogues. */
export function holesOf(message: Message): string[] {
  return [...new Set([...message.matchAll(/\{([^{}|]+)/g)].map((match) => match[1] ?? ''))].sort()
}

function formFor(forms: string[], locale: string, count: number): string {
  const rules = new Intl.PluralRules(locale)
  const known = ORDER.filter((category) => rules.resolvedOptions().pluralCategories.includes(category))
  return forms[known.indexOf(rules.select(count))] ?? forms.at(-1) ?? ''
}
