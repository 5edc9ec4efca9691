/** The apps of the host itself whose log files are read: `app=nginx env=production /var/log/nginx/*.log; app=…`. Pure. */
import { readGlobs } from './glob.ts'

export interface HostApp {
  app: string
  environment: string
  patterns: string
}

/** The name of such an app is part of the id under which the hub knows it, which has 128 characters at most. */
const MAX_APP_CHARACTERS = 100

export function readHostApps(text: string, environment: string): HostApp[] | { why: string } {
  const apps = new Map<string, HostApp>()
  for (const entry of text.split(/[;\n]/)) {
    if (entry.trim() === '') continue
    const read = entryOf(entry.trim(), environment)
    if ('why' in read) return { why: `"${entry.trim().slice(0, 200)}" ${read.why}` }
    const before = apps.get(read.app)
    if (before && before.environment !== read.environment) {
      return { why: `the app "${read.app}" stands there with two environments; an app has one on a host` }
    }
    const patterns = before ? `${before.patterns} ${read.patterns}` : read.patterns
    apps.set(read.app, { ...read, patterns })
  }
  return [...apps.values()]
}

function entryOf(entry: string, environment: string): HostApp | { why: string } {
  const settings = new Map<string, string>()
  let rest = entry
  for (let found = SETTING.exec(rest); found; found = SETTING.exec(rest)) {
    const [whole, name = '', value = ''] = found
    if (name !== 'app' && name !== 'env') return { why: `says ${name}=, but only app= and env= count` }
    if (settings.has(name)) return { why: `says ${name}= twice` }
    settings.set(name, value)
    rest = rest.slice(whole.length)
  }
  const app = settings.get('app') ?? ''
  if (app === '') return { why: 'names no app: begin it with app=<name>' }
  if (app.length > MAX_APP_CHARACTERS)
    return { why: `has an app of more than ${MAX_APP_CHARACTERS} characters` }
  const { globs, bad } = readGlobs(rest)
  const [wrong] = bad
  if (wrong) return { why: `has the pattern "${wrong.pattern}", which ${wrong.why}` }
  if (globs.length === 0) return { why: 'names no files, e.g. /var/log/nginx/*.log' }
  return { app, environment: settings.get('env') || environment, patterns: rest }
}

/** `app=nginx ` at the beginning. */
const SETTING = /^([a-z]+)=(\S*)\s*/
