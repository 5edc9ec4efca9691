import { expect, test } from 'vitest'
import { parse } from '../../../collector/query/grammar.ts'
import { matcher } from '../../../collector/query/match.ts'
import { type LogRecord, recordId } from '../../../collector/record.ts'

const instance = '9f3c0a1b2c3d4e5f'
const place = { instance, streamNumber: 0, generation: 2, offset: 4711 }
const RECORD: LogRecord = {
  id: recordId(place),
  time: 1_763_895_600_000_000_000n,
  receivedMs: 0,
  level: 'warn',
  output: 'stderr',
  flags: 0,
  text: '',
  origin: {
    instance,
    app: 'Orders',
    environment: 'prod',
    host: 'h-8f2e',
    hostName: 'ams-1.example',
    container: `0123456789ab${'c'.repeat(52)}`,
    containerName: 'orders-web-2',
    image: 'ghcr.io/acme/orders:1.2',
    stream: 'docker',
    streamNumber: 0
  },
  generation: place.generation,
  offset: place.offset
}

function matches(query: string, record: Partial<LogRecord> = {}): boolean {
  const parsed = parse(query)
  if (!parsed.ok) throw new Error(`${query}: ${parsed.error.message}`)
  return matcher(parsed.expression)({ ...RECORD, ...record })
}

/** Queries that match the record above, and queries that do not. */
const BUILT_INS: [yes: string[], no: string[]] = [
  [
    'app:orders',
    'app:ORDERS',
    'app:ord*',
    'app:*ders',
    'app:o*s',
    'app:/^Ord/',
    'app:*',
    'app=orders',
    '-app:web',
    'environment:prod',
    'env:prod',
    'host:ams-1.example',
    'host:h-8f2e',
    'host:ams-*',
    'host:*.example',
    '-host:ams-1',
    'instance:9f3c',
    'instance:9f3c0a1b2c3d4e5f',
    'container:orders-web-2',
    'container:0123456789ab',
    'container:orders-*',
    'image:ghcr.io/acme/orders:1.2',
    'image:*/orders:*',
    'image:"ghcr.io/acme/"*',
    'level:warn',
    'level:WARNING',
    'level>=warn',
    'level<error',
    'level:warn|error',
    'level:[info TO warn]',
    'level:info..fatal',
    'level:w*',
    '-level:info',
    'level:*',
    'level!=error',
    'level:(info OR warn)',
    'output:stderr',
    'stream:stderr',
    'stream:docker',
    'output:std*',
    'output:*',
    '-output:stdout',
    `id:${recordId(place)}`,
    'id:9f3c*',
    '',
    '*'
  ],
  [
    'app:order',
    'app:web',
    '-app:orders',
    'app:*x',
    'app!=orders',
    'environment:""',
    'host:ams-1',
    'instance:3c0a',
    'container:01',
    'container:web',
    'image:orders',
    'level:error',
    'level>warn',
    'level<warn',
    'level:[error TO fatal]',
    '-level:warn',
    'level:{warn TO fatal]',
    'output:stdout',
    'stream:/app/x.log',
    '-stream:docker',
    `id:${recordId({ ...place, offset: 1 })}`,
    '-*',
    'id:x'
  ]
]

test.each(BUILT_INS[0])('the record is found by %s', (query) => expect(matches(query)).toBe(true))
test.each(BUILT_INS[1])('the record is not found by %s', (query) => expect(matches(query)).toBe(false))

test('unknown is the lowest level', () => {
  expect(matches('level>=trace', { level: 'unknown' })).toBe(false)
  expect(matches('level<warn', { level: 'unknown' })).toBe(true)
  expect(matches('level:unknown', { level: 'unknown' })).toBe(true)
  expect(matches('level:*', { level: 'unknown' })).toBe(false)
})

test.each<[text: string, yes: string[], no: string[]]>([
  [
    'connect ECONNREFUSED 10.0.0.7:5432 read.timeout',
    [
      'timeout',
      '"connect econnrefused"',
      '10.0.0.7',
      'econn*',
      '/ECONN\\w+ \\d/',
      '/econn/i',
      'connect -error',
      '7:5432',
      'connect OR nothing'
    ],
    ['time', 'conn', '"connect 10"', '/econn/', '10.0.0.70', '-timeout', 'connect nothing']
  ],
  [
    '\x1b[31mERR\x1b[0mOR \x1b]8;;http://secret\x07link\x1b]8;;\x07',
    ['error', '"error link"', '/^ERROR link$/'],
    ['err', 'secret', '31mERR']
  ],
  ['用户登录失败 timeout', ['登录', '用户登录失败', '失败timeout', '"登录失败"'], ['用登', '登录户']],
  ['a => b 🔥 {', ['=>', '🔥', '{', '"=> b"', '"🔥 {"'], ['->', '🔥🔥']],
  ['\u212aelvin', ['\u212aelvin'], ['kelvin']],
  [
    '{"http":{"status":503,"method":"GET"},"took":12.50,"msg":"payment timeout for order 7","trace_id":"7f3a9c","tags":["eu","vip"],"at":"2026-11-23T10:00:00Z","big":9007199254740993,"level":"custom","empty":"","none":null,"ok":true,"fields":{"x":"y"}}',
    [
      'http.status:503',
      'http.status>=500',
      'http.status:[500 TO 599]',
      'http.status:500..599',
      'http.status:{502 TO *]',
      'http.status=503.0',
      'http.status<1000',
      'http.method:get',
      'http.method=get',
      'http.method:/^G/',
      'http.method:G*T',
      'http.method!=POST',
      'took>12',
      'took=12.5',
      'took:12.50',
      'msg:timeout',
      'msg:"payment timeout"',
      'msg:(timeout payment)',
      'msg:time*',
      'msg:"order 7"',
      '-msg:refused',
      'trace_id:7f3a*',
      'trace_id:*3a9*',
      'tags:vip',
      'tags:eu',
      'at>=2026-11-23T09:00',
      'at:2026-11-23*',
      'at:[2026-11-23 TO 2026-11-24]',
      'big=9007199254740993',
      'big>9007199254740992',
      '-big=9007199254740992',
      'fields.level:custom',
      'empty:""',
      'empty:*',
      'none:null',
      'ok:true',
      'fields.x:y',
      'http.status:(404 OR 503)',
      'http.status:404|503'
    ],
    [
      'http.status:50',
      'http.status>=504',
      'http.status:{503 TO 600]',
      'http.status>x',
      'status:503',
      'http.method=ge',
      'http.method:G*X',
      'http:*',
      'msg=timeout',
      'msg:"timeout payment"',
      'msg>5',
      'trace_id:3a*',
      'trace_id:7f3a',
      'level:custom*',
      'missing:*',
      'missing:""',
      'big<9007199254740993',
      'at<2026',
      'HTTP.status:503',
      'empty:x',
      'msg!=*'
    ]
  ],
  [
    'level=info msg="slow query" duration_ms=1250 user=ann',
    ['duration_ms>1000', 'msg:slow', 'user:ann', 'user=ANN', 'fields.level:info'],
    ['duration_ms>2000', 'user:an', 'msg=slow']
  ]
])('%s', (text, yes, no) => {
  for (const query of yes) expect(matches(query, { text }), query).toBe(true)
  for (const query of no) expect(matches(query, { text }), query).toBe(false)
})

test('patterns of any length are matched in time that grows with the text', () => {
  const text = `{"x":"${'a'.repeat(30_000)}"}`
  expect(matches(`x:${'*a'.repeat(400)}*b`, { text })).toBe(false)
  expect(matches(`x=${'a*'.repeat(400)}`, { text })).toBe(true)
})

test('a file is called by its path, whole or with stars, with or without what stands in front of it', () => {
  const record = { origin: { ...RECORD.origin, stream: 'file:/app/logs/audit.log', streamNumber: 1 } }
  for (const query of [
    '/app/logs/audit.log',
    '/app/logs/*',
    '*audit*',
    'file:*',
    '"file:/app/logs/audit.log"'
  ]) {
    expect(matches(`stream:${query}`, record), query).toBe(true)
  }
  for (const query of ['docker', 'audit.log', '/app', '/var/*']) {
    expect(matches(`stream:${query}`, record), query).toBe(false)
  }
  expect(matches('-stream:/app/logs/*', record)).toBe(false)
  expect(matches('stream:(stderr OR /app/logs/*)', record)).toBe(true)
})
