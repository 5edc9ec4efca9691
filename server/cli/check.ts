import { resolve } from 'node:path'
import type { CheckReport, Finding } from '../../collector/store/embedded/check.ts'
import { CliError, EXIT, type ExitCode } from './exit.ts'
import type { Say } from './say.ts'
import { untilStopped } from './stop.ts'
import { bytesText, type Style } from './terminal.ts'

const STYLES: Record<Finding['severity'], Style> = { error: 'red', warning: 'yellow', note: 'dim' }

/** Verifies a data folder without changing it. Ends with 1 where records are lost or unreadable. */
export async function check(dir: string, json: boolean, say: Say): Promise<ExitCode> {
  const { checkFolder } = await import('../../collector/store/embedded/check.ts')
  using stop = untilStopped()
  try {
    const report = await checkFolder(
      resolve(dir),
      ({ file, bytes, totalBytes }) =>
        say.progress.say(`${percent(bytes, totalBytes)} % of ${bytesText(totalBytes)}  ${file}`),
      stop.signal
    )
    say.progress.done()
    if (json) say.line(JSON.stringify(report))
    else say.write(pageOf(report, say))
    return report.sound ? EXIT.ok : EXIT.found
  } catch (error) {
    if (!stop.signal.aborted) throw error
    throw new CliError(EXIT.failed, 'The check was ended before it had seen everything.')
  }
}

function pageOf(report: CheckReport, { paint }: Say): string {
  const { folder, records, parts, journals, bytes, sound, findings } = report
  const told = findings.map(({ code, severity, file, place, meaning, remedy }) => {
    const where = place === undefined ? file : `${file}, ${place}`
    return `${paint(STYLES[severity], severity)} ${code}  ${where}\n  ${meaning}\n  ${remedy}\n`
  })
  if (findings.some(({ code }) => code === 'no-store')) return told.join('')
  const verdict = sound ? paint('green', 'sound') : paint('red', 'damaged')
  const seen = `${counted(records, 'line')} in ${counted(parts, 'part')} and ${counted(journals, 'journal')}`
  return `${told.join('')}${folder} is ${verdict}: ${seen} (${bytesText(bytes)})\n`
}

function counted(number: number, thing: string): string {
  return `${number.toLocaleString('en')} ${thing}${number === 1 ? '' : 's'}`
}

function percent(bytes: number, totalBytes: number): number {
  return totalBytes === 0 ? 100 : Math.floor((bytes / totalBytes) * 100)
}
