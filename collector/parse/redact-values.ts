/** Whether what stands behind the name of a secret is a secret, or tells something about one. */

/**
 * Password and the like may be any word, a phrase several, a token is never a short number, a signature always looks
 * random; what is opaque does so at length, and a code is digits.
 */
export type Likeness = 'word' | 'phrase' | 'token' | 'random' | 'opaque' | 'code'

/** A value in quotes. */
export function isSecretText(value: string, likeness: Likeness): boolean {
  const text = value.trim()
  if (likeness === 'code') return isCode(text)
  if (/[ \t]/.test(text))
    return likeness !== 'random' && likeness !== 'opaque' && !SENTENCE.test(text) && !isPlaceholder(text)
  return isSecretWord(text, likeness)
}

/** A value without quotes; `prose` says that a blank stands before it, `rest` is what follows. */
export function isSecretBare(value: string, likeness: Likeness, prose: boolean, rest: string): boolean {
  if (likeness === 'code') return isCode(value)
  if (!isSecretWord(value, likeness) || rest.startsWith('(')) return false
  // Pairs that tell about it: `credentials: provider=vault`.
  if (prose && /^[A-Za-z_]\w{0,40}=[^=]/.test(value)) return false
  // A plain word in the middle of a sentence: `Invalid token: unexpected end of input`.
  return !(
    prose &&
    /^[A-Za-z\x80-\xff][a-z\x80-\xff'-]*[.,:;!?]?$/.test(value) &&
    /^[ \t]+(?:\d{1,4}[ \t]+)?[a-z(\x80-\xff]/i.test(rest)
  )
}

/** Digits that are typed in, or a longer code of both. */
export function isCode(value: string): boolean {
  return (
    /^\d{3,8}[.,;]?$/.test(value) ||
    /^\d{3}[ -]\d{3}$/.test(value) ||
    (isRandom(value) && /^[\w-]+$/.test(value))
  )
}

/** `correct horse battery staple`, but no sentence about one. */
export function isPhrase(text: string): boolean {
  const words = text.trim().split(/[ \t]+/)
  return (
    words.length >= 3 &&
    words.length <= 24 &&
    words.every((word) => /^[A-Za-z\x80-\xff][a-z\x80-\xff'-]{1,24}$/.test(word)) &&
    !SENTENCE.test(text) &&
    !words.some((word) => ABOUT.has(word.toLowerCase()))
  )
}

function isSecretWord(value: string, likeness: Likeness): boolean {
  const bare = value.replace(/[.,:;!?)]{1,8}$/, '')
  if (bare === '' || !/[A-Za-z0-9\x80-\xff]/.test(bare)) return false
  if (isPlaceholder(bare) || ABOUT.has(bare.toLowerCase())) return false
  if (isElsewhere(bare)) return false
  if (likeness === 'random') return isRandom(bare)
  if (likeness === 'opaque') return bare.length >= 24 && isRandom(bare) && /^[\w+/=-]+$/.test(bare)
  if (likeness === 'token' && /^[A-Za-z]?[a-z]{1,15}$|^[A-Za-z_]+(?:\.[A-Za-z_]+)+$/.test(bare)) return false
  if (likeness === 'token')
    return !/^(?:\d{1,5}|\d{1,6}(?:\.\d+)?(?:ms|s|%|k|kb|mb)?)$/i.test(bare) && bare.length > 2
  return true
}

/** Says where the secret is, of which type, or whose: a path, a call, a variable, an id of a key. */
function isElsewhere(value: string): boolean {
  return (
    /^(?:\/[\w.@-]{1,64}){2,32}\/?$|^(?:\.{1,2}|~)(?:\/[\w.@-]{1,64}){1,32}\/?$|^[A-Z]:\\/.test(value) ||
    /^[A-Za-z_][\w.]{0,64}\(/.test(value) ||
    /^(?:self|this|process|os|req|request|config|ctx|args|env|props|var|local|module|secrets|settings)\./.test(
      value
    ) ||
    /^(?:[A-Za-z_]\w{0,64}\.){1,8}\w{0,64}(?:password|passwd|secret|token|key)$/i.test(value) ||
    /^(?:[a-zA-Z_]\w{0,64}\.){2,8}[A-Z][a-z]\w{0,64}(?:@[\da-f]{1,8})?$/.test(value) ||
    /^(?:file|env|vault|ssm|op|secret|secretsmanager|keyring|arn|kms|awskms):[/\w]/i.test(value) ||
    /^(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}(?:$|\/|%2F)/.test(value)
  )
}

/** Digits among letters, or both cases not as in a word: what nobody types as a word. */
export function isRandom(value: string): boolean {
  if (value.length < 8) return false
  // The parts of a name: `list:page:2`.
  if (/^[a-z_-]+(?::[a-z_-]+)*(?::\d{1,9})?$/i.test(value) && value.includes(':')) return false
  const digits = /\d/.test(value)
  const letters = /[A-Za-z]/.test(value)
  if (digits && letters) return !/^v?\d[\d.]*(?:[a-z]+\d*)?$/i.test(value) && !/^\d{4}-\d\d-\d\d/.test(value)
  return /[a-z][A-Z][a-zA-Z]*[A-Z]/.test(value) || (digits && value.length >= 16)
}

function isPlaceholder(value: string): boolean {
  return (
    /^[*•xX.?_#-]{3,}$/.test(value) ||
    /^[*]+$/.test(value) ||
    /^(?:<|\[|\$\{|\$\(|\$(?:[A-Z_]+|\d{1,3})$|:[a-z_]\w*$|@p\d{1,3}$|!(?:Ref|Sub|GetAtt|ImportValue|Join|vault|reference|secret)$|&(?:str|String|mut)$|%[sdvq@(]|%\w+%$|\{\{|\{\w*\}$|#\{|@@)/.test(
      value
    ) ||
    /^\((?:sensitive|known|hidden|none|null|not|empty|unset|masked|default|optional|from|see|using|unchanged|write-only)\b/i.test(
      value
    ) ||
    /^\(?\[?(?:redacted|masked|hidden|filtered|removed|scrubbed|obfuscated|sanitized|omitted)\]?\)?$/i.test(
      value
    )
  )
}

/** How messages of validation and errors begin. */
const SENTENCE =
  /^(?:is|are|was|were|be|must|should|shall|may|might|can|cannot|can't|could|has|have|had|does|did|do|don't|too|not|no|missing|invalid|incorrect|wrong|required|expired|bad|please|the|your|this|that|a|an|unexpected|failed|failure|unable|at|min|minimum|max|maximum|should|field|value|needs|need|only|cannot|error|for|from|in|of|and|or|to|with|on|by|if|when|enter|repeat|confirm|forgot|forgotten|choose|passwort|kennwort|neues|altes|mot de passe|mindestens|must|new|old|current|reset|changed|updated|empty|blank|password|passwords|token|tokens|secret|user)\b/i

/** What is said about secrets, or stands where one would be. */
const ABOUT = new Set(
  Buffer.from(
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
  deprecated obsolete legacy temporary temp permanent standard custom wpa wpa2 wpa3 test pass passed passwordless hit miss hits misses same-origin
  include falsch ungültig abgelaufen fehlt erforderlich geändert gesetzt leer incorrecto chauthtok option varchar nvarchar secretstr passwort kennwort passord wachtwoord lozinka heslo senha salasana
  contraseña hasło lösenord adgangskode пароль パスワード 密码 密碼 비밀번호 apikey api-key`
  )
    .toString('latin1')
    .split(/\s+/)
)
