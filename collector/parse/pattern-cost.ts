/**
 * What a backtracking engine does at worst with a regular expression. The expression becomes an automaton whose states
 * are the places in it that read a character; a repetition is a loop in it, the search for a beginning too. The work
 * grows faster than the text in two cases only (Weber and Seidl, "On the degree of ambiguity of finite automata"): a
 * loop can read the same text on two ways (exponential), or a loop can be left for another one while both read the
 * same text over and over (polynomial). Both are looked for by walking two or three copies of the automaton at once.
 */
import { type Automaton, automatonOf, type Loop } from './pattern-automaton.ts'
import { PatternError, type PatternNode } from './pattern-tree.ts'

/** Ways that one beginning may be tried at most. */
const MOST_WAYS = 4096
/** Steps of the check itself. */
const MOST_STEPS = 3_000_000

/** The sentence that says why the expression is too dear, or undefined where it is not. */
export function costProblem(tree: PatternNode): string | undefined {
  const automaton = automatonOf(tree, true)
  const budget = { steps: MOST_STEPS }
  const problem = problemOf(automaton, budget)
  if (problem !== undefined) return problem
  for (const look of automaton.looks) {
    const inner = problemOf(automatonOf(look.tree, look.searched), budget)
    if (inner !== undefined) return inner
  }
  return undefined
}

interface Budget {
  steps: number
}

function problemOf(automaton: Automaton, budget: Budget): string | undefined {
  const loops = automaton.loops.filter((loop) => !loop.cannotFail)
  const ways = new Map<Loop, number>()
  for (const loop of loops) {
    const twofold = readsTwofold(automaton, loop, budget)
    if (twofold && loop.ways > MOST_WAYS)
      return `"${loop.source}" can read the same text in very many ways: let what it repeats begin with something that can't stand inside it`
    ways.set(loop, twofold ? loop.ways : loop.ends)
  }
  return chainProblem(automaton, loops, ways, budget)
}

/** Multiplies the ways along every chain of loops of which each can take over the text of the one before. */
function chainProblem(
  automaton: Automaton,
  loops: Loop[],
  ways: Map<Loop, number>,
  budget: Budget
): string | undefined {
  const best = new Map<Loop, { ways: number; endless: number; from?: Loop }>()
  for (const [i, loop] of loops.entries()) {
    const own = ways.get(loop) ?? 1
    const endless = Number.isFinite(own) ? 0 : 1
    let mine: { ways: number; endless: number; from?: Loop } = { ways: endless ? 1 : own, endless }
    for (const before of loops.slice(0, i)) {
      const chain = best.get(before)
      if (!chain || !takesOver(automaton, before, loop, budget)) continue
      const candidate = {
        ways: chain.ways * (endless ? 1 : own),
        endless: chain.endless + endless,
        from: before
      }
      const dearer = candidate.endless - mine.endless || candidate.ways - mine.ways
      if (dearer > 0) mine = candidate
    }
    best.set(loop, mine)
    if (mine.endless > 1 || mine.ways > MOST_WAYS) return chainSentence(loop, mine.from)
  }
  return automaton.choices > MOST_WAYS
    ? 'too many of its alternatives begin alike, one after the other'
    : undefined
}

function chainSentence(loop: Loop, before: Loop | undefined): string {
  const remedy = `exclude from "${loop.source}" what ends it, or bound it as in {0,200}`
  return before?.search
    ? `"${loop.source}" reads on from every place where the expression may begin: let it begin with ^ or \\b, ${remedy}`
    : `"${before?.source}" and "${loop.source}" can read the same text: ${remedy}`
}

/** True where two different walks through the loop read the same text and meet again. */
function readsTwofold(automaton: Automaton, loop: Loop, budget: Budget): boolean {
  const { size, edges } = automaton
  for (const from of loop.states)
    if (edges[from]?.some((edge, i, all) => inLoop(loop, edge.to) && isDouble(all, i))) return true
  const reached = new Map<number, number[]>()
  const key = (a: number, b: number, last: number) => (last * size + a) * size + b
  const open: [number, number, number][] = []
  const visit = (a: number, b: number, last: number, from: number) => {
    const at = key(a, b, last)
    const sources = reached.get(at)
    if (sources) sources.push(from)
    else {
      reached.set(at, [from])
      open.push([a, b, last])
    }
  }
  for (const state of loop.states) for (const last of automaton.lastsOf(state)) visit(state, state, last, -1)
  for (let next = open.pop(); next; next = open.pop()) {
    const [a, b, last] = next
    for (const x of edges[a] ?? [])
      for (const y of edges[b] ?? []) {
        spend(budget)
        if (!inLoop(loop, x.to) || !inLoop(loop, y.to)) continue
        for (const read of automaton.common(x.to, y.to, x.to))
          if (automaton.may(x, last, read) && automaton.may(y, last, read))
            visit(x.to, y.to, automaton.lastOf(read), key(a, b, last))
      }
  }
  return meetsAgain(reached, size)
}

/** Walks back from the pairs of equal states; a pair of different ones on the way is the twofold reading. */
function meetsAgain(reached: Map<number, number[]>, size: number): boolean {
  const isEqual = (at: number) => at % size === Math.floor(at / size) % size
  const open = [...reached.keys()].filter(isEqual)
  const seen = new Set(open)
  for (let at = open.pop(); at !== undefined; at = open.pop())
    for (const from of reached.get(at) ?? []) {
      if (from < 0 || seen.has(from)) continue
      if (!isEqual(from)) return true
      seen.add(from)
      open.push(from)
    }
  return false
}

/** True where some text leads around `p`, from `p` to `q` and around `q`, with p in the first loop and q in the second. */
function takesOver(automaton: Automaton, first: Loop, second: Loop, budget: Budget): boolean {
  for (const p of first.states)
    for (const q of second.states)
      for (const read of automaton.common(p, q, q))
        if (leads(automaton, p, q, automaton.lastOf(read), first, second, budget)) return true
  return false
}

function leads(
  automaton: Automaton,
  p: number,
  q: number,
  start: number,
  first: Loop,
  second: Loop,
  budget: Budget
): boolean {
  const { size, edges } = automaton
  const seen = new Set<number>()
  const open: [number, number, number, number][] = [[p, p, q, start]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [a, x, c, last] = next
    for (const ea of edges[a] ?? []) {
      if (!inLoop(first, ea.to)) continue
      for (const ec of edges[c] ?? []) {
        if (!inLoop(second, ec.to)) continue
        for (const ex of edges[x] ?? []) {
          spend(budget)
          for (const read of automaton.common(ea.to, ex.to, ec.to)) {
            if (!automaton.may(ea, last, read) || !automaton.may(ex, last, read)) continue
            if (!automaton.may(ec, last, read)) continue
            const behind = automaton.lastOf(read)
            if (ea.to === p && ex.to === q && ec.to === q && behind === start) return true
            const key = ((behind * size + ea.to) * size + ex.to) * size + ec.to
            if (seen.has(key)) continue
            seen.add(key)
            open.push([ea.to, ex.to, ec.to, behind])
          }
        }
      }
    }
  }
  return false
}

function inLoop(loop: Loop, state: number): boolean {
  return state >= loop.from && state < loop.to
}

function isDouble(edges: readonly { to: number }[], i: number): boolean {
  return edges.some((edge, j) => j < i && edge.to === edges[i]?.to)
}

function spend(budget: Budget): void {
  if (--budget.steps < 0) throw new PatternError('it is too complicated to be checked; write it shorter')
}
