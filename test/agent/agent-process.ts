/** An agent as a process of its own, configured by its environment. */
import pino from 'pino'
import { runAgent } from '../../agent/agent.ts'
import { readConfig } from '../../agent/config.ts'

const config = readConfig(process.env)
const ending = new AbortController()
process.once('SIGTERM', () => ending.abort())
await runAgent(config, { log: pino({ level: config.logLevel }, pino.destination(2)), signal: ending.signal })
