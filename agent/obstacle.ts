/** Why a log file cannot be read, in words that say what to do. */
import { accessSync, constants } from 'node:fs'
import { dirname } from 'node:path'
import { type Standing, whereForbidden, whereNotThere } from './doctor/ways-out.ts'

/** What keeps the agent from ever seeing this file, if that can be told already. */
export function obstacleOf(path: string, standing: Standing): string | undefined {
  try {
    accessSync(dirname(dirname(path)))
    accessSync(path, constants.R_OK)
  } catch (error) {
    const { code, path: where } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EPERM') return troubleOf(path, error as Error, standing)
    // A container that was never started has no file yet.
    if (where !== path) return notThere(path, standing)
  }
  return undefined
}

export function notThere(path: string, standing: Standing): string {
  return `${path} is not there: ${whereNotThere(dirname(dirname(path)), standing)}`
}

export function troubleOf(path: string, error: Error, standing: Standing): string {
  const { code } = error as NodeJS.ErrnoException
  if (code === 'EACCES' || code === 'EPERM') {
    return `${path} cannot be read: permission denied; ${whereForbidden(standing)}`
  }
  return `${path} cannot be read: ${error.message}`
}
