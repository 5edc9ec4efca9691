/** The fields of one line, and the limits that keep a hostile line small. */

export type FieldValue = string | number | boolean | null
export type Fields = Record<string, FieldValue>

/** Fields beyond this many of one line are left out. */
export const FIELD_LIMIT = 256
/** Longer values are cut, in UTF-16 units. */
export const VALUE_LIMIT = 32_768
/** Fields with longer names are left out, in UTF-16 units. */
export const NAME_LIMIT = 256

export class FieldSet {
  /** Without a prototype, so that any name is just a name. */
  readonly fields: Fields = Object.create(null)
  #count = 0

  get isEmpty(): boolean {
    return this.#count === 0
  }

  /** A second value of one name is joined to the first by `, `. */
  add(name: string, value: FieldValue): void {
    const before = this.fields[name]
    if (before !== undefined) {
      const joined = String(before)
      if (joined.length < VALUE_LIMIT) this.fields[name] = cut(`${joined}, ${value}`)
      return
    }
    if (this.#count === FIELD_LIMIT || name.length > NAME_LIMIT) return
    this.fields[name] = typeof value === 'string' ? cut(value) : value
    this.#count++
  }
}

function cut(text: string): string {
  return text.length > VALUE_LIMIT ? text.slice(0, VALUE_LIMIT) : text
}
