/** Driftlog's dashboards for Grafana. */
import { app } from './app.ts'
import { container } from './container.ts'
import { type Drawing, dashboard } from './dashboard.ts'
import { fleet } from './fleet.ts'
import { host } from './host.ts'
import { itself } from './itself.ts'
import { jsonText } from './json.ts'
import type { Options } from './options.ts'

const DRAWINGS: readonly ((options: Options) => Drawing)[] = [fleet, host, app, container, itself]

export interface DashboardFile {
  /** As people name it: `fleet`. */
  name: string
  /** For ever: links, bookmarks and files are named after it. */
  uid: string
  title: string
  text: string
}

export function dashboards(options: Options): DashboardFile[] {
  return DRAWINGS.map((draw) => {
    const drawing = draw(options)
    const { uid, title } = drawing
    return { name: uid.replace('driftlog-', ''), uid, title, text: jsonText(dashboard(drawing)) }
  })
}
