/** Runs the tasks of one host one after the other, those of different hosts side by side. */
export class Lanes {
  readonly #tails = new Map<string, Promise<unknown>>()

  run<T>(host: string, task: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(host) ?? Promise.resolve()
    const result = before.then(task)
    const tail = result.catch(() => {})
    this.#tails.set(host, tail)
    void tail.then(() => {
      if (this.#tails.get(host) === tail) this.#tails.delete(host)
    })
    return result
  }

  /** Resolves when everything that was asked for before is done. */
  async idle(): Promise<void> {
    await Promise.all(this.#tails.values())
  }
}
