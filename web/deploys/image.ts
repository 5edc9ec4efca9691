/** So much of a digest tells two images apart for a person. */
const DIGEST_DIGITS = 12

/** What a person calls an image: its tag, or the beginning of its digest. */
export function imageText(reference: string): string {
  const digest = /sha256:([0-9a-f]{64})$/.exec(reference)?.[1]
  if (digest !== undefined) return digestText(digest)
  return /:([^/:]+)$/.exec(reference)?.[1] ?? 'latest'
}

export function digestText(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, DIGEST_DIGITS)
}
