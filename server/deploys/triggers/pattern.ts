/** Patterns of branches, tags and repositories: `*` is any text without a slash, `**` any text, `?` one character. */

/** Takes a time of at most pattern × name, whatever people write. */
export function fits(pattern: string, name: string): boolean {
  const tokens = pattern.match(/\*\*|[\s\S]/gu) ?? []
  let places = passed(tokens, new Set([0]))
  for (const letter of name) {
    const next = new Set<number>()
    for (const place of places) {
      const token = tokens[place]
      if (token === '**' || (token === '*' && letter !== '/')) next.add(place)
      else if (token === letter || (token === '?' && letter !== '/')) next.add(place + 1)
    }
    places = passed(tokens, next)
  }
  return places.has(tokens.length)
}

/** A star may stand for nothing. */
function passed(tokens: readonly string[], places: Set<number>): Set<number> {
  // What is added meanwhile is looked at, too.
  for (const place of places) if (tokens[place] === '*' || tokens[place] === '**') places.add(place + 1)
  return places
}
