/** The rows as they stand on the screen: in the reader's order, with the opened record below its row. */
import type { Row, Rows } from './rows.ts'

export type Seen = { kind: 'row'; row: Row } | { kind: 'detail'; row: Row }

export const DETAIL_KEY = 'detail'

export class Sight {
  readonly count: number
  readonly #rows: readonly Row[]
  readonly #up: boolean
  /** Place of the opened row on the screen, -1. */
  readonly #opened: number

  constructor(rows: Rows, order: 'down' | 'up', openedKey: string) {
    this.#rows = rows.items
    this.#up = order === 'up'
    const at = openedKey === '' ? -1 : rows.indexOf(openedKey)
    this.#opened = at < 0 ? -1 : this.#up ? this.#rows.length - 1 - at : at
    this.count = this.#rows.length + (this.#opened < 0 ? 0 : 1)
  }

  at(index: number): Seen | undefined {
    const isDetail = this.#opened >= 0 && index === this.#opened + 1
    const place = this.#opened >= 0 && index > this.#opened ? index - 1 : index
    const row = this.#rows[this.#up ? this.#rows.length - 1 - place : place]
    return row && { kind: isDetail ? 'detail' : 'row', row }
  }

  keyAt(index: number): string {
    const seen = this.at(index)
    return seen === undefined ? `none ${index}` : seen.kind === 'detail' ? DETAIL_KEY : seen.row.key
  }

  /** Place on the screen of a row of the list. */
  indexOf(rows: Rows, key: string): number {
    const at = key === '' ? -1 : rows.indexOf(key)
    if (at < 0) return -1
    const place = this.#up ? this.#rows.length - 1 - at : at
    return this.#opened >= 0 && place > this.#opened ? place + 1 : place
  }
}
