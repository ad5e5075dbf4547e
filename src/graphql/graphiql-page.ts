/** GraphiQL for a browser that comes to `/graphql`: one page that loads nothing from elsewhere. */
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { RequestHandler } from 'express';

/** The page is one document of some 9 MB with its scripts, styles and workers inside. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  'worker-src blob:',
  'img-src data:',
  'font-src data:',
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

interface GraphiqlPage {
  readonly compressed: Buffer;
  readonly entityTag: string;
}

/** Answers a GET that wants HTML with the page, and passes everything else on. The page is made when it is first asked for. */
export function serveGraphiql(): RequestHandler {
  let page: Promise<GraphiqlPage> | undefined;
  return async (request, response, next) => {
    if (request.method !== 'GET' || request.accepts(['json', 'html']) !== 'html') return next();
    page ??= makePage();
    const { compressed, entityTag } = await page;
    response.set({
      'content-security-policy': CONTENT_SECURITY_POLICY,
      'cache-control': 'no-cache',
      etag: entityTag,
      vary: 'accept, accept-encoding',
    });
    if (request.get('if-none-match') === entityTag) {
      response.status(304).end();
      return;
    }
    response.type('html');
    if (request.acceptsEncodings('gzip') === 'gzip') response.set('content-encoding', 'gzip').end(compressed);
    else response.end(await promisify(gunzip)(compressed));
  };
}

async function makePage(): Promise<GraphiqlPage> {
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = renderGraphiQL({
    ...{ title: 'Parley', endpoint: '/graphql', defaultQuery: WELCOME },
    subscriptionsProtocol: 'WS',
  });
  const compressed = await promisify(gzip)(html);
  const entityTag = `"${createHash('sha256').update(html).digest('base64url')}"`;
  return { compressed, entityTag };
}

const WELCOME = `# Log in first:
#
#   mutation {
#     login(input: { username: "admin", password: "..." }) {
#       accessToken
#       errors { code message }
#     }
#   }
#
# then put the token under Headers: { "authorization": "Bearer ..." }
query Me {
  me {
    id
    username
  }
}
`;
