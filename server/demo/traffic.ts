/**
 * What goes on in the played shop: visitors browse, log in and order, and every order leaves lines of one
 * trace id in several apps. Where an app is down, the others complain about it.
 */
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import type { Fleet } from './fleet.ts'
import {
  accessLine,
  auditLine,
  browsedPath,
  javaTrace,
  loginLine,
  mailerLine,
  ordersLine,
  PEOPLE,
  paymentsLine,
  refusedError,
  stockLine,
  upstreamError,
  type Visit,
  visit
} from './lines.ts'

/** Payments keeps it inside its container. */
const AUDIT_FILE = '/app/logs/audit.log'
/** Visits a second at full traffic; one leaves about three lines. */
const VISITS_PER_SECOND = 9
/** Lines a second that belong to no visit. */
const IDLE_LINES_PER_SECOND = 2

export class Traffic {
  readonly #fleet: Fleet
  readonly #agenda: Agenda
  readonly #chance: Chance
  /** Share of full traffic at a moment. */
  readonly #share: (atMs: number) => number

  constructor(fleet: Fleet, agenda: Agenda, chance: Chance, share: (atMs: number) => number) {
    this.#fleet = fleet
    this.#agenda = agenda
    this.#chance = chance
    this.#share = share
  }

  begin(atMs: number): void {
    this.#again(atMs, VISITS_PER_SECOND, (t) => this.#visit(t))
    this.#again(atMs, IDLE_LINES_PER_SECOND, (t) => this.#idle(t))
  }

  #again(atMs: number, perSecond: number, act: (atMs: number) => void): void {
    this.#agenda.at(atMs + this.#chance.gapMs(perSecond * this.#share(atMs)), (dueMs) => {
      act(dueMs)
      this.#again(dueMs, perSecond, act)
    })
  }

  #visit(atMs: number): void {
    const kind = this.#chance.next()
    const app = kind < 0.22 ? 'orders' : kind < 0.42 ? 'login' : undefined
    const seen = visit(this.#chance, app ? 'POST' : 'GET', app ? `/api/${app}` : browsedPath(this.#chance))
    if (!app) this.#browse(atMs, seen)
    else if (!this.#fleet.isUp(app)) this.#refused(atMs, seen)
    else if (app === 'orders') this.#order(atMs, seen)
    else this.#login(atMs, seen)
  }

  #browse(atMs: number, seen: Visit): void {
    const odd = this.#chance.next()
    const status = odd < 0.015 ? 404 : odd < 0.12 ? 304 : 200
    this.#access(atMs, seen, status, this.#chance.between(2, 60))
  }

  #login(atMs: number, seen: Visit): void {
    const chance = this.#chance
    const who = `用户=${chance.pick(PEOPLE)} 来源=${seen.address}`
    const tookMs = chance.between(18, 140)
    const say = (delayMs: number, level: string, text: string) =>
      this.#agenda.at(atMs + delayMs, (t) =>
        this.#fleet.write('login', 'stdout', loginLine(t, level, `${text} trace_id=${seen.trace}`), t)
      )
    say(3, 'DEBUG', `[登录] 收到登录请求 ${who}`)
    const wrong = chance.often(0.08)
    if (wrong) say(tookMs, 'WARN', `[登录] 用户登录失败：密码错误，第 ${chance.whole(1, 4)} 次尝试 ${who}`)
    else say(tookMs, 'INFO', `[登录] 用户登录成功 ${who} 耗时=${Math.round(tookMs)}ms`)
    if (chance.often(0.01)) say(tookMs + 2, 'ERROR', '[会话] 会话缓存连接超时，正在重试')
    this.#access(atMs + tookMs + 4, seen, wrong ? 401 : 200, tookMs + 4)
  }

  /** web → orders → stock → payments → orders → mailer → web */
  #order(atMs: number, seen: Visit): void {
    const chance = this.#chance
    const order = chance.whole(100_000, 999_999)
    const amount = chance.whole(490, 24_990) / 100
    const sku = `SKU-${chance.whole(1000, 9999)}`
    const trace_id = seen.trace
    const later = (delayMs: number, act: (t: number) => void) => this.#agenda.at(atMs + delayMs, act)
    const orders = (t: number, level: 'info' | 'warn' | 'error', fields: object, msg: string) =>
      this.#fleet.write('orders', 'stdout', ordersLine(t, level, { trace_id, order, ...fields }, msg), t)

    later(4, (t) =>
      orders(t, 'info', { items: chance.whole(1, 5), amount, currency: 'EUR' }, 'order received')
    )
    const stockMs = chance.between(5, 25)
    later(4 + stockMs, (t) => {
      const left = chance.whole(0, 80)
      const fields = { order, sku, warehouse: chance.pick(['ber', 'osl']), left, trace_id }
      const text = left < 3 ? 'stock is low' : 'stock reserved'
      this.#fleet.write('stock', 'stdout', stockLine(t, left < 3 ? 'warn' : 'info', text, fields), t)
    })
    const chargeMs = 8 + stockMs + chance.between(60, 420)
    later(chargeMs, (t) => {
      if (!this.#fleet.isUp('payments')) {
        orders(t, 'error', refusedError(8080), 'payment failed, order is kept')
        this.#access(t + 3, seen, 502, chargeMs + 3)
        return
      }
      this.#charge(t, seen, order, amount)
      this.#agenda.at(t + 5, (end) =>
        orders(end, 'info', { tookMs: Math.round(chargeMs + 5) }, 'order accepted')
      )
      this.#access(t + 8, seen, 201, chargeMs + 8)
      this.#agenda.at(t + chance.between(300, 2500), (end) => this.#mail(end, order))
    })
  }

  #charge(atMs: number, seen: Visit, order: number, amount: number): void {
    const chance = this.#chance
    const thread = `nio-8080-exec-${chance.whole(1, 10)}`
    const what = `order=${order} amount=${amount.toFixed(2)} EUR trace_id=${seen.trace}`
    const say = (level: string, text: string, more = '') =>
      this.#fleet.write(
        'payments',
        'stdout',
        paymentsLine(atMs, level, 'ChargeService', text, thread) + more,
        atMs
      )
    this.#fleet.writeFile('payments', AUDIT_FILE, auditLine(atMs, order, amount, seen.trace))
    if (chance.often(0.02)) say('ERROR', `charge not confirmed, will ask again ${what}`, javaTrace('timeout'))
    else if (chance.often(0.05)) say('WARN', `card declined ${what}`)
    else say('INFO', `charged ${what}`)
  }

  #mail(atMs: number, order: number): void {
    const size = this.#chance.between(9, 40).toFixed(1)
    const text = `confirmation of order ${order} handed over size=${size}kB`
    this.#fleet.write('mailer', 'stdout', mailerLine(atMs, 'INFO', text), atMs)
  }

  #refused(atMs: number, seen: Visit): void {
    this.#fleet.write('web', 'stderr', upstreamError(atMs, this.#chance, seen), atMs)
    this.#access(atMs + 1, seen, 502, 1)
  }

  #access(atMs: number, seen: Visit, status: number, tookMs: number): void {
    this.#agenda.at(atMs, (t) => {
      this.#fleet.write('web', 'stdout', accessLine(t, this.#chance, seen, status, tookMs), t)
    })
  }

  #idle(atMs: number): void {
    const chance = this.#chance
    const kind = chance.next()
    if (kind < 0.4) {
      const probe = { ...visit(chance, 'GET', '/healthz'), address: '10.0.12.2', browser: 'kube-probe/1.33' }
      this.#access(atMs, probe, 200, 0.4)
    } else if (kind < 0.6) {
      const fields = {
        event: 'cache',
        entries: chance.whole(800, 5000),
        hitRate: Number(chance.between(0.8, 0.99).toFixed(3))
      }
      this.#fleet.write('orders', 'stdout', ordersLine(atMs, 'debug', fields, 'cache looked after'), atMs)
    } else if (kind < 0.8) {
      const fields = {
        goroutines: chance.whole(18, 60),
        heap_mb: chance.whole(24, 90),
        took: `${chance.whole(1, 40)}ms`
      }
      this.#fleet.write('stock', 'stdout', stockLine(atMs, 'debug', 'inventory synced', fields), atMs)
    } else if (kind < 0.97) {
      const text = `heap ${chance.whole(180, 420)} MiB of 512 MiB, young collections ${chance.whole(1, 9)}`
      this.#fleet.write(
        'payments',
        'stdout',
        paymentsLine(atMs, 'DEBUG', 'Memory', text, 'memory-watch'),
        atMs
      )
    } else if (kind < 0.995) {
      this.#fleet.write('mailer', 'stdout', mailerLine(atMs, 'DEBUG', 'queue is empty, sleeping'), atMs)
    } else {
      const dump = chance.digits(chance.whole(2000, 40_000), 36)
      this.#fleet.write('mailer', 'stdout', mailerLine(atMs, 'DEBUG', `attachment ${dump}`), atMs)
    }
  }
}
