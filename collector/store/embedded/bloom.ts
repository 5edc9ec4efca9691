/**
 * Bloom filters over the words of a block: 10 bits a word, 5 hashes. What a filter denies is certainly not there,
 * so words are cut exactly as collector/query/words.ts cuts them, over the text without escape sequences.
 */
import { stripAnsi } from '../../parse/ansi.ts'
import { wordsOf } from '../../query/words.ts'
import { FLAG } from '../../record.ts'

const BITS_PER_WORD = 10
const HASHES = 5
const SEED = 0x811c9dc5
const PRIME = 0x01000193

/** The lower-case byte of an ASCII word character, else 0. */
const WORD = new Uint8Array(256).map((_, code) => {
  const isUpper = code >= 65 && code <= 90
  const isWord = isUpper || (code >= 97 && code <= 122) || (code >= 48 && code <= 57) || code === 95
  return isWord ? (isUpper ? code + 32 : code) : 0
})

/** The hash of a word in lower case, as filters hold it. */
export function hashWord(word: string): number {
  let hash = SEED
  for (const byte of Buffer.from(word)) hash = Math.imul(hash ^ byte, PRIME)
  return mix(hash)
}

export function mayHold(filter: Uint32Array, hash: number): boolean {
  const bits = filter.length * 32
  const step = (Math.imul(hash, 0x9e3779b1) >>> 0) | 1
  let at = hash
  for (let i = 0; i < HASHES; i++) {
    const bit = at % bits
    if (((filter[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false
    at = (at + step) >>> 0
  }
  return true
}

/** Gathers the distinct words of one block after another. */
export class WordSet {
  #slots = new Uint32Array(1 << 16)
  /** A slot counts only while it carries the number of this round, so that clearing costs nothing. */
  #rounds = new Uint32Array(1 << 16)
  #round = 0
  #hashes = new Uint32Array(1 << 14)
  #count = 0

  /** Begins a new block. */
  clear(): void {
    this.#round++
    this.#count = 0
  }

  /** Adds the words of `text[from … to]`. */
  addText(text: Buffer, from: number, to: number, flags: number): void {
    if ((flags & FLAG.ansi) === 0 && this.#addAscii(text, from, to)) return
    for (const word of wordsOf(stripAnsi(text.toString('utf8', from, to)))) this.#add(hashWord(word))
  }

  filter(): Uint32Array<ArrayBuffer> {
    const filter = new Uint32Array(Math.max(2, Math.ceil((this.#count * BITS_PER_WORD) / 32)))
    const bits = filter.length * 32
    for (let i = 0; i < this.#count; i++) {
      let at = this.#hashes[i] as number
      const step = (Math.imul(at, 0x9e3779b1) >>> 0) | 1
      for (let k = 0; k < HASHES; k++) {
        const bit = at % bits
        filter[bit >>> 5] = (filter[bit >>> 5] as number) | (1 << (bit & 31))
        at = (at + step) >>> 0
      }
    }
    return filter
  }

  /** False where a byte is not ASCII: words must then be cut from the text. What was added before does no harm. */
  #addAscii(text: Buffer, from: number, to: number): boolean {
    let hash = SEED
    let inWord = false
    for (let i = from; i < to; i++) {
      const byte = text[i] as number
      if (byte > 127) return false
      const letter = WORD[byte] as number
      if (letter !== 0) {
        hash = Math.imul(hash ^ letter, PRIME)
        inWord = true
      } else if (inWord) {
        this.#add(mix(hash))
        hash = SEED
        inWord = false
      }
    }
    if (inWord) this.#add(mix(hash))
    return true
  }

  #add(hash: number): void {
    const mask = this.#slots.length - 1
    let slot = hash & mask
    while (this.#rounds[slot] === this.#round) {
      if (this.#slots[slot] === hash) return
      slot = (slot + 1) & mask
    }
    this.#rounds[slot] = this.#round
    this.#slots[slot] = hash
    if (this.#count === this.#hashes.length) this.#hashes = widened(this.#hashes)
    this.#hashes[this.#count++] = hash
    if (this.#count * 2 > this.#slots.length) this.#grow()
  }

  #grow(): void {
    const size = this.#slots.length * 4
    this.#slots = new Uint32Array(size)
    this.#rounds = new Uint32Array(size)
    this.#round = 1
    for (let i = 0; i < this.#count; i++) {
      const hash = this.#hashes[i] as number
      let slot = hash & (size - 1)
      while (this.#rounds[slot] === 1) slot = (slot + 1) & (size - 1)
      this.#rounds[slot] = 1
      this.#slots[slot] = hash
    }
  }
}

function widened(old: Uint32Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const wide = new Uint32Array(old.length * 2)
  wide.set(old)
  return wide
}

function mix(hash: number): number {
  let h = hash ^ (hash >>> 16)
  h = Math.imul(h, 0x7feb352d)
  h ^= h >>> 15
  h = Math.imul(h, 0x846ca68b)
  return (h ^ (h >>> 16)) >>> 0
}
