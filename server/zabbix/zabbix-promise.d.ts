/** The parts of zabbix-promise 2.0.2 that are used; the package has no types. */
declare module 'zabbix-promise' {
  export default class Zabbix {
    constructor(options: { url: string; user?: string; password?: string; options?: object })
    /** Session or token; null before login. */
    auth: string | null
    /** Resolves to the result where it is truthy; else throws the answer as a JSON text. */
    request(method: string, params: unknown): Promise<unknown>
    login(): Promise<string>
    logout(): Promise<unknown>
  }
}

declare module 'zabbix-promise/lib/wrapper.js' {
  /** What a Zabbix hands over to be sent. */
  export interface Asked {
    url: string
    auth: string | null
    options: object
    method: string
    params: unknown
  }
  const wrapper: { post(asked: Asked): Promise<unknown> }
  export default wrapper
}
