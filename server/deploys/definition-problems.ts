/** Everything that is wrong with a definition as it was posted, in each of its environments. */
import { nearest } from '../../collector/query/nearest.ts'
import { AppDefinition, type DefinitionProblem, type Wanted } from './definition.ts'
import type { Place } from './definition-text.ts'
import { DefinitionError } from './errors.ts'
import { refuseImage } from './image.ts'
import { isWords, overlay, type Words } from './overlay.ts'
import { type Path, pathText, type Shape, type ShapeProblem, shapeProblems } from './shape.ts'
import { wantedProblems } from './wanted-problems.ts'

export interface CheckOptions {
  /** Patterns of images that may be deployed; absent: it is not asked. */
  allowed?: readonly string[]
  placeOf?: (path: Path) => Place
}

const MOST_ENVIRONMENTS = 50
const MOST_PROBLEMS = 100
const NEAR = 2

interface Found extends ShapeProblem {
  environment?: string
}

/** Throws DRIFTLOG_DEFINITION. */
export function checkedDefinition(value: unknown, options: CheckOptions = {}): AppDefinition {
  const found = [...definitionProblems(value, options.allowed)]
  if (found.length === 0) return value as AppDefinition
  const shown: DefinitionProblem[] = found.slice(0, MOST_PROBLEMS).map(({ path, message, environment }) => ({
    path: pathText(path),
    ...(environment === undefined ? {} : { environment }),
    message,
    ...options.placeOf?.(placed(value, path, environment))
  }))
  const more = found.length - shown.length
  throw new DefinitionError(more === 0 ? shown : [...shown, { path: '', message: `and ${more} more` }])
}

function* definitionProblems(value: unknown, allowed: readonly string[] | undefined): Generator<Found, void> {
  const known = new Set<string>()
  const misshapen = new Set<string>()
  for (const problem of shapeProblems(AppDefinition as Shape, value)) {
    misshapen.add(pathText(problem.path))
    yield problem
  }
  if (!isWords(value) || !isWords(value['environments'])) return
  const { environments, ...base } = value
  const names = Object.keys(environments as Words)
  if (names.length === 0)
    yield {
      path: ['environments'],
      message: 'has none; name at least one, as in "environments: { staging: null }"'
    }
  if (names.length > MOST_ENVIRONMENTS)
    return yield {
      path: ['environments'],
      message: `has ${names.length}; at most ${MOST_ENVIRONMENTS} are taken`
    }
  // What is wrong without any overlay is told once, where an environment does not put it right.
  const common = new Set(problemsOf(base, names, undefined, allowed).map(keyOf))
  const wanted = new Map<string, Words>()
  for (const [environment, words] of Object.entries(environments as Words)) {
    if (words !== null && !isWords(words)) continue
    const laidOver = overlay(base, words ?? {})
    wanted.set(environment, laidOver)
    for (const problem of problemsOf(laidOver, names, environment, allowed)) {
      const key = keyOf(problem)
      if (misshapen.has(pathText(placed(value, problem.path, environment)))) continue
      if (!known.has(key)) yield common.has(key) ? problem : { ...problem, environment }
      if (common.has(key)) known.add(key)
    }
  }
  yield* circles(wanted)
}

function problemsOf(
  laidOver: Words,
  names: readonly string[],
  environment: string | undefined,
  allowed: readonly string[] | undefined
): ShapeProblem[] {
  const problems = wantedProblems(laidOver)
  const isSound = (name: string) => !problems.some(({ path }) => path[0] === name)
  const { image, rollout } = laidOver as Wanted
  if (isSound('rollout') && rollout?.from !== undefined) {
    const message = fromProblem(rollout.from, names, environment)
    if (message !== undefined) problems.push({ path: ['rollout', 'from'], message })
  }
  if (isSound('image') && allowed) {
    const message = refusal(image, allowed)
    if (message !== undefined) problems.push({ path: ['image'], message: `is refused: ${message}` })
  }
  return problems
}

function fromProblem(from: string, names: readonly string[], environment?: string): string | undefined {
  if (from === environment) return 'is the environment itself, which nothing can come into then'
  if (names.includes(from)) return undefined
  const meant = nearest(from, names, NEAR)
  return meant === undefined
    ? `is no environment of the app; there are ${names.join(', ')}`
    : `is no environment of the app; "${meant}" is meant?`
}

/** Environments that wait for each other can never be deployed to. */
function* circles(wanted: ReadonlyMap<string, Words>): Generator<Found, void> {
  const fromOf = (name: string) => (wanted.get(name) as Wanted | undefined)?.rollout?.from
  for (const environment of wanted.keys()) {
    const way = [environment]
    let next = fromOf(environment)
    while (next !== undefined && !way.includes(next)) {
      way.push(next)
      next = fromOf(next)
    }
    if (next === environment && way.length > 1)
      yield {
        path: ['rollout', 'from'],
        environment,
        message: `goes in a circle: ${[...way, next].join(' from ')}`
      }
  }
}

function refusal(image: string, allowed: readonly string[]): string | undefined {
  try {
    refuseImage(image, allowed)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** An environment's own words are where something is wrong, where it has words there. */
function placed(value: unknown, path: Path, environment: string | undefined): Path {
  if (environment === undefined) return path
  const own = ['environments', environment, ...path]
  let words: unknown = value
  for (const step of own) {
    if (typeof words !== 'object' || words === null || !Object.hasOwn(words, step)) return path
    words = (words as Words)[step]
  }
  return own
}

function keyOf({ path, message }: ShapeProblem): string {
  return `${pathText(path)} ${message}`
}
