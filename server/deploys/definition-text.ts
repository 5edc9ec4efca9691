/**
 * The text of a definition, YAML or JSON, as a value and with the place of each part of it. Texts come from anybody, and
 * what is small may take YAML hours: size, depth, anchors and the number of words are bounded before anything is made of them.
 */
import {
  Composer,
  CST,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  Parser,
  type Document as YamlDocument
} from 'yaml'
import type { DefinitionProblem } from './definition.ts'
import { DefinitionError } from './errors.ts'
import { type Path, pathText } from './shape.ts'

export interface DefinitionText {
  value: unknown
  /** Of a part, or of what it would be part of; both count from 1. */
  placeOf(path: Path): Place
}

export interface Place {
  line: number
  column: number
}

export const LONGEST_TEXT_BYTES = 128 * 1024
/** Names, values, marks and blanks. */
const MOST_LEXEMES = 10_000
const DEEPEST = 32
/** Anchors and aliases together. */
const MOST_ANCHORS = 100
/** What all aliases together may stand for, in parts. */
const MOST_ALIASED = 100
/** What aliases have been put into may be longer than its text, but not without end. */
const LONGEST_VALUE = 512 * 1024
const MOST_COMPLAINTS = 20

/** Throws DRIFTLOG_DEFINITION with all that is wrong with the text. */
export function readDefinitionText(text: string, kind: 'yaml' | 'json'): DefinitionText {
  if (Buffer.byteLength(text) > LONGEST_TEXT_BYTES)
    throw refused(`is longer than ${LONGEST_TEXT_BYTES / 1024} KiB`)
  const lines = new LineCounter()
  const value = kind === 'json' ? jsonOf(text) : undefined
  const document = documentOf(text, lines)
  const problems = [...textProblems(document, lines)]
  if (problems.length > 0) throw new DefinitionError(problems)
  return {
    value: kind === 'json' ? value : plainOf(document),
    placeOf: (path) => placeOf(document, path, lines)
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw refused(`is no JSON: ${error instanceof Error ? error.message : error}`)
  }
}

/** The parser keeps its own stack; what comes behind it recurses, so that depth must be known before. */
function documentOf(text: string, lines: LineCounter): YamlDocument.Parsed {
  lines.addNewLine(0)
  const parser = new Parser(lines.addNewLine)
  const tokens: CST.Token[] = []
  let lexemes = 0
  let anchors = 0
  for (const lexeme of new Lexer().lex(text)) {
    const type = CST.tokenType(lexeme)
    if (type === 'anchor' || type === 'alias') anchors++
    if (++lexemes > MOST_LEXEMES) throw refused(`has more than ${MOST_LEXEMES} words and marks`)
    if (anchors > MOST_ANCHORS) throw refused(`has more than ${MOST_ANCHORS} anchors and aliases`)
    tokens.push(...parser.next(lexeme))
    if (parser.stack.length > 2 * DEEPEST) throw refused('is nested too deep')
  }
  tokens.push(...parser.end())
  const [document, ...more] = new Composer({
    prettyErrors: false,
    uniqueKeys: false,
    logLevel: 'silent'
  }).compose(tokens)
  if (more.length > 0) throw refused('is more than one document; leave out what is behind "---"')
  if (!document) throw refused('is empty')
  return document as YamlDocument.Parsed
}

function plainOf(document: YamlDocument): unknown {
  let characters: number
  let value: unknown
  try {
    value = document.toJS({ maxAliasCount: MOST_ALIASED })
    // What stands for itself by an alias throws here.
    characters = JSON.stringify(value)?.length ?? 0
  } catch (error) {
    throw refused(`can not be read: ${error instanceof Error ? error.message.split('\n', 1)[0] : error}`)
  }
  if (characters > LONGEST_VALUE)
    throw refused(`stands for more than ${LONGEST_VALUE / 1024} KiB by its aliases`)
  return value
}

function* textProblems(
  document: YamlDocument.Parsed,
  lines: LineCounter
): Generator<DefinitionProblem, void> {
  const complaints = [...document.errors, ...document.warnings].slice(0, MOST_COMPLAINTS)
  for (const { message, pos } of complaints)
    yield { path: '', message: `can not be read: ${message}`, ...placeAt(pos[0], lines) }
  if (complaints.length === 0) yield* nodeProblems(document.contents, [], lines)
}

/** Names that stand twice, names that are no texts, and numbers that would become others as texts. */
function* nodeProblems(node: unknown, path: Path, lines: LineCounter): Generator<DefinitionProblem, void> {
  if (isSeq(node))
    for (const [at, item] of node.items.entries()) yield* nodeProblems(item, [...path, at], lines)
  if (isMap(node)) {
    const seen = new Set<string>()
    for (const { key, value } of node.items) {
      const name = nameOf(key)
      const place = placeAt(rangeOf(key), lines)
      if (name === undefined) yield { path: pathText(path), message: 'has a name that is no text', ...place }
      else if (seen.has(name))
        yield { path: pathText([...path, name]), message: 'stands here for the second time', ...place }
      else {
        seen.add(name)
        yield* nodeProblems(value, [...path, name], lines)
      }
    }
  }
  if (isScalar(node) && typeof node.value === 'number' && path.at(-2) === 'env') {
    const { source = '' } = node
    if (String(node.value) !== source)
      yield {
        path: pathText(path),
        message: `would become ${String(node.value)}; put it in quotes: "${source.slice(0, 40)}"`,
        ...placeAt(rangeOf(node), lines)
      }
  }
}

function placeOf(document: YamlDocument.Parsed, path: Path, lines: LineCounter): Place {
  let node: unknown = document.contents
  let at = 0
  for (const step of path) {
    const inner = resolved(node, document)
    const pair: Pair | undefined = isMap(inner)
      ? inner.items.find(({ key }) => nameOf(key) === step)
      : undefined
    const next = isSeq(inner) ? inner.items[Number(step)] : pair
    if (!next) break
    at = rangeOf(pair ? pair.key : next)
    node = pair ? pair.value : next
  }
  return placeAt(at, lines)
}

function resolved(node: unknown, document: YamlDocument): unknown {
  return isAlias(node) ? node.resolve(document) : node
}

function nameOf(key: unknown): string | undefined {
  if (!isScalar(key)) return undefined
  return typeof key.value === 'string' ? key.value : key.source
}

function rangeOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0
}

function placeAt(offset: number, lines: LineCounter): Place {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}

function refused(message: string): DefinitionError {
  return new DefinitionError([{ path: '', message }])
}
