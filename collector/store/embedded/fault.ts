/** What can be wrong with a data folder, each with a stable code and the way out. */

/** Bytes of a file are not what was written. `place` names file and position. */
export class CorruptError extends Error {
  readonly code = 'DRIFTLOG_CORRUPT'
  readonly place: string
  constructor(place: string, what: string) {
    super(`${place}: ${what}. Run "driftlog check" to see what is affected; everything else stays readable.`)
    this.place = place
  }
}

/** The folder or a file was written by a newer Driftlog. */
export class NewerFormatError extends Error {
  readonly code = 'DRIFTLOG_NEWER_FORMAT'
  constructor(place: string, found: number, known: number) {
    super(`${place} has format ${found}, this Driftlog reads up to ${known}. Start the newer version again.`)
  }
}

/** A part was compressed by a codec that this installation lacks. */
export class CodecMissingError extends Error {
  readonly code = 'DRIFTLOG_CODEC_MISSING'
  constructor() {
    super(
      'Log parts are compressed with zstd, which this Node.js lacks. Run "npm install @toondepauw/node-zstd", or use Node.js 22.15 or newer.'
    )
  }
}

/** Another process has this folder. */
export class FolderLockedError extends Error {
  readonly code = 'DRIFTLOG_FOLDER_LOCKED'
  constructor(folder: string, pid: number, host: string) {
    super(
      `Process ${pid} on ${host} already uses ${folder}. Stop it first, or choose another data folder for this one.`
    )
  }
}

/** The store was closed; nothing can be asked any more. */
export class StoreClosedError extends Error {
  readonly code = 'DRIFTLOG_STORE_CLOSED'
  constructor() {
    super('The log store is closed.')
  }
}

/** The system's code of an error, such as ENOENT; '' where it has none. */
export function systemCode(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return ''
  return String(error.code)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
