/**
 * Whether a value has the shape that a schema names. Unlike a validator it finds everything that is wrong, each thing
 * once, and says it to a person: what is there, what may be there, and which name was meant.
 */
import { nearest } from '../../collector/query/nearest.ts'
import { isWords, type Words } from './overlay.ts'

/** The part of JSON schema that TypeBox makes of definitions. */
export interface Shape {
  type?: string
  const?: unknown
  anyOf?: readonly Shape[] | undefined
  properties?: Readonly<Record<string, Shape>>
  patternProperties?: Readonly<Record<string, Shape>> | undefined
  required?: readonly string[] | undefined
  items?: Shape | undefined
  pattern?: string
  minLength?: number
  maxLength?: number
  minItems?: number
  maxItems?: number
  minimum?: number
  maximum?: number
  exclusiveMinimum?: number
}

/** Names of maps, numbers of lists. */
export type Path = readonly (string | number)[]

export interface ShapeProblem {
  path: Path
  message: string
}

/** Changed letters with which a name still counts as one that was meant. */
const NEAR = 2
const SHOWN = 60

export function* shapeProblems(shape: Shape, value: unknown, path: Path = []): Generator<ShapeProblem> {
  if (shape.anyOf) return yield* choiceProblems(shape.anyOf, value, path)
  const problem = kindProblem(shape, value) ?? limitProblem(shape, value)
  if (problem !== undefined) return yield { path, message: problem }
  if (Array.isArray(value) && shape.items)
    for (const [at, item] of value.entries()) yield* shapeProblems(shape.items, item, [...path, at])
  if (isWords(value)) yield* mapProblems(shape, value, path)
}

/** `health.http.path`, `volumes[0].source`, `labels["a.b"]` */
export function pathText(path: Path): string {
  return path
    .map((step, at) => {
      if (typeof step === 'number') return `[${step}]`
      if (!/^[\w-]+$/.test(step)) return `[${JSON.stringify(shortened(step))}]`
      return at === 0 ? step : `.${step}`
    })
    .join('')
}

function* mapProblems(shape: Shape, value: Words, path: Path): Generator<ShapeProblem> {
  const { properties = {}, patternProperties, required = [] } = shape
  // Anything may stand there.
  if (!shape.properties && !patternProperties) return
  const patterns = Object.entries(patternProperties ?? {})
  for (const [name, inner] of Object.entries(value)) {
    const own = Object.hasOwn(properties, name) ? properties[name] : undefined
    const found = own ?? patterns.find(([pattern]) => new RegExp(pattern).test(name))?.[1]
    if (found) yield* shapeProblems(found, inner, [...path, name])
    else
      yield { path: [...path, name], message: unknownName(name, Object.keys(properties), patterns[0]?.[0]) }
  }
  for (const name of required)
    if (!Object.hasOwn(value, name)) yield { path: [...path, name], message: 'is missing' }
}

function unknownName(name: string, known: readonly string[], pattern: string | undefined): string {
  if (known.length === 0) return `is no name that is taken here: it must match ${pattern ?? 'nothing'}`
  const meant = nearest(
    name.slice(0, SHOWN).toLowerCase(),
    known.map((one) => one.toLowerCase()),
    NEAR
  )
  const right = known.find((one) => one.toLowerCase() === meant)
  return right === undefined
    ? `is unknown; known are ${known.join(', ')}`
    : `is unknown; "${right}" is meant?`
}

/** The choice whose kind the value has says what is wrong; where none has, all choices are named. */
function* choiceProblems(choices: readonly Shape[], value: unknown, path: Path): Generator<ShapeProblem> {
  const tried = choices.map((choice) => [...shapeProblems(choice, value, path)])
  if (tried.some((problems) => problems.length === 0)) return
  const ofKind = choices.filter((choice) => kindProblem(choice, value) === undefined)
  const [only] = ofKind
  if (only && ofKind.length === 1) return yield* shapeProblems(only, value, path)
  const wanted = ofKind.length > 1 && isWords(value) ? ofKind : choices
  yield { path, message: `must be ${listed(wanted.map(kindOf))}, and is ${shown(value)}` }
}

function kindProblem(shape: Shape, value: unknown): string | undefined {
  return isOfKind(shape, value) ? undefined : `must be ${kindOf(shape)}, and is ${shown(value)}`
}

function isOfKind({ type, const: only }: Shape, value: unknown): boolean {
  if (only !== undefined) return value === only
  switch (type) {
    case 'string':
    case 'boolean':
      return typeof value === type
    case 'number':
      return Number.isFinite(value)
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isWords(value)
    case 'null':
      return value === null
    default:
      return true
  }
}

function kindOf({ type, const: only, properties, patternProperties }: Shape): string {
  if (only !== undefined) return JSON.stringify(only)
  switch (type) {
    case 'string':
      return 'a text'
    case 'number':
      return 'a number'
    case 'integer':
      return 'a whole number'
    case 'boolean':
      return 'true or false'
    case 'array':
      return 'a list'
    case 'null':
      return 'empty'
    default: {
      const names = patternProperties ? [] : Object.keys(properties ?? {})
      return names.length === 1 ? `a map with "${names[0]}" alone` : 'a map'
    }
  }
}

function limitProblem(shape: Shape, value: unknown): string | undefined {
  if (typeof value === 'string') return textProblem(shape, value)
  if (Array.isArray(value)) {
    const { minItems = 0, maxItems = Number.POSITIVE_INFINITY } = shape
    if (value.length < minItems) return `must have at least ${minItems} entries`
    return value.length > maxItems ? `has ${value.length} entries; at most ${maxItems} are taken` : undefined
  }
  if (typeof value !== 'number') return undefined
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, exclusiveMinimum } = shape
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum)
    return `must be more than ${exclusiveMinimum}, and is ${value}`
  if (value < minimum) return `must be at least ${minimum}, and is ${value}`
  return value > maximum ? `must be at most ${maximum}, and is ${value}` : undefined
}

function textProblem({ pattern, minLength = 0, maxLength }: Shape, value: string): string | undefined {
  if (value.length < minLength) return 'is empty'
  if (maxLength !== undefined && value.length > maxLength)
    return `has ${value.length} characters; at most ${maxLength} are taken`
  if (pattern === undefined || new RegExp(pattern).test(value)) return undefined
  return pattern === '^/'
    ? `must begin with "/", and is ${shown(value)}`
    : `must match ${pattern}, and is ${shown(value)}`
}

function listed(kinds: readonly string[]): string {
  const each = [...new Set(kinds)]
  return each.length < 2 ? each.join('') : `${each.slice(0, -1).join(', ')} or ${each.at(-1)}`
}

function shown(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  if (isWords(value)) return 'a map'
  return typeof value === 'string' ? JSON.stringify(shortened(value)) : String(value)
}

function shortened(text: string): string {
  return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text
}
