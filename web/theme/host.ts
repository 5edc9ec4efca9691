/** How a host looks everywhere: its colour slot is given at enrolment and kept, so everyone sees the same. */
export interface HostLook {
  /** A CSS colour. */
  colour: string
  /** Slots 12 … 23 repeat the colours with a dashed bar. */
  dashed: boolean
}

const COLOURS = 12
const TAG_LENGTH = 6

/** @param slot `HostJson.slot`, from 0; any integer gives a look. */
export function hostColour(slot: number): HostLook {
  const turn = ((slot % (2 * COLOURS)) + 2 * COLOURS) % (2 * COLOURS)
  return { colour: `var(--host-${(turn % COLOURS) + 1})`, dashed: turn >= COLOURS }
}

/**
 * At most six characters that tell hosts apart: whole short names, else the beginning and the end, because
 * names of one fleet mostly differ there (`container-host-17` → `con-17`).
 */
export function hostTag(name: string): string {
  const short = name.split('.')[0] ?? name
  const letters = [...short]
  if (letters.length <= TAG_LENGTH) return short
  const number = /-?\d+$/.exec(short)?.[0] ?? ''
  if (number !== '' && number.length < TAG_LENGTH) {
    return letters.slice(0, TAG_LENGTH - number.length).join('') + number
  }
  return `${letters.slice(0, TAG_LENGTH - 1).join('')}…`
}
