/** What is wrong with what is wanted in one environment: its shape first, then what no schema can say. */
import { compilePattern } from '../../collector/parse/safe-pattern.ts'
import { cutCommandLine } from './command-line.ts'
import { Wanted } from './definition.ts'
import { readImage } from './image.ts'
import { labelProblems } from './labels.ts'
import type { Words } from './overlay.ts'
import { placeholderProblem } from './placeholders.ts'
import { type Path, type Shape, type ShapeProblem, shapeProblems } from './shape.ts'
import { healthOf } from './spec.ts'
import { volumeProblems } from './volumes.ts'

type Problems = Generator<ShapeProblem, void>

/** What is looked at in detail. More would help nobody. */
const MOST_PROBLEMS = 100
/** As the agent takes them. */
const MOST_WORDS = 256
const MOST_SECRETS = 100
/** Variables that the agent sets. */
const GIVEN = new Set(['PORT', 'HOST_IP'])
/** As Docker takes them: names or numbers. */
const USER = /^[A-Za-z0-9_.][A-Za-z0-9_.-]*(?::[A-Za-z0-9_.][A-Za-z0-9_.-]*)?$/
/** The engine takes no less. */
const LEAST_CPUS = 0.01

export function wantedProblems(laidOver: Words): ShapeProblem[] {
  const ofShape = someOf(shapeProblems(Wanted as Shape, laidOver))
  const misshapen = new Set(ofShape.map(({ path }) => path[0]))
  const sound = Object.entries(laidOver).filter(([name]) => !misshapen.has(name))
  return [...ofShape, ...someOf(contentProblems(Object.fromEntries(sound) as Partial<Wanted>))]
}

function someOf(problems: Problems): ShapeProblem[] {
  const some: ShapeProblem[] = []
  for (const problem of problems) {
    some.push(problem)
    if (some.length === MOST_PROBLEMS) break
  }
  return some
}

function* contentProblems(wanted: Partial<Wanted>): Problems {
  yield* nulProblems(wanted, [])
  yield* imageProblems(wanted)
  yield* commandProblems(wanted)
  yield* variableProblems(wanted)
  yield* volumeProblems(wanted.volumes ?? [])
  yield* healthProblems(wanted)
  yield* labelProblems(wanted)
  yield* rolloutProblems(wanted)
  const { user, resources } = wanted
  if (user !== undefined && !USER.test(user))
    yield { path: ['user'], message: 'must be a user, or user:group, each by name or number' }
  if (resources?.cpus !== undefined && resources.cpus < LEAST_CPUS)
    yield { path: ['resources', 'cpus'], message: `must be at least ${LEAST_CPUS}` }
}

function* nulProblems(value: unknown, path: Path): Problems {
  if (typeof value === 'string' && value.includes('\0'))
    yield { path, message: 'holds a NUL character, which no container can be given' }
  if (typeof value !== 'object' || value === null) return
  for (const [name, inner] of Object.entries(value))
    yield* nulProblems(inner, [...path, Array.isArray(value) ? Number(name) : name])
}

function* imageProblems({ image }: Partial<Wanted>): Problems {
  if (image === undefined) return
  try {
    readImage(image)
  } catch (error) {
    yield { path: ['image'], message: error instanceof Error ? error.message : String(error) }
  }
}

function* commandProblems({ command = [], entrypoint = [] }: Partial<Wanted>): Problems {
  if (typeof command === 'string') {
    const cut = cutCommandLine(command)
    if ('problem' in cut) yield { path: ['command'], message: cut.problem }
    else if (cut.words.length > MOST_WORDS)
      yield { path: ['command'], message: `has ${cut.words.length} words; at most ${MOST_WORDS} are taken` }
    else yield* wordProblems(cut.words, () => ['command'])
  } else yield* wordProblems(command, (at) => ['command', at])
  yield* wordProblems(entrypoint, (at) => ['entrypoint', at])
}

function* wordProblems(words: readonly string[], pathOf: (at: number) => Path): Problems {
  for (const [at, word] of words.entries()) {
    const message = placeholderProblem(word)
    if (message !== undefined) yield { path: pathOf(at), message }
  }
  const [program] = words
  if (program === '') yield { path: pathOf(0), message: 'is empty, and should be a program' }
}

function* variableProblems({ env = {}, secrets = {} }: Partial<Wanted>): Problems {
  for (const [name, value] of Object.entries(env)) {
    const path = ['env', name]
    if (GIVEN.has(name)) yield { path, message: 'is set by the agent; the app takes it from there' }
    const message = typeof value === 'string' ? placeholderProblem(value) : undefined
    if (message !== undefined) yield { path, message }
  }
  const names = Object.keys(secrets)
  if (names.length > MOST_SECRETS)
    yield { path: ['secrets'], message: `has ${names.length} entries; at most ${MOST_SECRETS} are taken` }
  for (const name of names) {
    const path = ['secrets', name]
    if (GIVEN.has(name)) yield { path, message: 'is set by the agent; take another name' }
    if (Object.hasOwn(env, name))
      yield { path, message: 'is a variable of env, too; take one of them away, in an environment by null' }
  }
}

function* healthProblems({ health = {} }: Partial<Wanted>): Problems {
  if (health.http && !/^\/[\x21-\x7e]*$/.test(health.http.path))
    yield {
      path: ['health', 'http', 'path'],
      message: 'has a blank or a letter beyond ASCII; write it as %20 and the like'
    }
  if (health.log !== undefined) {
    const compiled = compilePattern(health.log)
    if ('problem' in compiled)
      yield { path: ['health', 'log'], message: `can not be used. ${compiled.problem}` }
  }
  const { everyMs, withinMs, successes } = healthOf({ health })
  if (everyMs * (successes - 1) >= withinMs)
    yield {
      path: ['health', 'withinSeconds'],
      message: `is over before ${successes} answers, one every ${everyMs / 1000} s, can be there (it is ${withinMs / 1000} s)`
    }
}

function* rolloutProblems({ rollout = {} }: Partial<Wanted>): Problems {
  if (rollout.checks && rollout.checks.length > 0 && rollout.from === undefined)
    yield {
      path: ['rollout', 'checks'],
      message: 'are those of the deploy in rollout.from, which names no environment'
    }
}
