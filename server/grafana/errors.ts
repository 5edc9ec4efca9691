/** What goes wrong between Driftlog and Grafana. */

/** It does not answer, or not in time. */
export class GrafanaAwayError extends Error {
  readonly code = 'DRIFTLOG_GRAFANA_AWAY'
  constructor(place: string, reason: string) {
    super(`Grafana does not answer at ${place}: ${reason}.`)
  }
}

/** Something else answers, or a proxy before it with a page of its own. */
export class GrafanaAnswerError extends Error {
  readonly code = 'DRIFTLOG_GRAFANA_ANSWER'
  constructor(place: string, what: string) {
    super(
      `What answers at ${place} is not Grafana's API: ${what}. DRIFTLOG_GRAFANA_URL is the address of Grafana as people open it.`
    )
  }
}

/** The API says no. */
export class GrafanaRefusedError extends Error {
  readonly code = 'DRIFTLOG_GRAFANA_REFUSED'
  readonly httpStatus: number
  /** In Grafana's own words. */
  readonly reason: string
  /** Grafana's own word for what is in the way, such as `version-mismatch`; '' where it says none. */
  readonly status: string
  constructor(what: string, httpStatus: number, message: string, status: string) {
    const remedy =
      httpStatus === 401
        ? ' Set DRIFTLOG_GRAFANA_TOKEN to the token of a service account.'
        : httpStatus === 403
          ? ' Give the service account the role Editor; data sources and plugins need Admin.'
          : ''
    super(`Grafana refuses ${what} with ${httpStatus}: ${message}.${remedy}`)
    this.httpStatus = httpStatus
    this.reason = message
    this.status = status
  }
}
