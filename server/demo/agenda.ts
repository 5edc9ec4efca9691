/** What is to happen when, in the order of time: the heart of the played fleet. A binary heap. */
export class Agenda {
  readonly #items: Item[] = []
  #count = 0

  /** `atMs`: milliseconds since 1970, fractions welcome. Equal moments happen in the order of their entry. */
  at(atMs: number, act: (atMs: number) => void): void {
    const items = this.#items
    let place = items.push({ atMs, order: this.#count++, act }) - 1
    while (place > 0) {
      const parent = (place - 1) >> 1
      if (!swapIfEarlier(items, place, parent)) break
      place = parent
    }
  }

  /** When the next thing is due. */
  get nextMs(): number | undefined {
    return this.#items[0]?.atMs
  }

  /** Does what is due until then, at most `limit` things; answers how many. */
  runUntil(atMs: number, limit = Number.POSITIVE_INFINITY): number {
    let done = 0
    for (; done < limit; done++) {
      const first = this.#items[0]
      if (!first || first.atMs > atMs) break
      this.#removeFirst()
      first.act(first.atMs)
    }
    return done
  }

  #removeFirst(): void {
    const items = this.#items
    const last = items.pop()
    if (!last || items.length === 0) return
    items[0] = last
    for (let place = 0; ; ) {
      const left = 2 * place + 1
      if (left >= items.length) return
      const right = left + 1
      const earlier = right < items.length && isEarlier(items[right], items[left]) ? right : left
      if (!swapIfEarlier(items, earlier, place)) return
      place = earlier
    }
  }
}

interface Item {
  atMs: number
  order: number
  act: (atMs: number) => void
}

function isEarlier(a: Item | undefined, b: Item | undefined): boolean {
  if (!a || !b) return false
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

/** Swaps child and parent where the child is due earlier; answers whether it did. */
function swapIfEarlier(items: Item[], child: number, parent: number): boolean {
  const [lower, upper] = [items[child], items[parent]]
  if (!lower || !upper || !isEarlier(lower, upper)) return false
  items[child] = upper
  items[parent] = lower
  return true
}
