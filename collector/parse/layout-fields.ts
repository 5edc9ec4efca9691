/** Fields of the layouts that logging libraries and servers write by themselves: who said it, where, how bad. */
import type { FieldSet } from './field-set.ts'
import { scalarOf } from './json-fields.ts'

/**
 * Adds what stands before the message, and says where the message begins; -1 where no layout fits. What a group is called is the field's name. Each
 * expression begins at the line's begin, and is only tried on lines with its first character.
 */
export function addLayoutFields(line: string, set: FieldSet): number {
  const first = line.charCodeAt(0)
  const layouts =
    first === 60
      ? ANGLE
      : first === 91
        ? BRACKET
        : first >= 48 && first <= 57
          ? DIGIT
          : isLetter(first)
            ? LETTER
            : NONE
  for (const layout of layouts) {
    const match = layout.exec(line)
    if (!match) continue
    for (const [name, value] of Object.entries(match.groups ?? {})) addGroup(set, name, value)
    return match[0].length
  }
  return -1
}

function addGroup(set: FieldSet, name: string, value: string | undefined): void {
  if (value === undefined || value === '' || value === '-') return
  if (name === 'pri') {
    const pri = Number(value)
    set.add('facility', FACILITIES[pri >> 3] ?? pri >> 3)
    set.add('severity', SEVERITIES[pri & 7] ?? '')
  } else if (name === 'structured') addStructured(set, value)
  else if (name === 'details') addDetails(set, value)
  else if (name === 'clock') set.add('time', value)
  else set.add(name, name === 'time' ? value : scalarOf(value.trim()))
}

/** `[id@1 key="value" …][…]` of RFC 5424: `id@1.key`. */
function addStructured(set: FieldSet, text: string): void {
  for (const [, id = '', pairs = ''] of text.matchAll(
    /\[([^\s\]=]{1,64})((?: [^\s=\]"]{1,64}="(?:[^"\\]|\\.)*")*)\]/g
  ))
    for (const [, name = '', value = ''] of pairs.matchAll(/ ([^\s=\]"]{1,64})="((?:[^"\\]|\\.)*)"/g))
      set.add(`${id}.${name}`, scalarOf(value.replace(/\\(["\\\]])/g, '$1')))
}

/** `client: 10.0.0.1, server: x, request: "GET / HTTP/1.1", upstream: "…", host: "…"` of Nginx. */
function addDetails(set: FieldSet, text: string): void {
  for (const [, name = '', quoted, bare = ''] of text.matchAll(
    /, ([a-z]{4,16}): (?:"([^"]{0,8192})"|([^\s,]{1,256}))/g
  ))
    if (name !== 'request' || quoted === undefined) set.add(name, scalarOf(quoted ?? bare))
    else {
      const [, method, path, protocol] = /^([A-Z]+) (\S+)(?: (\S+))?$/.exec(quoted) ?? []
      if (method !== undefined && path !== undefined) {
        set.add('method', method)
        set.add('path', path)
        if (protocol !== undefined) set.add('protocol', protocol)
      } else set.add(name, quoted)
    }
}

function isLetter(code: number): boolean {
  return (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
}

const FACILITIES = 'kern user mail daemon auth syslog lpr news uucp cron authpriv ftp ntp audit alert clock'
  .split(' ')
  .concat(Array.from({ length: 8 }, (_, i) => `local${i}`))
const SEVERITIES = ['emerg', 'alert', 'crit', 'err', 'warning', 'notice', 'info', 'debug']

/** Parts of the expressions below. */
const DAY = String.raw`\d{4}[-/.]\d\d[-/.]\d\d`
const CLOCK = String.raw`\d\d:\d\d:\d\d(?:[.,]\d{1,9})?`
const ZONE = String.raw`(?: ?(?:Z|UTC|GMT|[A-Z]{3,4}|[+-]\d\d:?\d\d))?`
const STAMP = `(?<time>${DAY}[T ]${CLOCK}${ZONE})`
const MONTH_STAMP = String.raw`(?<time>(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d ${CLOCK})`
const LEVEL =
  '(?<level>TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|SEVERE|CRITICAL|FATAL|EMERG|ALERT|OFF|trace|debug|info|notice|warn|warning|error|critical|fatal)'
const LOGGER = String.raw`(?<logger>[A-Za-z_$][\w.$/:#@-]{0,255})`
const PROGRAM = String.raw`(?<program>[\w./()@-]{1,128})(?:\[(?<pid>\d+)\])?:(?: |$)`

const NONE: readonly RegExp[] = []

const ANGLE: readonly RegExp[] = [
  String.raw`^<(?<pri>\d{1,3})>1 (?<time>\S+) (?<host>\S+) (?<program>\S+) (?<pid>\S+) (?<message_id>\S+) (?<structured>-|(?:\[(?:[^"\]]|"(?:[^"\\]|\\.)*")*\])+)`,
  String.raw`^<(?<pri>\d{1,3})>${MONTH_STAMP} (?<host>[\w.:-]+) ${PROGRAM}`,
  String.raw`^<(?<pri>\d{1,3})>(?:${STAMP} (?<host>[\w.:-]+) )?${PROGRAM}`,
  String.raw`^<(?<pri>\d{1,3})>`
].map((source) => new RegExp(source))

const BRACKET: readonly RegExp[] = [
  // Apache's error log
  String.raw`^\[(?<time>[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d ${CLOCK} \d{4})\] \[(?:(?<module>\w*):)?(?<level>\w+)\](?: \[pid (?<pid>\d+)(?::tid (?<thread>\d+))?\])?(?: \[client (?<client>[\da-fA-F.:]+?)(?::\d+)?\])?(?: (?<code>AH\d{5}):)?`,
  // Elasticsearch, OpenSearch, Logstash
  String.raw`^\[${STAMP}\]\[\s*(?<level>[A-Z]+)\s*\]\[(?<logger>[\w.$]+)\s*\](?: ?\[(?<node>[^\]]{1,128})\])?`,
  // Laravel and Monolog
  String.raw`^\[(?<time>${DAY}[T ]${CLOCK}${ZONE})\] (?<channel>[\w.-]{1,64})\.(?<level>[A-Z]+): `,
  // Rust's env_logger
  String.raw`^\[${STAMP} (?<level>[A-Z]+)\s{1,4}(?<logger>[\w:.-]+)\] `,
  // Gunicorn
  String.raw`^\[${STAMP}\] \[(?<pid>\d+)\] \[(?<level>[A-Z]+)\] `,
  // Kafka, ZooKeeper: the logger ends the line
  String.raw`^\[${STAMP}\] ${LEVEL}\s{1,4}(?:(?=.{0,4096}\((?<logger>[a-z][\w.$]*\.[\w.$]+)\)$)|)`,
  // Celery
  String.raw`^\[${STAMP}: ${LEVEL}/(?<process>[\w-]+)\] `,
  // Nest
  String.raw`^\[(?<program>\w{1,32})\] (?<pid>\d+)\s{1,4}- (?<time>[\d/]{8,10}, \d{1,2}:\d\d:\d\d [AP]M)\s{1,8}(?<level>[A-Z]+) \[(?<logger>[\w.]{1,128})\] `,
  // Serilog's console
  String.raw`^\[${STAMP} (?<level>[A-Z]{3})\] `,
  String.raw`^\[(?<time>${CLOCK}) (?<level>[A-Z]{3})\] `,
  // PHP-FPM
  String.raw`^\[(?<time>\d\d-[A-Z][a-z]{2}-\d{4} ${CLOCK}${ZONE})\] (?:(?<level>[A-Z]+)|PHP (?<kind>[A-Z][a-z]+(?: error)?)): (?:\[pool (?<pool>[\w.-]+)\] )?`
].map((source) => new RegExp(source))

const DIGIT: readonly RegExp[] = [
  // Nginx's error log
  String.raw`^(?<time>${DAY} ${CLOCK}) \[(?<level>[a-z]+)\] (?<pid>\d+)#(?<thread>\d+): (?:\*(?<connection>\d+) )?(?:[^,]{0,2048}|.{0,2048}?)(?<details>(?:, [a-z]{4,16}: (?:"[^"]{0,8192}"|[^\s,"]{1,256})){0,12})$`,
  // Spring Boot
  String.raw`^${STAMP}\s{1,4}${LEVEL} (?<pid>\d+) --- (?:\[(?<application>[^\]]{1,128})\] )?\[\s{0,32}(?<thread>[^\]]{1,128})\] (?<logger>[\w.$/[\]-]+)\s{0,64}: `,
  // PostgreSQL
  String.raw`^${STAMP} \[(?<pid>\d+)\](?: (?<user>[\w-]+)@(?<database>[\w-]+))? (?<level>DEBUG\d|INFO|NOTICE|WARNING|ERROR|LOG|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY):  `,
  // MySQL, MariaDB
  String.raw`^${STAMP}\s{1,4}(?<thread>\d+) \[(?<level>[A-Z][A-Za-z]+)\](?: \[(?<code>MY-\d+)\] \[(?<subsystem>\w+)\])? `,
  // Redis, Valkey
  String.raw`^(?<pid>\d+):(?<role>[XCSM]) (?<time>\d\d [A-Z][a-z]{2} \d{4} ${CLOCK}) (?<mark>[.*#-]) `,
  // Zap's console encoder
  String.raw`^(?<time>\S{10,40})\t(?<level>[A-Z]+)\t(?:(?<logger>[\w.-]+)\t(?=[\w./-]+\.go:\d+\t))?(?:(?<caller>[\w./@-]+\.go:\d+)\t)?`,
  // Python's usual layout
  String.raw`^${STAMP} - (?<logger>[\w.-]+) - (?<level>[A-Z]+) - `,
  String.raw`^${STAMP} \[(?<thread>[^\]]{1,128})\] ${LEVEL}\s{1,4}${LOGGER}(?: -|:) `,
  String.raw`^(?<time>${CLOCK}) \[(?<thread>[^\]]{1,128})\] ${LEVEL}\s{1,4}${LOGGER}(?: -|:) `,
  String.raw`^${STAMP} \[(?<thread>[^\]]{1,128})\] ${LEVEL}\s`,
  String.raw`^(?:${STAMP}|(?<clock>${CLOCK}))\s{1,4}${LEVEL}\s{1,4}\[(?<thread>[^\]]{1,128})\]\s{1,4}${LOGGER}(?: -|:) `,
  String.raw`^(?:${STAMP}|(?<clock>${CLOCK}))\s{1,4}${LEVEL}\s{1,4}\[(?<logger>[\w.$]{1,128})\] \((?<thread>[^)]{1,128})\) `,
  String.raw`^(?:${STAMP}|(?<clock>${CLOCK}))\s{1,4}${LEVEL}\s{1,4}\[(?<thread>[^\]]{1,128})\] `,
  // Serilog's file, RabbitMQ
  String.raw`^${STAMP} \[(?<level>[A-Z]{4,5})\]\s{1,2}(?<logger>[\w.-]{1,64}): `,
  String.raw`^${STAMP} \[(?<level>[A-Za-z]{3,12})\](?: (?<process><\d+\.\d+\.\d+>))? `,
  // Tomcat
  String.raw`^(?<time>\d\d-[A-Z][a-z]{2}-\d{4} ${CLOCK}) ${LEVEL} \[(?<thread>[^\]]{1,128})\] (?<logger>[\w.$]+) `,
  // etcd
  String.raw`^${STAMP} (?<level>[IWEFDCN]) \| (?<logger>[\w/.-]+): `,
  // log4j without a thread, Rust's tracing
  String.raw`^(?:${STAMP}|(?<clock>${CLOCK}))\s{1,4}${LEVEL}\s{1,4}(?<logger>[A-Za-z_$][\w.$]*(?:[.:]{1,2}[\w$]+)*)(?: -|:) `,
  String.raw`^${STAMP} (?<logger>[\w.-]+\.[\w.-]+) (?<level>[A-Z]+) `,
  String.raw`^(?:${STAMP}|(?<clock>${CLOCK}))\s{1,4}${LEVEL}[\s:]`,
  // syslog with the time as rsyslog writes it
  String.raw`^(?<time>${DAY}T${CLOCK}(?:Z|[+-]\d\d:\d\d)) (?<host>[\w.-]+) ${PROGRAM}`
].map((source) => new RegExp(source))

const LETTER: readonly RegExp[] = [
  // klog, glog
  String.raw`^(?<level>[IWEFD])(?<time>\d{4} ${CLOCK})\s{1,8}(?<pid>\d+) (?<caller>[\w./-]+:\d+)\] `,
  String.raw`^${MONTH_STAMP} (?<host>[\w.:-]+) ${PROGRAM}`,
  // Ruby
  String.raw`^[DIWEFA], \[(?<time>\d{4}-\d\d-\d\dT[\d:.]+) #(?<pid>\d+)\]\s{1,4}(?<level>[A-Z]+) -- (?<program>[^:]{0,64}): `,
  // .NET's console
  String.raw`^(?<level>trce|dbug|info|warn|fail|crit): (?<logger>[A-Za-z_][\w.+\x60]*)\[(?<event>-?\d+)\]`,
  // Python without a layout
  String.raw`^(?<level>DEBUG|INFO|WARNING|ERROR|CRITICAL):(?<logger>[A-Za-z_][\w.]*):`,
  String.raw`^${LEVEL}\s{1,4}(?<logger>[a-zA-Z_][\w$]*(?:\.[\w$]+)+) - `,
  // systemd, and what a container's init writes
  String.raw`^(?<program>[a-z][\w.@-]{0,63})\[(?<pid>\d+)\]: `,
  // java.util.logging
  String.raw`^(?<time>[A-Z][a-z]{2} \d{1,2}, \d{4} ${CLOCK} [AP]M) (?<logger>[\w.$]+) (?<function>[\w$<>]+)`
].map((source) => new RegExp(source))

/** Names that stand nowhere in the lines that have these fields. */
export const LAYOUT_NAMES: ReadonlySet<string> = new Set(
  [...ANGLE, ...BRACKET, ...DIGIT, ...LETTER]
    .flatMap(({ source }) => [...source.matchAll(/\(\?<(\w+)>/g)])
    .map(([, name = '']) => name)
    .concat('facility', 'severity')
)
