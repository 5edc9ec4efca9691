/** Texts for people without the secrets that stand in them. */

/** A shorter one would be found everywhere. */
const SHORTEST_SECRET = 4

/** The longest first: another one may be its beginning. */
export function blotted(text: string, secrets: readonly string[]): string {
  const known = secrets.filter(({ length }) => length >= SHORTEST_SECRET)
  known.sort((one, other) => other.length - one.length)
  return known.reduce((left, secret) => left.replaceAll(secret, '***'), text)
}
