/** How each app of the played fleet writes: text in the dialects that one meets. */
import type { App } from './apps.ts'
import type { Chance } from './chance.ts'

/** What an app writes when it starts. */
export function greeting(app: App, atMs: number): string {
  const { version } = app
  switch (app.name) {
    case 'web':
      return `${nginxStamp(atMs)} [notice] 1#1: nginx/${version}\n${nginxStamp(atMs)} [notice] 1#1: start worker processes\n`
    case 'orders':
      return ordersLine(atMs, 'info', { version, port: 8080 }, 'orders is listening')
    case 'payments':
      return paymentsLine(atMs, 'INFO', 'Spring', `Started PaymentsApplication ${version} in 3.114 seconds`)
    case 'login':
      return loginLine(atMs, 'INFO', `[启动] 登录服务 ${version} 已启动，监听端口 8080`)
    case 'stock':
      return stockLine(atMs, 'info', 'stock is listening', { version, addr: ':8080' })
    case 'mailer':
      return mailerLine(atMs, 'INFO', `mailer ${version} is waiting for work`)
    default:
      return app.name satisfies never
  }
}

/** What it writes when it is asked to end. */
export function farewell(app: App, atMs: number): string {
  switch (app.name) {
    case 'web':
      return `${nginxStamp(atMs)} [notice] 1#1: signal 15 (SIGTERM) received, exiting\n`
    case 'orders':
      return ordersLine(atMs, 'info', { signal: 'SIGTERM' }, 'orders is closing')
    case 'payments':
      return paymentsLine(atMs, 'INFO', 'Spring', 'Commencing graceful shutdown', 'SpringShutdown')
    case 'login':
      return loginLine(atMs, 'INFO', '[停止] 收到 SIGTERM，正在关闭')
    case 'stock':
      return stockLine(atMs, 'info', 'draining connections', { signal: 'terminated' })
    case 'mailer':
      return mailerLine(atMs, 'WARNING', 'asked to end, handing the queue back')
    default:
      return app.name satisfies never
  }
}

/** What a version of mailer writes that never comes up. */
export function refusal(version: string, atMs: number): string {
  return mailerLine(atMs, 'ERROR', `mailer ${version}: template order-paid.html is missing, not taking work`)
}

/** nginx: the combined format with the time of the answer and a trace id. */
export function accessLine(
  atMs: number,
  chance: Chance,
  visit: Visit,
  status: number,
  tookMs: number
): string {
  const [day = '', time = ''] = new Date(atMs)
    .toUTCString()
    .slice(5)
    .split(/ (?=\d\d:)/)
  const stamp = `${day.replaceAll(' ', '/')}:${time.slice(0, 8)} +0000`
  const size = status >= 500 ? 157 : chance.whole(180, 48_000)
  const request = `"${visit.method} ${visit.path} HTTP/1.1"`
  const seconds = (tookMs / 1000).toFixed(3)
  return `${visit.address} - - [${stamp}] ${request} ${status} ${size} "https://shop.example/" "${visit.browser}" rt=${seconds} trace_id=${visit.trace}\n`
}

/** nginx's own complaint, on stderr. */
export function upstreamError(atMs: number, chance: Chance, visit: Visit): string {
  const connection = chance.whole(1000, 99_999)
  return `${nginxStamp(atMs)} [error] 29#29: *${connection} connect() failed (111: Connection refused) while connecting to upstream, client: ${visit.address}, server: shop.example, request: "${visit.method} ${visit.path} HTTP/1.1", upstream: "http://10.0.12.7:8080${visit.path}", host: "shop.example"\n`
}

function nginxStamp(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 19).replaceAll('-', '/').replace('T', ' ')
}

export interface Visit {
  method: 'GET' | 'POST'
  path: string
  address: string
  browser: string
  trace: string
}

const PIECES = [
  'running shoes',
  'espresso cup',
  'desk lamp',
  'rain jacket',
  'garden hose',
  '保温杯',
  'Füllhalter'
] as const
const BROWSERS = [
  'Mozilla/5.0 (X11; Linux x86_64; rv:141.0) Gecko/20100101 Firefox/141.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0.0.0 Safari/537.36',
  'okhttp/4.12.0'
] as const

export function visit(chance: Chance, method: Visit['method'], path: string): Visit {
  const address = `${chance.pick(['203.0.113', '198.51.100', '192.0.2'])}.${chance.whole(1, 254)}`
  return { method, path, address, browser: chance.pick(BROWSERS), trace: chance.digits(16) }
}

export function browsedPath(chance: Chance): string {
  const kind = chance.next()
  if (kind < 0.3) return '/'
  if (kind < 0.7) return `/products/${chance.whole(1000, 9999)}`
  if (kind < 0.85) return `/assets/app.${chance.digits(8)}.js`
  return `/api/search?q=${encodeURIComponent(chance.pick(PIECES))}&page=${chance.whole(1, 4)}`
}

const PINO = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 } as const

/** Node with pino: one JSON object a line. */
export function ordersLine(atMs: number, level: keyof typeof PINO, fields: object, msg: string): string {
  const line = { level: PINO[level], time: Math.floor(atMs), pid: 1, name: 'orders', ...fields, msg }
  return `${JSON.stringify(line)}\n`
}

export function refusedError(port: number): object {
  const message = `connect ECONNREFUSED 10.0.12.9:${port}`
  const stack = `Error: ${message}\n    at TCPConnectWrap.afterConnect [as oncomplete] (node:net:1611:16)\n    at async charge (/app/src/payments.js:41:18)\n    at async Object.place (/app/src/orders.js:87:20)`
  return { err: { type: 'Error', message, code: 'ECONNREFUSED', stack } }
}

const LOGGERS = {
  ChargeService: 'c.e.shop.payments.ChargeService',
  Acquirer: 'c.e.shop.payments.AcquirerClient',
  Memory: 'c.e.shop.payments.MemoryWatch',
  Spring: 'o.s.boot.SpringApplication'
} as const

/** What payments keeps in a file of its own. */
export function auditLine(atMs: number, order: number, amount: number, trace: string): string {
  return `${new Date(atMs).toISOString()} AUDIT charge order=${order} amount=${amount.toFixed(2)} currency=EUR trace_id=${trace}\n`
}

/** Java with Spring Boot's pattern. */
export function paymentsLine(
  atMs: number,
  level: string,
  logger: keyof typeof LOGGERS,
  text: string,
  thread = 'main'
): string {
  return `${new Date(atMs).toISOString()} ${level.padStart(5)} 1 --- [${thread.padStart(16)}] ${LOGGERS[logger].padEnd(38)} : ${text}\n`
}

export function javaTrace(kind: 'timeout' | 'memory'): string {
  if (kind === 'memory') {
    return `java.lang.OutOfMemoryError: Java heap space
\tat java.base/java.util.Arrays.copyOf(Arrays.java:3537)
\tat java.base/java.util.ArrayList.grow(ArrayList.java:237)
\tat com.example.shop.payments.ReceiptCache.remember(ReceiptCache.java:64)
\tat com.example.shop.payments.ChargeService.charge(ChargeService.java:112)
`
  }
  return `com.example.shop.payments.GatewayTimeoutException: no answer from the acquirer within 5000 ms
\tat com.example.shop.payments.AcquirerClient.charge(AcquirerClient.java:118)
\tat com.example.shop.payments.ChargeService.charge(ChargeService.java:93)
\tat com.example.shop.payments.ChargeController.post(ChargeController.java:47)
\tat java.base/java.lang.Thread.run(Thread.java:1583)
Caused by: java.net.SocketTimeoutException: Read timed out
\tat java.base/sun.nio.ch.NioSocketImpl.timedRead(NioSocketImpl.java:288)
\tat java.base/java.net.Socket$SocketInputStream.read(Socket.java:1099)
\t... 37 common frames omitted
`
}

/** A service that logs in Chinese. */
export function loginLine(atMs: number, level: string, text: string): string {
  return `${new Date(atMs).toISOString().slice(0, 23).replace('T', ' ')} ${level.padEnd(5)} ${text}\n`
}

export const PEOPLE = ['王芳', '李娜', '张伟', '刘洋', '陈静', '杨磊', 'Zoë Müller', 'O’Brien'] as const

/** Go with logfmt. */
export function stockLine(
  atMs: number,
  level: string,
  text: string,
  fields: Record<string, string | number>
): string {
  const rest = Object.entries(fields).map(
    ([key, value]) => ` ${key}=${/[\s"=]/.test(String(value)) ? JSON.stringify(value) : value}`
  )
  return `time=${new Date(atMs).toISOString()} level=${level} msg=${JSON.stringify(text)}${rest.join('')}\n`
}

export function goPanic(goroutine: number): string {
  return `panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x18 pc=0x6f2b1d]

goroutine ${goroutine} [running]:
main.(*Warehouse).Reserve(0x0, {0xc0001a4f00, 0x9}, 0x2)
\t/src/stock/warehouse.go:87 +0x3d
main.(*Server).handleReserve(0xc00012e000, {0x8a1f60, 0xc0002b41c0}, 0xc0003f8d80)
\t/src/stock/server.go:141 +0x1c5
created by net/http.(*Server).Serve in goroutine 1
\t/usr/local/go/src/net/http/server.go:3360 +0x485
`
}

const COLOURS = { DEBUG: 36, INFO: 32, WARNING: 33, ERROR: 31 } as const

/** Python with colours, as many write them even where no terminal is. */
export function mailerLine(atMs: number, level: keyof typeof COLOURS, text: string): string {
  const stamp = new Date(atMs).toISOString().slice(11, 23)
  return `\u001b[2m${stamp}\u001b[0m \u001b[1;${COLOURS[level]}m${level.padEnd(7)}\u001b[0m \u001b[35mmailer.queue\u001b[0m ${text}\n`
}

export function pythonTrace(host: string): string {
  return `Traceback (most recent call last):
  File "/app/mailer/queue.py", line 73, in deliver
    with smtplib.SMTP(self.host, self.port, timeout=10) as server:
  File "/usr/local/lib/python3.13/smtplib.py", line 255, in __init__
    (code, msg) = self.connect(host, port)
ConnectionRefusedError: [Errno 111] Connection refused: ${host}:25
`
}
