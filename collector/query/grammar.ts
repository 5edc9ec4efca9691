/**
 * The query language (docs/query.md). Pure and without imports from Node: hub and page both use this module,
 * and the page nothing else of the hub.
 */
export { BUILT_IN, type BuiltIn, builtInOf, levelOf } from './builtin.ts'
export { DIAGNOSTICS, type Diagnostic, type DiagnosticCode } from './diagnostics.ts'
export { exclude, include, only, remove, term } from './edit.ts'
export { hits } from './hits.ts'
export { type Parsed, parse, type Term } from './parse.ts'
export { type Place, placeAt } from './place.ts'
export { parsedName, print } from './print.ts'
export type { Piece } from './scan.ts'
export type { Comparison, Expression, FieldTest, Span } from './tree.ts'
export { fold, holdsRun, runOf, type WordRun, wordsOf } from './words.ts'
