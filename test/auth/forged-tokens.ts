/** Tokens that look like those of somebody, and that no door may believe. */
import { createHmac, generateKeyPairSync, type KeyObject, sign as signWithKey } from 'node:crypto';
import { JWT_SECRET } from '../support/test-services.js';

export interface ForgedToken {
  readonly name: string;
  readonly token: string;
}

/** Whom a forger wants to be, and what they may have got hold of. */
export interface Booty {
  readonly userId: number;
  readonly organizationId: number;
  readonly otherOrganizationId: number;
  readonly tokenVersion: number;
  /** The login of an access token that is valid. */
  readonly loginId: string;
  /** The login of another user. */
  readonly otherLoginId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly apiKey: string;
}

type Json = Readonly<Record<string, unknown>>;
type Signer = (text: string) => string;

const HOUR_S = 3600;
const HEADER = { alg: 'HS256', typ: 'JWT' };

/** Everything a token can be wrong in, but for what only a database knows: see `forged-tokens.test.ts`. */
export function forgedTokens(booty: Booty): readonly ForgedToken[] {
  return [
    ...ofAlgorithms(booty),
    ...ofKeys(booty),
    ...ofClaims(booty),
    ...ofTimes(booty),
    ...ofForms(booty),
    ...ofOtherSecrets(booty),
  ];
}

function encode(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

function hmac(secret: string | KeyObject, hash = 'sha256'): Signer {
  return (text) => createHmac(hash, secret).update(text).digest('base64url');
}

/** Signed as the server signs. */
const rightly = hmac(JWT_SECRET);
const notAtAll: Signer = () => '';
const byAttacker = hmac('a secret of the attacker, of any length');

function jwt(header: unknown, payload: unknown, signer: Signer): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${signer(text)}`;
}

/** What the claims of a valid token are. */
function claimsOf({ userId, organizationId, tokenVersion, loginId }: Booty): Json {
  const now = Math.floor(Date.now() / 1000);
  const who = { sub: String(userId), org: organizationId, ver: tokenVersion, sid: loginId };
  return { ...who, iss: 'parley', aud: 'parley', iat: now, exp: now + 900 };
}

function ofAlgorithms(booty: Booty): ForgedToken[] {
  const claims = claimsOf(booty);
  const named = ['none', 'None', 'NONE', 'nOnE', 'none ', ' none', 'n\u043ene', '', null, 0, false, [], ['HS256'], {}];
  const [, , signature = ''] = booty.accessToken.split('.');
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ed = generateKeyPairSync('ed25519');
  const publicKey = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const asymmetric = (alg: string, key: KeyObject, hash: string | null): ForgedToken => ({
    name: `the algorithm ${alg}, by a key of the attacker`,
    token: jwt({ ...HEADER, alg }, claims, (text) => signWithKey(hash, Buffer.from(text), key).toString('base64url')),
  });
  return [
    ...named.map((alg) => ({
      name: `the algorithm ${JSON.stringify(alg)}, unsigned`,
      token: jwt({ ...HEADER, alg }, claims, notAtAll),
    })),
    { name: 'no algorithm, unsigned', token: jwt({ typ: 'JWT' }, claims, notAtAll) },
    { name: 'no algorithm, signed rightly', token: jwt({ typ: 'JWT' }, claims, rightly) },
    {
      name: 'the algorithm none with the signature of another token',
      token: jwt({ alg: 'none' }, claims, () => signature),
    },
    {
      name: 'HS384 with the right secret',
      token: jwt({ ...HEADER, alg: 'HS384' }, claims, hmac(JWT_SECRET, 'sha384')),
    },
    {
      name: 'HS512 with the right secret',
      token: jwt({ ...HEADER, alg: 'HS512' }, claims, hmac(JWT_SECRET, 'sha512')),
    },
    { name: 'HS256 in small letters', token: jwt({ ...HEADER, alg: 'hs256' }, claims, rightly) },
    { name: 'HS512 in the header and HS256 in truth', token: jwt({ ...HEADER, alg: 'HS512' }, claims, rightly) },
    asymmetric('RS256', rsa.privateKey, 'sha256'),
    asymmetric('ES256', ec.privateKey, 'sha256'),
    asymmetric('EdDSA', ed.privateKey, null),
    { name: 'HS256 with a public key for a secret', token: jwt(HEADER, claims, hmac(publicKey)) },
    {
      name: 'RS256 in the header and HS256 in truth',
      token: jwt({ ...HEADER, alg: 'RS256' }, claims, hmac(publicKey)),
    },
  ];
}

function ofKeys(booty: Booty): ForgedToken[] {
  const claims = claimsOf(booty);
  const jwk = { kty: 'oct', k: encode('a secret of the attacker, of any length'), alg: 'HS256' };
  const hints: readonly (readonly [string, Json])[] = [
    ['kid of an empty file', { kid: '../../../../dev/null' }],
    ['kid with SQL', { kid: "' union select 'x' --" }],
    ['kid with a command', { kid: '| id' }],
    ['kid that is an object', { kid: { $ne: null } }],
    ['kid that is an address', { kid: 'https://attacker.example/key' }],
    ['jku of the attacker', { jku: 'https://attacker.example/jwks.json' }],
    ['x5u of the attacker', { x5u: 'https://attacker.example/cert.pem' }],
    ['x5c of the attacker', { x5c: [encode('a certificate')] }],
    ['jwk of the attacker', { jwk }],
    ['zip', { zip: 'DEF' }],
    ['an encryption', { enc: 'A128GCM', alg: 'dir' }],
  ];
  const secrets = [
    '',
    ' ',
    'secret',
    'change_in_production',
    'null',
    'undefined',
    JWT_SECRET.slice(0, -1),
    `${JWT_SECRET} `,
  ];
  return [
    ...hints.map(([name, header]) => ({ name, token: jwt({ ...HEADER, ...header }, claims, byAttacker) })),
    ...hints.slice(0, 1).map(([name, header]) => ({
      name: `${name}, signed by nothing`,
      token: jwt({ ...HEADER, ...header }, claims, hmac('')),
    })),
    ...secrets.map((secret) => ({
      name: `the secret ${JSON.stringify(secret)}`,
      token: jwt(HEADER, claims, hmac(secret)),
    })),
    { name: 'the secret in base64', token: jwt(HEADER, claims, hmac(encode(JWT_SECRET))) },
  ];
}

/** Signed rightly, as another program could that has the same secret, or an older version of this one. */
function ofClaims(booty: Booty): ForgedToken[] {
  const claims = claimsOf(booty);
  const without = (claim: string) => Object.fromEntries(Object.entries(claims).filter(([name]) => name !== claim));
  const { userId, organizationId, otherOrganizationId, tokenVersion, otherLoginId } = booty;
  const others: readonly Json[] = [
    ...['other', '', 'parley ', 'PARLEY', ['other'], [], {}, null, 0].map((aud) => ({ aud })),
    ...['other', '', 'parley.example', ['other'], [], {}, null, 0].map((iss) => ({ iss })),
    ...[String(userId + 1000), '', '0', '-1', '1.5', `${userId}e0`, ` ${userId}`, `0${userId}`, `0x${userId}`].map(
      (sub) => ({ sub }),
    ),
    ...['9'.repeat(400), 'admin', userId, [String(userId)], {}, null, true].map((sub) => ({ sub })),
    ...[otherOrganizationId, null, 0, -1, 1.5, String(organizationId), [organizationId], {}, true].map((org) => ({
      org,
    })),
    ...[tokenVersion - 1, tokenVersion + 1, String(tokenVersion), tokenVersion + 0.5, null, [tokenVersion], true].map(
      (ver) => ({ ver }),
    ),
    ...[otherLoginId, '00000000-0000-0000-0000-000000000000', 'no uuid', '', "'; --", 5, null, [], {}].map((sid) => ({
      sid,
    })),
  ];
  return [
    ...others.map((other) => ({
      name: `the claim ${JSON.stringify(other).replace(otherLoginId, 'of another login').slice(0, 60)}`,
      token: jwt(HEADER, { ...claims, ...other }, rightly),
    })),
    ...Object.keys(claims).map((claim) => ({
      name: `no claim ${claim}`,
      token: jwt(HEADER, without(claim), rightly),
    })),
    { name: 'no claims', token: jwt(HEADER, {}, rightly) },
    {
      name: 'a platform admin of their own making',
      token: jwt(HEADER, { ...claims, org: null, platformAdmin: true }, rightly),
    },
  ];
}

function ofTimes(booty: Booty): ForgedToken[] {
  const claims = claimsOf(booty);
  const now = Math.floor(Date.now() / 1000);
  const times: readonly (readonly [string, Json])[] = [
    ['over for a second', { exp: now - 1 }],
    ['over for an hour', { iat: now - HOUR_S, exp: now - HOUR_S }],
    ['over since the beginning of time', { exp: 0 }],
    ['over before that', { exp: -1 }],
    ['an end that is text', { exp: String(now + HOUR_S) }],
    ['an end that is null', { exp: null }],
    ['an end in milliseconds', { exp: (now + 900) * 1000 }],
    ['valid for a year', { exp: now + 365 * 24 * HOUR_S }],
    ['not yet valid', { nbf: now + HOUR_S }],
    ['not yet valid in text', { nbf: String(now + HOUR_S) }],
    ['made in an hour', { iat: now + HOUR_S, exp: now + 2 * HOUR_S }],
    ['made long ago and valid still', { iat: now - 30 * 24 * HOUR_S, exp: now + 900 }],
    ['made at a time that is text', { iat: String(now) }],
  ];
  return times.map(([name, other]) => ({ name, token: jwt(HEADER, { ...claims, ...other }, rightly) }));
}

function ofForms(booty: Booty): ForgedToken[] {
  const { accessToken } = booty;
  const [header = '', payload = '', signature = ''] = accessToken.split('.');
  const claims = claimsOf(booty);
  const other = encode({ ...claims, sub: String(booty.userId + 1) });
  // The last character of 32 bytes in base64 has two bits to spare.
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet[alphabet.indexOf(signature.slice(-1)) ^ 1] ?? '';
  const first = signature.startsWith('A') ? 'B' : 'A';
  const texts: readonly (readonly [string, string])[] = [
    ['the header alone', header],
    ['header and claims alone', `${header}.${payload}`],
    ['header and claims with a dot behind', `${header}.${payload}.`],
    ['half of the signature', `${header}.${payload}.${signature.slice(0, 20)}`],
    ['no header', `.${payload}.${signature}`],
    ['nothing between the dots', `${header}..${signature}`],
    ['the signature alone', `..${signature}`],
    ['two dots', '..'],
    ['many dots', '.'.repeat(5000)],
    ['a dot before', `.${accessToken}`],
    ['a dot behind', `${accessToken}.`],
    ['a part too many', `${accessToken}.${signature}`],
    ['five parts, as if it were encrypted', `${header}.${payload}.${signature}.${payload}.${signature}`],
    ['other claims under the same signature', `${header}.${other}.${signature}`],
    ['another first character of the signature', `${header}.${payload}.${first}${signature.slice(1)}`],
    ['another last bit of the signature', `${header}.${payload}.${signature.slice(0, -1)}${last}`],
    ['a signature that is filled up', `${accessToken}=`],
    [
      'a signature in the other base64',
      jwt(HEADER, claims, (text) => createHmac('sha256', JWT_SECRET).update(text).digest('base64')),
    ],
    [
      'a signature in hexadecimal',
      jwt(HEADER, claims, (text) => createHmac('sha256', JWT_SECRET).update(text).digest('hex')),
    ],
    ['the token twice', accessToken + accessToken],
    ['the token in base64', encode(accessToken)],
    ['claims that are a list', jwt(HEADER, [claims], rightly)],
    ['claims that are a text', jwt(HEADER, JSON.stringify('parley'), rightly)],
    ['claims that are null', jwt(HEADER, 'null', rightly)],
    ['claims that are no JSON', jwt(HEADER, '{"sub":', rightly)],
    ['a header that is a list', jwt([HEADER], claims, rightly)],
    ['a header that is no JSON', jwt('{"alg":"HS256"', claims, rightly)],
    ['a header that is null', jwt('null', claims, rightly)],
    ['very many claims', jwt(HEADER, { ...claims, more: 'x'.repeat(8000) }, byAttacker)],
    ['very deep claims', jwt(HEADER, `${'['.repeat(2000)}${']'.repeat(2000)}`, byAttacker)],
    ['only letters', 'a'.repeat(10_000)],
    ['a word', 'null'],
    ['another word', 'undefined'],
    ['an object', '[object Object]'.replace(' ', '')],
    ['letters of another script', 'e\u00fcJ.\u00e4\u00f6.\u00fc'],
  ];
  return texts.map(([name, token]) => ({ name, token }));
}

/** Secrets of other kinds, and API keys that are none. */
function ofOtherSecrets({ refreshToken, apiKey, loginId }: Booty): ForgedToken[] {
  const texts: readonly (readonly [string, string])[] = [
    ['a refresh token', refreshToken],
    ['the id of a login', loginId],
    ['the beginning of an API key', 'parley_'],
    ['an API key of zeros', `parley_${'0'.repeat(32)}`],
    ['an API key but for its last character', apiKey.slice(0, -1)],
    ['an API key with a character too many', `${apiKey}x`],
    ['an API key in capital letters', apiKey.toUpperCase()],
    ['an API key without its beginning', apiKey.slice('parley_'.length)],
    ['an API key with another beginning', apiKey.replace('parley_', 'parley-')],
    ['the part of an API key that is shown', apiKey.slice(0, 12)],
    ['an API key with SQL', "parley_'or'1'='1"],
    ['an API key with a wildcard', 'parley_%'],
    ['a long API key', `parley_${'x'.repeat(10_000)}`],
  ];
  return texts.map(([name, token]) => ({ name, token }));
}
