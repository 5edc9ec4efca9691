/** How the files of one log follow each other, as Docker's options say it. */
export interface Rotation {
  /** What the files may hold together before the oldest is deleted, in bytes; Infinity without rotation. */
  capacityBytes: number
  /** A file that was rotated has at least so many; 0 where there is no rotation. */
  fileBytes: number
  /** So many lie there, the live one among them, before the oldest is deleted. */
  files: number
  /** All but the live one are compressed. */
  packs: boolean
}

/** Docker's sizes: "10m" is 10 × 1000² (go-units, FromHumanSize). */
export function rotationOf(logOptions: Readonly<Record<string, string>>): Rotation {
  const bytes = bytesOf(logOptions['max-size'] ?? '')
  const files = bytes > 0 ? Math.max(1, Number(logOptions['max-file'] ?? 1) || 1) : 1
  return {
    fileBytes: bytes,
    capacityBytes: bytes > 0 ? bytes * files : Number.POSITIVE_INFINITY,
    files,
    packs: files > 1 && /^(1|t|true)$/i.test(logOptions['compress'] ?? '')
  }
}

function bytesOf(text: string): number {
  const match = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i.exec(text)
  if (!match) return 0
  return Number(match[1]) * 1000 ** ['', 'k', 'm', 'g', 't'].indexOf((match[2] ?? '').toLowerCase())
}
