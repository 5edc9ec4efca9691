/** The names that secrets go by, and what is known of a value by its name. */
import type { Kind } from './redact.ts'
import type { Likeness } from './redact-values.ts'

const KEY_OF =
  'api|access|secret|private|encryption|encrypt|signing|sign|master|shared|account|storage|auth|license|subscription|ssh|primary|deploy|webhook|session|cookie|jwt|hmac|client|root|unseal|consumer|app|application|service|project|server|admin|publish|ingest|write|vault|crypto|cipher|des|aes|rsa|instrumentation|functions|host|security|dd|routing|integration'
const PASSWORD = 'passw(?:or)?[dt](?:[_-]?(?:confirm(?:ation)?|repeat|new|old|[12]))?'

/** Of an expression that ignores case. */
export const NAME = `${PASSWORD}|passphrase|passcode|pass[_-]word|pswd|kennwort|wachtwoord|mot[_-]?de[_-]?passe|senha|contrasena|mnemonic|(?:seed|recovery)[_-]?phrase|secret(?:[_-]?id)?|token|credentials?|authorization|cookie|session(?:[_-]?id)?|sessid|csrf|xsrf|saml(?:response|assertion)|psk|signature|secret_key_base|(?:${KEY_OF})[_-]?key|code|(?:code|oauth)[_-]?verifier|pass|pwd|pw|pin|cvv2?|cvc|[th]?otp|sig|sid|auth|jwt|key`

/** Ends of them, for the search of bytes. What stands before them is looked at by the exact rules. */
export const ENDINGS = [
  ...'password passwort passwd passphrase passcode pass pwd pw secret token credential credentials'.split(
    ' '
  ),
  ...'authorization auth key key_base cookie session sessionid session_id session-id sid sig'.split(' '),
  ...'signature jwt pin otp cvv cvv2 cvc psk csrf xsrf mnemonic phrase verifier samlresponse samlassertion'.split(
    ' '
  ),
  ...'secretid secret_id secret-id password1 password2 passwd1 passwd2 facode fa_code fa-code'.split(' '),
  ...'pcode p_code p-code oncode on_code on-code ycode y_code y-code mecode me_code me-code'.split(' '),
  ...'pass-word pass_word pswd kennwort wachtwoord passe senha contrasena'.split(' '),
  ...'gcode g_code kcode k_code torcode tor_code tor-code'.split(' '),
  ...'confirm confirmation repeat new old'
    .split(' ')
    .flatMap((word) => [`d${word}`, `d_${word}`, `d-${word}`])
]

const SHORT = /^(?:pass|pwd|pw|pin|cvv2?|cvc|[th]?otp|psk|sig|sid|auth|jwt|session|key|csrf|xsrf)$/i
const RANDOM =
  /^(?:sig|sid|auth|session|session[_-]?id|sessid|csrf|xsrf|saml(?:response|assertion)|signature|key|(?:code|oauth)[_-]?verifier)$/i
const OPAQUE = /^(?:secret[_-]?id|routing[_-]?key)$/i
/** Short numbers that are typed in. */
const CODE = /^(?:pin|[th]?otp|cvv2?|cvc|code)$/i
const TOKEN = /^(?:token|jwt|pin|[th]?otp|cvv2?|cvc|credentials?|authorization)$/i
/** Several words in a row. */
const PHRASE = /phrase$|^mnemonic$/i

export function likenessOf(name: string): Likeness {
  if (RANDOM.test(name)) return 'random'
  if (OPAQUE.test(name)) return 'opaque'
  if (CODE.test(name)) return 'code'
  if (PHRASE.test(name)) return 'phrase'
  return TOKEN.test(name) ? 'token' : 'word'
}

export function kindOf(likeness: Likeness): Kind {
  return likeness === 'word' || likeness === 'phrase' ? 'password' : 'token'
}

/** `dbpass`, `bindpw`, but not `bypass`. */
const COMPOUND =
  /(?:db|user|usr|root|admin|ldap|bind|store|key|cert|require|smtp|imap|mail|s?ftp|ssh|my|mysql|pg|psql|postgres|rpc|auth|http|proxy|redis|mongo|mqtt|amqp|login|master|repl|ssl|p12|jks|sudo|become|vnc|wpa|wifi|web|svc|service|app|guest|enc|unlock)$/i

/** Before `code`, which alone is anything. In NAME itself it would make every search three times as slow. */
const CODE_OF =
  /(?:mfa|2fa|tfa|[th]?otp|verification|authentication|confirmation|activation|recovery|backup|security|one[_-]?time|(?:two|second|2)[_-]?factor|pairing|unlock)[_-]?$/i

/** False where a short name is only the end of a word: `userPass`, `DB_PWD`, `pin`, but not `bypass`. */
export function isName(text: string, at: number, name: string): boolean {
  if (/^code$/i.test(name)) return CODE_OF.test(text.slice(Math.max(0, at - 16), at))
  if (!SHORT.test(name)) return true
  const before = text[at - 1] ?? ' '
  if (!/[A-Za-z]/.test(before)) return true
  if (/[a-z]/.test(before) && /[A-Z]/.test(text[at] ?? '') && /[a-z]/.test(text[at + 1] ?? '')) return true
  return /^p(?:ass|wd?)$/i.test(name) && COMPOUND.test(text.slice(Math.max(0, at - 16), at))
}
