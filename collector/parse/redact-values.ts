/** Whether what stands behind the name of a secret is a secret, or tells something about one. */

/** Password and the like may be any word, a token is never a short number, a signature always looks random. */
export type Likeness = 'word' | 'token' | 'random'

/** A value in quotes. */
export function isSecretText(value: string, likeness: Likeness): boolean {
  const text = value.trim()
  if (/[ \t]/.test(text)) return likeness !== 'random' && !SENTENCE.test(text) && !isPlaceholder(text)
  return isSecretWord(text, likeness)
}

/** A value without quotes; `prose` says that a blank stands before it, `rest` is what follows. */
export function isSecretBare(value: string, likeness: Likeness, prose: boolean, rest: string): boolean {
  if (!isSecretWord(value, likeness) || rest.startsWith('(')) return false
  // Pairs that tell about it: `credentials: provider=vault`.
  if (prose && /^[A-Za-z_]\w{0,40}=[^=]/.test(value)) return false
  // A plain word in the middle of a sentence: `Invalid token: unexpected end of input`.
  return !(prose && /^[A-Za-z][a-z'-]*[.,:;!?]?$/.test(value) && /^[ \t]+[a-z(]/i.test(rest))
}

function isSecretWord(value: string, likeness: Likeness): boolean {
  const bare = value.replace(/[.,:;!?)]{1,8}$/, '')
  if (bare === '' || !/[A-Za-z0-9\x80-\xff]/.test(bare)) return false
  if (isPlaceholder(bare) || ABOUT.has(bare.toLowerCase())) return false
  if (/^(?:\/[\w.@-]{1,64}){2,32}\/?$/.test(bare) || /^[A-Z]:\\/.test(bare)) return false
  if (/^[A-Za-z_][\w.]{0,64}\(|^(?:self|this|process|os|req|request|config|ctx|args|env|props)\./.test(bare))
    return false
  if (likeness === 'random') return isRandom(bare)
  if (likeness === 'token' && /^[A-Za-z]?[a-z]{1,15}$/.test(bare)) return false
  if (likeness === 'token')
    return !/^(?:\d{1,5}|\d{1,6}(?:\.\d+)?(?:ms|s|%|k|kb|mb)?)$/i.test(bare) && bare.length > 2
  return true
}

/** Digits among letters, or both cases not as in a word: what nobody types as a word. */
export function isRandom(value: string): boolean {
  if (value.length < 8) return false
  const digits = /\d/.test(value)
  const letters = /[A-Za-z]/.test(value)
  if (digits && letters) return !/^v?\d[\d.]*(?:[a-z]+\d*)?$/i.test(value) && !/^\d{4}-\d\d-\d\d/.test(value)
  return /[a-z][A-Z][a-zA-Z]*[A-Z]/.test(value) || (digits && value.length >= 16)
}

function isPlaceholder(value: string): boolean {
  return (
    /^[*•xX.?_#-]{3,}$/.test(value) ||
    /^[*]+$/.test(value) ||
    /^(?:<|\[|\$\{|\$\(|\$[A-Z_]+$|%[sdvq@(]|%\w+%$|\{\{|\{\w*\}$|#\{|@@)/.test(value) ||
    /^\(?\[?(?:redacted|masked|hidden|filtered|removed|scrubbed|obfuscated|sanitized|omitted)\]?\)?$/i.test(
      value
    )
  )
}

/** How messages of validation and errors begin. */
const SENTENCE =
  /^(?:is|are|was|were|be|must|should|shall|may|might|can|cannot|can't|could|has|have|had|does|did|do|don't|too|not|no|missing|invalid|incorrect|wrong|required|expired|bad|please|the|your|this|that|a|an|unexpected|failed|failure|unable|at|min|minimum|max|maximum|should|field|value|needs|need|only|cannot|error|for|from|in|of|and|or|to|with|on|by|if|when|new|old|current|reset|changed|updated|empty|blank|password|passwords|token|tokens|secret|user)\b/i

/** What is said about secrets, or stands where one would be. */
const ABOUT = new Set(
  `true false null nil none undefined nan yes no on off empty blank unset set default unknown n/a na
  expired expires invalid incorrect wrong bad missing required optional mandatory valid ok okay accepted rejected
  denied failed failure fail success successful succeeded error mismatch mismatched match matched matches unmatched
  found notfound absent present provided given needed unauthorized unauthenticated authenticated authorized forbidden
  revoked refreshed refresh renewed rotated rotating rotation updated changed created deleted removed added generated
  issued reissued requested received sent loaded loading saved stored cached cleared reset resetting verified unverified
  verifying validated validating checking checked ignored skipped disabled enabled supported unsupported used unused
  reused active inactive locked unlocked weak strong short long tooshort toolong malformed corrupt corrupted unreadable
  encrypted decrypted hashed plain plaintext cleartext hidden masked redacted filtered string str text number int integer
  bool boolean object array bytes byte float any void type name value id key secret token password user username email
  basic bearer digest oauth oauth2 oidc saml ldap kerberos ntlm negotiate login anonymous md5 sha1 sha256 scram
  scram-sha-256 aws4-hmac-sha256 hawk escher trust peer ident cert gss hmac rsa jwt cookie session header query body file env environment vault
  config prompt stdin keychain keyring manual auto automatic public private primary secondary foreign unique index
  access read write admin guest root internal external local remote unexpected eof end begin start stop done pending
  waiting timeout retry exceeded limit quota rate limited too not in is for from of at the a an and or to with on by if
  please use see check enter your this that after before while when during because due via per unlimited never always
  new old current previous next last first second same different other another cannot could should must
  deprecated obsolete legacy temporary temp permanent standard custom test pass passed passwordless hit miss hits misses`.split(
    /\s+/
  )
)
