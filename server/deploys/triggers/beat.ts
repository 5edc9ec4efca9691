/** Cron expressions, in a time zone. */
import { createTask } from 'node-cron'

/** When it fires next, in ms since 1970. Throws where that is never. */
export function nextBeat({ cron, zone }: { cron?: string; zone?: string }): number | undefined {
  if (cron === undefined) return undefined
  const task = createTask(cron, () => {}, { timezone: zone ?? 'UTC' })
  const [next] = task.getNextRuns(1)
  void task.destroy()
  return next?.getTime()
}
