/** `${PORT}` and `${HOST_IP}`, which the agent replaces in variables and command lines; `$$` is one `$`. */

export type Piece = { kind: 'text'; text: string } | { kind: 'given'; name: 'PORT' | 'HOST_IP' }

const SHOWN = 40
const GIVEN = /^\$\{(PORT|HOST_IP)\}$/

/** A `$` with anything else behind it stands for itself. */
export function piecesOf(text: string): Piece[] {
  const parts = text.split(/(\$\$|\$\{(?:PORT|HOST_IP)\})/)
  return parts.filter((part) => part !== '').map(pieceOf)
}

/** Whoever writes `${DB}` means something to be put in, and would get the very text. */
export function placeholderProblem(text: string): string | undefined {
  const other = /\$\{[^}]*\}?/.exec(text.replace(/\$\$|\$\{(?:PORT|HOST_IP)\}/g, ''))?.[0]
  if (other === undefined) return undefined
  const shown = other.length > SHOWN ? `${other.slice(0, SHOWN)}…` : other
  return `has ${shown}, but only \${PORT} and \${HOST_IP} are replaced; write $$ for a $ of its own`
}

function pieceOf(part: string): Piece {
  const name = GIVEN.exec(part)?.[1] as 'PORT' | 'HOST_IP' | undefined
  if (name) return { kind: 'given', name }
  return { kind: 'text', text: part === '$$' ? '$' : part }
}
