/** Records and coverage as the API shows them. */
import { fieldsOf } from '../collector/parse/fields.ts'
import { FLAG, type LogRecord } from '../collector/record.ts'
import type { Coverage } from '../collector/store/store.ts'
import type { CoverageJson, RecordJson } from './api/logs.ts'
import { formatMs, formatTime } from './times.ts'

export function recordJson(record: LogRecord): RecordJson {
  const { origin, flags } = record
  const fields = fieldsOf(record.text)
  return {
    id: record.id,
    time: formatTime(record.time),
    received: formatMs(record.receivedMs),
    level: record.level,
    app: origin.app,
    environment: origin.environment,
    host: origin.host,
    hostName: origin.hostName,
    instance: origin.instance,
    container: origin.container,
    containerName: origin.containerName,
    image: origin.image,
    stream: origin.stream,
    output: record.output,
    generation: record.generation,
    offset: record.offset,
    text: record.text,
    ...(fields ? { fields } : {}),
    ...(flags & FLAG.cut ? { cut: true } : {}),
    ...(flags & FLAG.broken ? { broken: true } : {}),
    ...(flags & FLAG.redacted ? { redacted: true } : {})
  }
}

/** A host that has not delivered everything yet. */
export type Behind = CoverageJson['behind'][number]

/** What the store searched, and which hosts had not delivered everything when it did. */
export function coverageJson(coverage: Coverage, behind: Behind[]): CoverageJson {
  return {
    complete: coverage.complete,
    ...(coverage.searchedTo === undefined ? {} : { searchedTo: formatTime(coverage.searchedTo) }),
    unreadable: coverage.unreadable,
    scannedRecords: coverage.scannedRecords,
    behind
  }
}
