/** What a product tells, in our own words. */
import type { EventKind } from './trigger.ts'

export interface HookEvent {
  kind: EventKind
  /** As the product writes it: shop/orders. */
  repository?: string
  branch?: string
  /** Of git, or of the image. */
  tag?: string
  /** Whole hash. */
  commit?: string
  /** Of the image: `sha256:…` */
  digest?: string
  /** Of CI: name of the workflow, pipeline or job. */
  job?: string
  /** Who did it, as the product knows them. */
  by?: string
}

/** One thing that was told. `id` is the product's own name of it; `text` says it to people. */
export type Told = { id?: string; text: string } & (
  | { event: HookEvent }
  /** Nothing that a deploy could be made of. */
  | { why: string }
)

/** Git allows nearly everything in a name; what has signs that a shell, a path or a key could stumble over is refused. */
const NAME = /^[\p{L}\p{N}_](?:[\p{L}\p{N}\p{M}._/+@#=,-]*[\p{L}\p{N}\p{M}_+#=-])?$/u
const LONGEST_NAME = 255
const COMMIT = /^[0-9a-f]{7,64}$/
const DIGEST = /^sha256:[0-9a-f]{64}$/

/** What is wrong with the names in an event; undefined where they are fine. */
export function nameProblem(event: HookEvent): string | undefined {
  for (const part of ['repository', 'branch', 'tag'] as const) {
    const name = event[part]
    if (name === undefined || isName(name)) continue
    return `the ${part} ${quoted(name)} has signs that Driftlog takes from nobody (letters, digits and . _ / + @ # = , - may be in it, no ".." and no "//")`
  }
  // Patterns are tried on it, which takes time in proportion to it.
  if (event.job !== undefined && event.job.length > LONGEST_NAME)
    return `the job ${quoted(event.job)} has a name of more than ${LONGEST_NAME} characters`
  if (event.commit !== undefined && !COMMIT.test(event.commit))
    return `${quoted(event.commit)} is no hash of a commit`
  if (event.digest !== undefined && !DIGEST.test(event.digest)) return `${quoted(event.digest)} is no digest`
  return undefined
}

/** For people and logs, without signs that do something in a terminal. */
export function plain(text: string, most: number): string {
  const line = text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\u{fffd}')
  return line.length > most ? `${line.slice(0, most)}…` : line
}

export function quoted(text: string): string {
  return `"${plain(text, 80)}"`
}

function isName(name: string): boolean {
  return name.length <= LONGEST_NAME && NAME.test(name) && !/\.\.|\/\/|@\{/.test(name)
}
