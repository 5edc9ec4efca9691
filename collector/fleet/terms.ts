/** Under which fencing term this hub writes of each host, and whether another hub was seen to have a higher one. */
import { StaleTermError } from '../store/store.ts'

export class Terms {
  /** By host: the term under which this hub serves or served it. */
  readonly #own = new Map<string, number>()
  /** By host: the highest term that was seen of any hub; above the own one the host is another's. */
  readonly #seen = new Map<string, number>()

  /** 0 where this hub never served the host. */
  of(host: string): number {
    return this.#own.get(host) ?? 0
  }

  /** This hub serves the host from now on. */
  take(host: string, term: number): void {
    this.#own.set(host, term)
  }

  /** False for what was written under a term that is over. */
  see(host: string, term: number): boolean {
    if (term < Math.max(this.of(host), this.#seen.get(host) ?? 0)) return false
    this.#seen.set(host, term)
    return true
  }

  /** What was written under this term was refused: who has the host now has a higher one; how high is seen when that is read. */
  refused(host: string, term: number): void {
    if (term === this.of(host)) this.#seen.set(host, term + 1)
  }

  /** Throws StaleTermError where another hub was seen to have taken the host over. */
  demand(host: string): void {
    if ((this.#seen.get(host) ?? 0) > this.of(host)) throw new StaleTermError()
  }
}
