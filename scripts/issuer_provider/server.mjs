// An OpenID Connect issuer for tests: oidc-provider, and beside it /test/..., by which a test says who there is and what goes
// wrong. What it holds is in a file, so that it is there again after a kill.
// Usage: node server.mjs FOLDER PORT PORT_OF_NAME, where FOLDER has server.pem and server.key, and clients come by the last port.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { join } from 'node:path';

import { SignJWT, exportJWK, generateKeyPair, importJWK } from 'jose';
import Provider from 'oidc-provider';

const [folder, port, portOfName] = process.argv.slice(2);
const issuer = `https://127.0.0.1:${portOfName}`;
const file = join(folder, 'state.json');

// entries: what oidc-provider keeps, by model and id; accounts: claims by name; seconds: lifetimes; keys: the first of each
// kind signs.
let state = { entries: {}, accounts: {}, seconds: {}, keys: [] };
try {
  state = JSON.parse(readFileSync(file, 'utf8'));
} catch (error) {
  if (error.code !== 'ENOENT') throw error;
}

function save() {
  writeFileSync(`${file}.new`, JSON.stringify(state));
  renameSync(`${file}.new`, file);
}

const now = () => Math.floor(Date.now() / 1000);

class Entries {
  constructor(model) {
    this.model = model;
  }

  async upsert(id, payload, seconds) {
    state.entries[`${this.model}:${id}`] = { payload, until: seconds ? now() + seconds : null };
    save();
  }

  async find(id) {
    const entry = state.entries[`${this.model}:${id}`];
    return entry && (entry.until === null || entry.until > now()) ? entry.payload : undefined;
  }

  async findByUid(uid) {
    const of = (key) => key.startsWith(`${this.model}:`);
    const found = Object.entries(state.entries).find(([key, { payload }]) => of(key) && payload.uid === uid);
    return found && this.find(found[0].slice(this.model.length + 1));
  }

  async findByUserCode() {
    return undefined;
  }

  async consume(id) {
    state.entries[`${this.model}:${id}`].payload.consumed = now();
    save();
  }

  async destroy(id) {
    delete state.entries[`${this.model}:${id}`];
    save();
  }

  async revokeByGrantId(grant) {
    for (const [key, { payload }] of Object.entries(state.entries)) {
      if (key.startsWith(`${this.model}:`) && payload.grantId === grant) delete state.entries[key];
    }
    save();
  }
}

async function newKeys() {
  const made = [];
  for (const algorithm of ['RS256', 'ES256']) {
    const { privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const kid = `${algorithm}-${state.keys.length + made.length}-${Date.now()}`;
    made.push({ ...(await exportJWK(privateKey)), kid, alg: algorithm, use: 'sig' });
  }
  return made;
}

if (state.keys.length === 0) {
  state.keys = await newKeys();
  save();
}

const seconds = (name, otherwise) => () => state.seconds[name] ?? otherwise;

function makeProvider() {
  const provider = new Provider(issuer, {
    adapter: Entries,
    jwks: { keys: state.keys },
    cookies: { keys: ['a cookie of the tests'] },
    claims: {
      openid: ['sub'],
      email: ['email', 'email_verified'],
      profile: ['name'],
      groups: ['groups'],
    },
    scopes: ['openid', 'offline_access', 'email', 'profile', 'groups'],
    conformIdTokenClaims: false,
    clientDefaults: { grant_types: ['authorization_code', 'refresh_token'], response_types: ['code'] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    pkce: { required: () => true },
    // As Cognito and Keycloak do, without asking for consent.
    issueRefreshToken: async (context, client) => client.grantTypeAllowed('refresh_token'),
    expiresWithSession: async () => false,
    rotateRefreshToken: true,
    findAccount: async (context, id) => ({
      accountId: id,
      claims: async () => ({ sub: id, ...state.accounts[id] }),
    }),
    loadExistingGrant: async (context) => {
      const grant = new provider.Grant({
        accountId: context.oidc.session.accountId,
        clientId: context.oidc.client.clientId,
      });
      grant.addOIDCScope('openid offline_access email profile groups');
      grant.addResourceScope('urn:astroshield-api', 'openid');
      await grant.save();
      return grant;
    },
    extraTokenClaims: async (context, token) => ({ groups: state.accounts[token.accountId]?.groups ?? [] }),
    ttl: {
      AccessToken: seconds('AccessToken', 600),
      AuthorizationCode: seconds('AuthorizationCode', 60),
      IdToken: seconds('IdToken', 600),
      RefreshToken: seconds('RefreshToken', 3600),
      Interaction: 600,
      Session: 3600,
      Grant: 3600,
    },
    features: {
      devInteractions: { enabled: true },
      revocation: { enabled: true },
      rpInitiatedLogout: { enabled: true },
      resourceIndicators: {
        enabled: true,
        defaultResource: async () => 'urn:astroshield-api',
        useGrantedResource: async () => true,
        getResourceServerInfo: async () => ({
          scope: 'openid',
          audience: 'astroshield-api',
          accessTokenFormat: 'jwt',
          accessTokenTTL: seconds('AccessToken', 600)(),
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });
  return provider;
}

let answer = makeProvider().callback();
let requests = {};

const routes = {
  // {"ada": {"groups": ["astroshield:local:viewer"], "email": "ada@example.org", "email_verified": true}}
  accounts: async (body) => {
    Object.assign(state.accounts, body);
    save();
  },
  // Metadata of a client, by the names of OpenID Connect Dynamic Client Registration.
  client: async (body) => {
    await new Entries('Client').upsert(body.client_id, body);
  },
  // {"AccessToken": 5}
  seconds: async (body) => {
    Object.assign(state.seconds, body);
    save();
    answer = makeProvider().callback();
  },
  // New keys sign; {"keep": true} keeps those before.
  rotate: async (body) => {
    const made = await newKeys();
    state.keys = body.keep ? [...made, ...state.keys] : made;
    save();
    answer = makeProvider().callback();
  },
  // A token as asked for, signed by the first key of its algorithm: {"alg": "RS256", "header": {}, "claims": {}}.
  token: async ({ alg, header, claims }) => {
    const key = state.keys.find((one) => one.alg === alg);
    const token = new SignJWT({ iss: issuer, iat: now(), exp: now() + 600, ...claims });
    return { token: await token.setProtectedHeader({ alg, kid: key.kid, ...header }).sign(await importJWK(key, alg)) };
  },
  // The refresh token that an account was given last: what a thief would have.
  stolen: async ({ account }) => {
    const of = ([key, { payload }]) => key.startsWith('RefreshToken:') && payload.accountId === account;
    const tokens = Object.entries(state.entries).filter(of);
    return { tokens: tokens.map(([key, { payload }]) => ({ token: key.slice('RefreshToken:'.length), used: !!payload.consumed })) };
  },
  // How often each path was asked for since the last time.
  requests: async () => {
    const counted = requests;
    requests = {};
    return counted;
  },
};

async function control(name, request, response) {
  let text = '';
  for await (const chunk of request) text += chunk;
  try {
    const result = await routes[name](text ? JSON.parse(text) : {});
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(result ?? {}));
  } catch (error) {
    response.writeHead(500).end(String(error.stack));
  }
}

const tls = { cert: readFileSync(join(folder, 'server.pem')), key: readFileSync(join(folder, 'server.key')) };
createServer(tls, (request, response) => {
  const path = request.url.split('?')[0];
  if (path.startsWith('/test/')) {
    control(path.slice('/test/'.length), request, response);
    return;
  }
  requests[path] = (requests[path] ?? 0) + 1;
  answer(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log(`issuer ${issuer}`));
