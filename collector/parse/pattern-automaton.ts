/** The automaton of an expression: a state for each place that reads a character (Glushkov's construction). */
import { GUARD, PatternError, type PatternNode, type Units } from './pattern-tree.ts'

/** A bounded repetition of more characters than this counts as endless. */
const LONGEST_BOUND = 1000
const MOST_STATES = 400

export interface Edge {
  to: number
  /** Bits of GUARD that must hold between the two characters. */
  guard: number
}

/** An outermost repetition: its states are `from` … `to` - 1. */
export interface Loop {
  from: number
  to: number
  states: number[]
  source: string
  /** Stands for the search for a place to begin. */
  search: boolean
  /** Whoever comes here has matched already. */
  cannotFail: boolean
  /** Places where it can end, where every text is read in one way only. */
  ends: number
  /** Ways to read a text, where there are several. */
  ways: number
}

export interface Automaton {
  size: number
  edges: Edge[][]
  /** In the order in which they stand. */
  loops: Loop[]
  /** Look-arounds; `searched` says that they are tried at more than one place. */
  looks: { tree: PatternNode; searched: boolean }[]
  /** Ways through alternatives outside of loops that begin alike. */
  choices: number
  /** One of each kind of characters that all three states read. */
  common(a: number, b: number, c: number): number[]
  /** What must be remembered of the character that was read. */
  lastOf(read: number): number
  lastsOf(state: number): number[]
  may(edge: Edge, last: number, read: number): boolean
}

/** Throws a PatternError where it would be too large. With `searched` it is looked for from every place of a text. */
export function automatonOf(tree: PatternNode, searched: boolean): Automaton {
  const building: Building = { units: [], edges: [], loops: [], looks: [], choices: 1, guarded: false }
  addState(building, [0, 0xffff])
  const root = build(building, tree, { inLoop: false, backwards: false })
  const unanchored = root.first.filter((edge) => (edge.guard & GUARD.start) === 0)
  const isSearched = searched && unanchored.length > 0
  if (isSearched) {
    connect(building, 0, [{ to: 0, guard: 0 }, ...unanchored])
    building.loops.unshift(searchLoop())
  }
  for (const loop of building.loops.filter((loop) => !loop.search))
    loop.cannotFail = loop.states.every((state) =>
      root.last.some((edge) => edge.to === state && edge.guard === 0)
    )
  return { ...reading(building), looks: looksOf(building, isSearched) }
}

interface Building {
  units: Units[]
  edges: Edge[][]
  loops: Loop[]
  looks: { tree: PatternNode; afterLoop: boolean }[]
  choices: number
  /** Some edge demands a boundary. */
  guarded: boolean
}

interface Place {
  inLoop: boolean
  /** Within a look-behind, which is read from its end. */
  backwards: boolean
}

/** A part of the expression; `first` and `last` name states, `empty` the guards under which it reads nothing, one for each way. */
interface Part {
  first: Edge[]
  last: Edge[]
  empty: number[]
}

function build(building: Building, node: PatternNode, place: Place): Part {
  switch (node.kind) {
    case 'units': {
      const state = addState(building, node.units)
      return { first: [{ to: state, guard: 0 }], last: [{ to: state, guard: 0 }], empty: [] }
    }
    case 'guard':
      if ((node.guard & (GUARD.boundary | GUARD.inside)) !== 0) building.guarded = true
      return { first: [], last: [], empty: [node.guard] }
    case 'look':
      building.looks.push({
        tree: node.behind ? reversed(node.item) : node.item,
        afterLoop: place.inLoop || building.loops.length > 0
      })
      return { first: [], last: [], empty: [GUARD.look] }
    case 'sequence':
      return node.items.reduce<Part>(
        (before, item) => chained(building, before, build(building, item, place)),
        { first: [], last: [], empty: [0] }
      )
    case 'choice': {
      const parts = node.options.map((option) => build(building, option, place))
      if (!place.inLoop) building.choices *= alike(building, parts)
      return {
        first: parts.flatMap((part) => part.first),
        last: parts.flatMap((part) => part.last),
        empty: atMostTwice(parts.flatMap((part) => part.empty))
      }
    }
    case 'repeat':
      return repeated(building, node, place)
    default:
      return node satisfies never
  }
}

function chained(building: Building, before: Part, behind: Part): Part {
  for (const last of before.last) connect(building, last.to, guarded(behind.first, last.guard))
  return {
    first: [...before.first, ...before.empty.flatMap((guard) => guarded(behind.first, guard))],
    last: [...behind.last, ...behind.empty.flatMap((guard) => guarded(before.last, guard))],
    empty: atMostTwice(before.empty.flatMap((a) => behind.empty.map((b) => a | b)))
  }
}

function repeated(building: Building, node: Extract<PatternNode, { kind: 'repeat' }>, place: Place): Part {
  if (node.max === 0) return { first: [], last: [], empty: [0] }
  // An optional part is taken for a loop too, so that many of them in a row are seen.
  const loops = node.max > 1 || (!place.inLoop && isFlat(node.item))
  const from = building.units.length
  const part = build(building, node.item, { ...place, inLoop: place.inLoop || loops })
  // Rounds that are demanded may read nothing, so which of them read something can be chosen.
  const chosen = node.max > 1 && node.min > 0 && part.empty.length > 0
  if (loops)
    for (const last of part.last) {
      connect(building, last.to, guarded(part.first, last.guard))
      if (chosen && node.min > 1) connect(building, last.to, guarded(part.first, last.guard))
    }
  if (chosen) part.first.push(...part.first)
  const to = building.units.length
  if (loops && !place.inLoop && to > from) {
    const longest = lengthOf(node, 'max')
    building.loops.push({
      from,
      to,
      states: Array.from({ length: to - from }, (_, i) => from + i),
      source: node.source,
      search: false,
      cannotFail: false,
      ends: longest > LONGEST_BOUND ? Infinity : longest - lengthOf(node, 'min') + 1,
      ways: waysOf(node)
    })
  }
  // An engine refuses a round that reads nothing where none is demanded.
  if (node.min === 0) return { ...part, empty: [0] }
  // Behind the first of several rounds nothing has matched yet.
  return node.min > 1 ? { ...part, last: guarded(part.last, GUARD.look) } : part
}

/** Edges that can never be taken are left out: a text begins and ends only once. */
function connect(building: Building, from: number, edges: Edge[]): void {
  for (const edge of edges)
    if ((edge.guard & (GUARD.start | GUARD.end)) === 0) building.edges[from]?.push(edge)
}

/** Two ways to read nothing are as bad as many. */
function atMostTwice(guards: number[]): number[] {
  return guards.filter((guard, i) => guards.indexOf(guard) === i || guards.lastIndexOf(guard) === i)
}

function guarded(edges: Edge[], guard: number): Edge[] {
  return guard === 0 ? edges : edges.map((edge) => ({ to: edge.to, guard: edge.guard | guard }))
}

function addState(building: Building, units: Units): number {
  if (building.units.length === MOST_STATES)
    throw new PatternError('it is too long to be checked; write it shorter')
  building.edges.push([])
  return building.units.push(units) - 1
}

function searchLoop(): Loop {
  return {
    from: 0,
    to: 1,
    states: [0],
    source: '',
    search: true,
    cannotFail: false,
    ends: Infinity,
    ways: Infinity
  }
}

/** How many of the alternatives can begin with one and the same character, at most. */
function alike(building: Building, parts: Part[]): number {
  let most = 1
  for (const part of parts)
    for (const edge of part.first) {
      const units = building.units[edge.to] ?? []
      const others = parts.filter((other) =>
        other.first.some((first) => overlap(building.units[first.to] ?? [], units))
      )
      most = Math.max(most, others.length)
    }
  return most
}

function overlap(a: Units, b: Units): boolean {
  for (let i = 0; i < a.length; i += 2)
    for (let j = 0; j < b.length; j += 2)
      if ((a[i] as number) <= (b[j + 1] as number) && (b[j] as number) <= (a[i + 1] as number)) return true
  return false
}

function isFlat(node: PatternNode): boolean {
  switch (node.kind) {
    case 'sequence':
      return node.items.every(isFlat)
    case 'choice':
      return node.options.every(isFlat)
    case 'repeat':
    case 'look':
      return false
    default:
      return true
  }
}

function lengthOf(node: PatternNode, which: 'min' | 'max'): number {
  switch (node.kind) {
    case 'units':
      return 1
    case 'sequence':
      return node.items.reduce((sum, item) => sum + lengthOf(item, which), 0)
    case 'choice':
      return Math[which](...node.options.map((option) => lengthOf(option, which)))
    case 'repeat': {
      const once = lengthOf(node.item, which)
      return once === 0 || node[which] === 0 ? 0 : once * node[which]
    }
    default:
      return 0
  }
}

/** Ways to divide a text among the repetitions, at most. */
function waysOf(node: PatternNode): number {
  switch (node.kind) {
    case 'sequence':
      return node.items.reduce((product, item) => product * waysOf(item), 1)
    case 'choice':
      return node.options.reduce((sum, option) => sum + waysOf(option), 0)
    case 'repeat': {
      if (node.max > LONGEST_BOUND) return Infinity
      return (node.max - node.min + 1) * waysOf(node.item) ** node.max
    }
    default:
      return 1
  }
}

function reversed(node: PatternNode): PatternNode {
  switch (node.kind) {
    case 'sequence':
      return { kind: 'sequence', items: node.items.map(reversed).reverse() }
    case 'choice':
      return { kind: 'choice', options: node.options.map(reversed) }
    case 'repeat':
      return { ...node, item: reversed(node.item) }
    default:
      return node
  }
}

function looksOf(building: Building, isSearched: boolean): Automaton['looks'] {
  return building.looks.map(({ tree, afterLoop }) => ({ tree, searched: isSearched || afterLoop }))
}

/** The units are cut into kinds, within which every state and every guard treats all units alike. */
function reading(building: Building): Omit<Automaton, 'looks'> {
  const { units, edges, loops, choices, guarded: remembers } = building
  const cuts = new Set([0, 48, 58, 65, 91, 95, 96, 97, 123])
  for (const set of units)
    for (let i = 0; i < set.length; i += 2) cuts.add(set[i] as number).add((set[i + 1] as number) + 1)
  const kinds = [...cuts].filter((cut) => cut <= 0xffff).sort((a, b) => a - b)
  const reads = units.map((set) => kinds.map((kind) => overlap(set, [kind, kind])))
  const readBy = reads.map((row) => row.flatMap((isRead, kind) => (isRead ? [kind] : [])))
  const isWord = kinds.map((kind) => /\w/.test(String.fromCharCode(kind)))
  const lastOf = (read: number) => (remembers && isWord[read] ? 1 : 0)
  return {
    size: units.length,
    edges,
    loops,
    choices,
    common: (a, b, c) => (readBy[a] ?? []).filter((kind) => reads[b]?.[kind] && reads[c]?.[kind]),
    lastOf,
    lastsOf: (state) => [...new Set((readBy[state] ?? []).map(lastOf))],
    may(edge, last, read) {
      if ((edge.guard & (GUARD.boundary | GUARD.inside)) === 0) return true
      const differ = (last === 1) !== isWord[read]
      return differ ? (edge.guard & GUARD.inside) === 0 : (edge.guard & GUARD.boundary) === 0
    }
  }
}
