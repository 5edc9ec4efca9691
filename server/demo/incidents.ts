/** What happens to the played fleet: drifts, an OOM kill and a move, panics, updates, a drained host, bursts of errors. */
import type { Agenda } from './agenda.ts'
import type { Chance } from './chance.ts'
import type { Fleet } from './fleet.ts'
import {
  goPanic,
  javaTrace,
  loginLine,
  mailerLine,
  ordersLine,
  paymentsLine,
  pythonTrace,
  stockLine
} from './lines.ts'

type Incident = (atMs: number) => void

export class Incidents {
  readonly #fleet: Fleet
  readonly #agenda: Agenda
  readonly #chance: Chance
  /** Time from one incident to the next. */
  readonly #pauseMs: (atMs: number) => number
  /** In this order, again and again, so that whoever looks for a few minutes sees each of them. */
  readonly #round: readonly Incident[] = [
    (atMs) => this.#drift(atMs),
    (atMs) => this.#panic(atMs),
    (atMs) => this.#outOfMemory(atMs),
    (atMs) => this.#mailFails(atMs),
    (atMs) => this.#update(atMs),
    (atMs) => this.#panic(atMs),
    (atMs) => this.#drainHost(atMs)
  ]

  constructor(fleet: Fleet, agenda: Agenda, chance: Chance, pauseMs: (atMs: number) => number) {
    this.#fleet = fleet
    this.#agenda = agenda
    this.#chance = chance
    this.#pauseMs = pauseMs
  }

  /** One after the other from `atMs` on; none at or after `untilMs`. */
  begin(atMs: number, untilMs = Number.POSITIVE_INFINITY, turn = 0): void {
    const nextMs = atMs + this.#pauseMs(atMs)
    if (nextMs >= untilMs) return
    this.#agenda.at(nextMs, (dueMs) => {
      this.#round[turn % this.#round.length]?.(dueMs)
      this.begin(dueMs, untilMs, turn + 1)
    })
  }

  /** The scheduler takes the orders app elsewhere. */
  #drift(atMs: number): void {
    const [instance] = this.#fleet.running({ app: 'orders' })
    if (instance) this.#fleet.move(instance, atMs, this.#chance.between(1500, 4000), { exitCode: 143 })
  }

  /** A bug of stock: it panics, and its restart policy starts it again in place. */
  #panic(atMs: number): void {
    const [instance] = this.#fleet.running({ app: 'stock' })
    if (!instance) return
    const text = stockLine(atMs, 'error', 'no warehouse for order', {
      order: this.#chance.whole(100_000, 999_999)
    })
    this.#fleet.write('stock', 'stdout', text, atMs)
    this.#fleet.write('stock', 'stderr', goPanic(this.#chance.whole(100, 4000)), atMs + 1)
    this.#fleet.crash(instance, atMs + 2, this.#chance.between(900, 2500), 2)
  }

  /** Payments runs full, is killed by the kernel, and comes up on another host; orders feels it. */
  #outOfMemory(atMs: number): void {
    const steps = 12
    for (let step = 0; step < steps; step++) {
      this.#agenda.at(atMs + step * 900, (t) => {
        const used = 430 + Math.round((step / steps) * 80)
        const text = `heap ${used} MiB of 512 MiB, full collection took ${step * 140 + 80} ms`
        this.#fleet.write('payments', 'stdout', paymentsLine(t, 'WARN', 'Memory', text, 'memory-watch'), t)
      })
    }
    this.#agenda.at(atMs + steps * 900, (t) => {
      const [instance] = this.#fleet.running({ app: 'payments' })
      if (!instance) return
      const line = paymentsLine(t, 'ERROR', 'ChargeService', 'request failed', 'nio-8080-exec-3')
      this.#fleet.write('payments', 'stdout', line + javaTrace('memory'), t)
      instance.host.engine.health(instance.container, 'unhealthy', BigInt(Math.floor(t)) * 1_000_000n)
      this.#fleet.move(instance, t + 40, this.#chance.between(4000, 9000), { exitCode: 137, oom: true })
    })
  }

  /** The mail server refuses for a while. */
  #mailFails(atMs: number): void {
    const host = 'smtp.example'
    for (let delayMs = 0; delayMs < 14_000; delayMs += this.#chance.between(200, 700)) {
      this.#agenda.at(atMs + delayMs, (t) => {
        const text = `delivery failed, attempt ${this.#chance.whole(1, 5)} of 5, next in ${this.#chance.whole(5, 60)} s`
        this.#fleet.write('mailer', 'stderr', mailerLine(t, 'ERROR', text) + pythonTrace(host), t)
      })
    }
    this.#agenda.at(atMs + 15_000, (t) => {
      this.#fleet.write('mailer', 'stdout', mailerLine(t, 'INFO', `${host} answers again, queue goes out`), t)
    })
  }

  /** A new version of login starts elsewhere before the old one ends. */
  #update(atMs: number): void {
    const app = this.#fleet.apps.login
    const [major, minor, patch] = app.version.split('.').map(Number)
    app.version = `${major}.${minor}.${(patch ?? 0) + 1}`
    const [instance] = this.#fleet.running({ app: 'login' })
    if (!instance) return
    const text = `[发布] 新版本 ${app.version} 正在启动，本实例将停止接收流量`
    this.#fleet.write('login', 'stdout', loginLine(atMs, 'INFO', text), atMs)
    this.#fleet.move(instance, atMs, -this.#chance.between(2000, 5000), { exitCode: 143 })
  }

  /** Maintenance: everything that runs on one host goes elsewhere. */
  #drainHost(atMs: number): void {
    const [first, ...rest] = this.#fleet.hosts
    if (!first) return
    const host = this.#chance.pick([first, ...rest])
    this.#fleet.running({ host }).forEach((instance, n) => {
      this.#agenda.at(atMs + n * 1200, (t) => {
        if (instance.app.name === 'orders') {
          const line = ordersLine(t, 'warn', { host: host.name }, 'host is drained, leaving')
          this.#fleet.write('orders', 'stdout', line, t)
        }
        this.#fleet.move(instance, t + 200, this.#chance.between(1500, 5000), { exitCode: 143 })
      })
    })
  }
}
