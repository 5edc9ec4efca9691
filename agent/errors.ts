/**
 * Everything that can stop an agent, by code. Codes are API: never reused. `message` says what is wrong and
 * how to get out of it.
 */
export const AGENT_ERRORS = {
  DRIFTLOG_CONFIG: 'A setting is missing or wrong.',
  DRIFTLOG_STATE_UNUSABLE: 'The state folder cannot be created, read or written.',
  DRIFTLOG_STATE_LOCKED: 'Another agent runs on the same state folder.',
  DRIFTLOG_JOIN_REFUSED: 'The hub does not take this agent in: the join token is missing or wrong.',
  DRIFTLOG_HUB_FINGERPRINT: 'The hub shows another certificate than the one that is pinned.',
  DRIFTLOG_HUB_CERTIFICATE: 'Nobody that this host trusts vouches for the certificate of the hub.',
  DRIFTLOG_PROTOCOL: 'Agent and hub do not speak the same version of the protocol.'
} as const
export type AgentErrorCode = keyof typeof AGENT_ERRORS

export class CodedError<Code extends string> extends Error {
  readonly code: Code

  constructor(code: Code, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = new.target.name
    this.code = code
  }
}

export class AgentError extends CodedError<AgentErrorCode> {}
