// Signs in as an independent client library does it. Takes its task as JSON on stdin, prints what it saw as JSON.
import * as client from 'openid-client'
import { readFileSync } from 'node:fs'

const task = JSON.parse(readFileSync(0, 'utf8'))
const insecure = { execute: [client.allowInsecureRequests] }

async function codeRefused(promise) {
  try {
    await promise
  } catch (error) {
    return error.error ?? error.code ?? String(error)
  }
  return 'accepted'
}

async function signIn(config, parameters = {}) {
  const verifier = client.randomPKCECodeVerifier()
  const expected = { pkceCodeVerifier: verifier, expectedState: client.randomState(), expectedNonce: client.randomNonce() }
  const url = client.buildAuthorizationUrl(config, {
    redirect_uri: task.redirect_uri,
    scope: 'openid profile firm',
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state: expected.expectedState,
    nonce: expected.expectedNonce,
    ...parameters
  })
  const answer = await fetch(url, { redirect: 'manual', headers: { cookie: `onewindow_sso=${task.sso}` } })
  return { expected, callback: new URL(answer.headers.get('location')) }
}

const config = await client.discovery(new URL(task.issuer), task.client_id, task.secret, undefined, insecure)
const { expected, callback } = await signIn(config)
const tokens = await client.authorizationCodeGrant(config, callback, { ...expected, maxAge: 3600 })
const claims = tokens.claims()
const info = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const again = await client.refreshTokenGrant(config, tokens.refresh_token)
const reused = await codeRefused(client.refreshTokenGrant(config, tokens.refresh_token))
const family = await codeRefused(client.refreshTokenGrant(config, again.refresh_token))

const second = await signIn(config)
const other = await client.authorizationCodeGrant(config, second.callback, second.expected)
const codeReused = await codeRefused(client.authorizationCodeGrant(config, second.callback, second.expected))
const afterCode = await codeRefused(client.refreshTokenGrant(config, other.refresh_token))

const third = await signIn(config)
const revoked = await client.authorizationCodeGrant(config, third.callback, third.expected)
await client.tokenRevocation(config, revoked.refresh_token)
const afterRevocation = await codeRefused(client.refreshTokenGrant(config, revoked.refresh_token))

const fourth = await signIn(config)
const last = await client.authorizationCodeGrant(config, fourth.callback, fourth.expected)
const bye = client.buildEndSessionUrl(config, {
  id_token_hint: last.id_token, post_logout_redirect_uri: task.logout_uri, state: 'bye'
})
const left = await fetch(bye, { redirect: 'manual', headers: { cookie: `onewindow_sso=${task.sso}` } })
const afterLogout = await codeRefused(client.refreshTokenGrant(config, last.refresh_token))
const silent = await signIn(config, { prompt: 'none' })

const machine = await client.discovery(new URL(task.issuer), task.machine_id, task.machine_secret, undefined, insecure)
const own = await client.clientCredentialsGrant(machine, { scope: 'onewindow' })
const tooMuch = await codeRefused(client.clientCredentialsGrant(machine, { scope: 'everything' }))

console.log(JSON.stringify({
  claims, info, access_token: tokens.access_token, refreshed: again.access_token !== tokens.access_token,
  reused, family, codeReused, afterCode, afterRevocation,
  left: left.headers.get('location'), afterLogout, silent: silent.callback.searchParams.get('error'),
  machine: own.access_token, tooMuch
}))
