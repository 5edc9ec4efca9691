/** What goes wrong between the hub and Zabbix. */

/** It does not answer, or not in time. */
export class ZabbixAwayError extends Error {
  readonly code = 'DRIFTLOG_ZABBIX_AWAY'
  constructor(place: string, reason: string) {
    super(`Zabbix does not answer at ${place}: ${reason}.`)
  }
}

/** Something else answers, or a proxy before it with a page of its own. */
export class ZabbixAnswerError extends Error {
  readonly code = 'DRIFTLOG_ZABBIX_ANSWER'
  constructor(place: string, what: string) {
    super(
      `What answers at ${place} is not Zabbix's API: ${what}. The address is that of the web frontend with /api_jsonrpc.php behind it.`
    )
  }
}

/** The API says no. */
export class ZabbixRefusedError extends Error {
  readonly code = 'DRIFTLOG_ZABBIX_REFUSED'
  readonly method: string
  /** Zabbix's own number: -32602 wrong parameters or no permission, -32500 inside, -32600 wrong envelope. */
  readonly number: number
  /** Zabbix's own words. */
  readonly reason: string
  constructor(method: string, number: number, reason: string) {
    super(`Zabbix refuses ${method}: ${reason}`)
    this.method = method
    this.number = number
    this.reason = reason
  }
}
